#include "daemon/statistics.h"

#include <fcntl.h>

#include <chrono>
#include <utility>

#include "base/strings.h"
#include "daemon/object_paths.h"
#include "os/cgroup.h"
#include "os/cgroup_stats.h"
#include "os/file.h"

namespace ambit::daemon {
namespace {

constexpr std::size_t kMaxFileBytes = 65536;

std::uint64_t monotonic_usec() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::uint64_t total(const std::vector<os::BlockIoCount>& counts, std::string_view operation) {
  std::uint64_t sum = 0;
  for (const os::BlockIoCount& count : counts)
    if (count.operation == operation) sum += count.value;
  return sum;
}

// "  eth0: RECEIVED packets errs drop fifo frame compressed multicast SENT ..." (proc(5)).
void add_network(const engine::Container& container, Statistics& statistics) {
  // The host's own figures are nobody's in particular.
  if (container.record.options.network == "host" || container.run.main_pid <= 0) return;
  constexpr std::size_t kReceived = 0;
  constexpr std::size_t kSent = 8;
  const auto text = os::read_file_at(
      AT_FDCWD, strf("/proc/%d/net/dev", static_cast<int>(container.run.main_pid)), kMaxFileBytes);
  if (!text) return;
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  for (const std::string& line : split(*text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || trim(line.substr(0, colon)) == "lo") continue;
    std::vector<std::uint64_t> numbers;
    for (const std::string& word : split(line.substr(colon + 1), ' '))
      if (const auto number = parse_uint(word)) numbers.push_back(*number);
    if (numbers.size() <= kSent) continue;
    received += numbers[kReceived];
    sent += numbers[kSent];
  }
  statistics["NetworkReceivedBytes"].value = received;
  statistics["NetworkSentBytes"].value = sent;
}

}  // namespace

Result<Statistics> read_statistics(const engine::Engine& engine,
                                   const engine::Container& container) {
  constexpr std::uint64_t kNsecInUsec = 1000;
  const std::string& name = container.record.name;
  if (container.run.control_group.empty())
    return Error(ErrorCode::NotRunning,
                 "container " + name + " is " + engine::to_string(container.run.state));
  const UniqueFd cgroup = AMBIT_TRY(os::open_cgroup(container.run.control_group).context(name));
  const os::CgroupStats stats = AMBIT_TRY(os::read_cgroup_stats(cgroup.get()).context(name));
  Statistics statistics;
  const auto set = [&statistics](const char* key, std::uint64_t value) {
    statistics[key].value = value;
  };
  set("TimeUSec", monotonic_usec());
  set("CpuUSec", stats.cpu_total_nsec / kNsecInUsec);
  set("CpuUserUSec", stats.cpu_user_nsec / kNsecInUsec);
  set("CpuSystemUSec", stats.cpu_kernel_nsec / kNsecInUsec);
  // A limit is there wherever the controller is, "max" being one.
  if (stats.memory_limit_bytes > 0) {
    set("MemoryBytes", stats.memory_bytes);
    set("MemoryLimitBytes", stats.memory_limit_bytes);
  }
  std::uint64_t processes = stats.pids;
  if (processes == 0) processes = AMBIT_TRY(engine.processes(container.record.id)).size();
  set("Processes", processes);
  if (stats.pids_limit > 0) set("ProcessLimit", stats.pids_limit);
  if (!stats.io_bytes.empty()) {
    set("IoReadBytes", total(stats.io_bytes, "Read"));
    set("IoWriteBytes", total(stats.io_bytes, "Write"));
  }
  add_network(container, statistics);
  return statistics;
}

Result<std::vector<StatisticsRow>> read_statistics(const engine::Engine& engine,
                                                   const std::vector<std::string>& names) {
  std::vector<const engine::Container*> chosen;
  for (const std::string& name : names) chosen.push_back(AMBIT_TRY(engine.find(name)));
  if (names.empty())
    for (const auto& [id, container] : engine.containers()) chosen.push_back(container.get());
  std::vector<StatisticsRow> rows;
  for (const engine::Container* container : chosen) {
    auto statistics = read_statistics(engine, *container);
    if (!statistics && !names.empty() && statistics.error().code() == ErrorCode::NotRunning)
      return std::move(statistics).error();
    if (!statistics) continue;
    rows.emplace_back(bus::ObjectPath{container_path(container->record.id)}, container->record.name,
                      *std::move(statistics));
  }
  return rows;
}

}  // namespace ambit::daemon
