#include <fcntl.h>
#include <unistd.h>

#include "base/strings.h"
#include "oci/commands.h"
#include "oci/launch.h"
#include "oci/status.h"
#include "os/file.h"

namespace ambit::oci {
namespace {

constexpr std::size_t kMaxResourcesBytes = std::size_t{1} << 20;

Options::Take take_number(std::optional<std::int64_t>& value, const char* name) {
  return [&value, name](const std::string& text) -> Result<void> {
    value = AMBIT_TRY(parse_int(text).context(name));
    return {};
  };
}

// "512m": a number of bytes with a unit of powers of 1024; -1 is no limit.
Options::Take take_bytes(std::optional<std::int64_t>& value, const char* name) {
  return [&value, name](const std::string& text) -> Result<void> {
    std::string digits = to_lower(text);
    if (digits.size() > 1 && digits.back() == 'b') digits.pop_back();
    constexpr std::string_view kUnits = "kmgt";
    int shift = 0;
    if (!digits.empty() && kUnits.find(digits.back()) != std::string_view::npos) {
      shift = 10 * (static_cast<int>(kUnits.find(digits.back())) + 1);
      digits.pop_back();
    }
    const std::int64_t number = AMBIT_TRY(parse_int(digits).context(name));
    if (number > (INT64_MAX >> shift) || (number < 0 && shift != 0) || number < -1)
      return Error(ErrorCode::InvalidArgument, std::string(name) + "=" + text);
    value = number < 0 ? number : number << shift;
    return {};
  };
}

struct Update {
  std::string file;
  spec::Resources resources;
  spec::MemoryLimits memory;
  spec::CpuLimits cpu;
  spec::BlockIoLimits block_io;
  Options options;

  Update() {
    options.text("resources", 'r', file)
        .value("memory", 0, take_bytes(memory.limit_bytes, "--memory"))
        .value("memory-reservation", 0,
               take_bytes(memory.reservation_bytes, "--memory-reservation"))
        .value("memory-swap", 0, take_bytes(memory.swap_bytes, "--memory-swap"))
        .value("cpu-share", 0, take_number(cpu.shares, "--cpu-share"))
        .value("cpu-quota", 0, take_number(cpu.quota_usec, "--cpu-quota"))
        .value("cpu-period", 0, take_number(cpu.period_usec, "--cpu-period"))
        .value("cpu-burst", 0, take_number(cpu.burst_usec, "--cpu-burst"))
        .value("cpu-idle", 0, take_number(cpu.idle, "--cpu-idle"))
        .value("cpu-rt-runtime", 0, take_number(cpu.realtime_runtime_usec, "--cpu-rt-runtime"))
        .value("cpu-rt-period", 0, take_number(cpu.realtime_period_usec, "--cpu-rt-period"))
        .text("cpuset-cpus", 0, cpu.cpus)
        .text("cpuset-mems", 0, cpu.mems)
        .value("pids-limit", 0, take_number(resources.pids_limit, "--pids-limit"))
        .value("blkio-weight", 0, take_number(block_io.weight, "--blkio-weight"));
  }

  bool sets_memory() const {
    return memory.limit_bytes || memory.reservation_bytes || memory.swap_bytes;
  }
  bool sets_cpu() const {
    return cpu.shares || cpu.quota_usec || cpu.period_usec || cpu.burst_usec || cpu.idle ||
           cpu.realtime_runtime_usec || cpu.realtime_period_usec || !cpu.cpus.empty() ||
           !cpu.mems.empty();
  }
};

Result<spec::Resources> read_resources(const std::string& file) {
  if (file != "-") {
    const std::string text = AMBIT_TRY(os::read_given_file(file, kMaxResourcesBytes));
    return spec::parse_resources(text).context(file);
  }
  const std::string text = AMBIT_TRY(os::read_all(STDIN_FILENO, kMaxResourcesBytes));
  return spec::parse_resources(text).context("standard input");
}

}  // namespace

Result<int> run_update(const Context& context, const Arguments& arguments) {
  Update update;
  const std::string id =
      AMBIT_TRY(only_id(update.options.parse(arguments), "update [OPTION...] ID"));
  if (update.sets_memory()) update.resources.memory = update.memory;
  if (update.sets_cpu()) update.resources.cpu = update.cpu;
  if (update.block_io.weight) update.resources.block_io = update.block_io;
  if (!update.file.empty()) update.resources = AMBIT_TRY(read_resources(update.file));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  StateFolder folder = AMBIT_TRY(store.find(id));
  AMBIT_TRY(folder.lock());
  const StoredState state = AMBIT_TRY(folder.state());
  const Status status = AMBIT_TRY(status_of(folder, state));
  if (status == Status::Stopped)
    return Error(ErrorCode::NotRunning, "cannot update a stopped container: " + id);
  AMBIT_TRY(update_limits(state.cgroup, update.resources).context("container " + id));
  return 0;
}

}  // namespace ambit::oci
