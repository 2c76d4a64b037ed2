#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "daemon/command_line.h"
#include "daemon/statistics.h"
#include "os/file.h"

// The processes of a container, from /proc through a descriptor of each one's folder: a PID that is
// given to another process meanwhile is noticed by what the folder then refuses.
namespace ambit::daemon {
namespace {

constexpr std::size_t kMaxFileBytes = 65536;

using Status = std::map<std::string, std::vector<std::string>>;

// "Name:\tvalue value ...", by name (proc_pid_status(5)).
Status parse_status(std::string_view text) {
  Status status;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string value(trim(std::string_view(line).substr(colon + 1)));
    std::replace(value.begin(), value.end(), '\t', ' ');
    std::vector<std::string> words;
    for (std::string& word : split(value, ' '))
      if (!word.empty()) words.push_back(std::move(word));
    status.emplace(line.substr(0, colon), std::move(words));
  }
  return status;
}

std::uint64_t number_at(const std::vector<std::string>& words, std::size_t index) {
  if (index >= words.size()) return 0;
  const auto number = parse_uint(words[index]);
  return number ? *number : 0;
}

const std::vector<std::string>& words_of(const Status& status, const char* name) {
  static const std::vector<std::string> none;
  const auto found = status.find(name);
  return found == status.end() ? none : found->second;
}

// The ID inside for one outside: "INSIDE OUTSIDE COUNT" lines (user_namespaces(7)).
std::uint32_t inside_id(std::string_view map, std::uint64_t outside) {
  for (const std::string& line : split(map, '\n')) {
    std::vector<std::uint64_t> numbers;
    for (const std::string& word : split(line, ' '))
      if (const auto number = parse_uint(word)) numbers.push_back(*number);
    if (numbers.size() == 3 && outside >= numbers[1] && outside - numbers[1] < numbers[2])
      return static_cast<std::uint32_t>(numbers[0] + (outside - numbers[1]));
  }
  return static_cast<std::uint32_t>(outside);
}

// The fields of /proc/PID/stat behind the name, which may itself have spaces and brackets. The
// first is field 3, the state (proc_pid_stat(5)).
std::vector<std::string> stat_fields(const std::string& text) {
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos || bracket + 2 > text.size()) return {};
  return split(trim(std::string_view(text).substr(bracket + 2)), ' ');
}

std::uint64_t ticks_to_usec(std::uint64_t ticks) {
  constexpr std::uint64_t kUsecInSec = 1'000'000;
  static const auto per_sec = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks * kUsecInSec / per_sec;
}

Result<ProcessRow> read_process(pid_t pid, const std::string& control_group) {
  const UniqueFd dir = AMBIT_TRY(os::open_at(AT_FDCWD, strf("/proc/%d", static_cast<int>(pid)),
                                             O_PATH | O_DIRECTORY | O_NOFOLLOW));
  const auto read = [&dir](const char* file) {
    return os::read_file_at(dir.get(), file, kMaxFileBytes);
  };
  if (AMBIT_TRY(read("cgroup")).find(control_group + "/payload") == std::string::npos)
    return Error(ErrorCode::NotFound, "the process has gone");
  const std::vector<std::string> stat = stat_fields(AMBIT_TRY(read("stat")));
  const Status status = parse_status(AMBIT_TRY(read("status")));
  const std::string uid_map = AMBIT_TRY(read("uid_map"));
  std::string command = command_line_at(dir.get());
  // Fields 14, 15 (user and system time) and 22 (start).
  constexpr std::size_t kFirst = 3;
  const std::uint64_t cpu = number_at(stat, 14 - kFirst) + number_at(stat, 15 - kFirst);
  const auto& inner = words_of(status, "NSpid");
  const std::uint64_t uid = number_at(words_of(status, "Uid"), 1);
  constexpr std::uint64_t kKibi = 1024;
  return ProcessRow{
      static_cast<std::uint32_t>(pid),
      static_cast<std::uint32_t>(number_at(inner, inner.empty() ? 0 : inner.size() - 1)),
      static_cast<std::uint32_t>(number_at(words_of(status, "PPid"), 0)),
      static_cast<std::uint32_t>(uid),
      inside_id(uid_map, uid),
      stat.empty() ? "" : stat.front(),
      join(words_of(status, "Name"), " "),
      std::move(command),
      ticks_to_usec(cpu),
      ticks_to_usec(number_at(stat, 22 - kFirst)),
      number_at(words_of(status, "VmRSS"), 0) * kKibi};
}

}  // namespace

Result<std::vector<ProcessRow>> list_processes(const engine::Engine& engine,
                                               const engine::Container& container) {
  if (container.run.control_group.empty())
    return Error(ErrorCode::NotRunning, "container " + container.record.name + " is " +
                                            engine::to_string(container.run.state));
  std::vector<pid_t> pids = AMBIT_TRY(engine.processes(container.record.id));
  std::sort(pids.begin(), pids.end());
  std::vector<ProcessRow> rows;
  std::map<std::uint32_t, std::uint32_t> inner;
  for (const pid_t pid : pids) {
    auto row = read_process(pid, container.run.control_group);
    if (!row) continue;
    inner.emplace(std::get<0>(*row), std::get<1>(*row));
    rows.push_back(*std::move(row));
  }
  // A parent's PID is told as its child sees it; one outside is none.
  for (ProcessRow& row : rows) {
    const auto parent = inner.find(std::get<2>(row));
    std::get<2>(row) = parent == inner.end() ? 0 : parent->second;
  }
  return rows;
}

}  // namespace ambit::daemon
