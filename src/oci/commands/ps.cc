#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "oci/commands.h"
#include "oci/launch.h"
#include "oci/status.h"
#include "os/clone.h"
#include "os/file.h"

namespace ambit::oci {
namespace {

constexpr std::size_t kMaxOutputBytes = std::size_t{64} << 20;

// What ps(1) says of all processes, in its own words.
Result<std::string> run_ps(const Arguments& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const os::Process process = AMBIT_TRY(os::clone_process({}));
  if (process.pid == 0) {
    std::vector<char*> args = {const_cast<char*>("ps")};
    for (const std::string& argument : arguments)
      args.push_back(const_cast<char*>(argument.c_str()));
    args.push_back(nullptr);
    if (::dup2(write_end.get(), STDOUT_FILENO) >= 0) (void)::execvp("ps", args.data());
    ::_exit(127);
  }
  write_end.reset();
  auto text = os::read_all(read_end.get(), kMaxOutputBytes);
  const int status = AMBIT_TRY(os::reap(process.pidfd.get()));
  if (status != 0) return Error(ErrorCode::Io, "ps " + os::describe_wait_status(status));
  return text;
}

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> result;
  for (std::string& word : split(line, ' '))
    if (!word.empty()) result.push_back(std::move(word));
  return result;
}

// The heading and the lines of these processes.
Result<void> print_lines(const std::string& text, const std::vector<pid_t>& pids) {
  const auto lines = split(trim(text), '\n');
  const auto heading = words(lines.front());
  const auto column = std::find(heading.begin(), heading.end(), "PID");
  if (column == heading.end()) return Error(ErrorCode::InvalidArgument, "ps: no column PID");
  const auto index = static_cast<std::size_t>(column - heading.begin());
  std::puts(lines.front().c_str());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = words(lines[i]);
    if (fields.size() <= index) continue;
    const auto pid = parse_int(fields[index]);
    if (pid && std::find(pids.begin(), pids.end(), static_cast<pid_t>(*pid)) != pids.end())
      std::puts(lines[i].c_str());
  }
  return {};
}

}  // namespace

Result<int> run_ps(const Context& context, const Arguments& arguments) {
  std::string format = "table";
  Options options;
  options.text("format", 'f', format);
  Arguments others = AMBIT_TRY(options.parse(arguments, Order::OptionsFirst));
  if (others.empty() || (format != "table" && format != "json"))
    return Error(ErrorCode::InvalidArgument,
                 "usage: ambit-oci ps [--format table|json] ID [PS-OPTION...]");
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  const StateFolder folder = AMBIT_TRY(store.find(others.front()));
  const StoredState state = AMBIT_TRY(folder.state());
  std::vector<pid_t> pids = AMBIT_TRY(processes(state.cgroup));
  std::sort(pids.begin(), pids.end());
  if (format == "json") {
    std::puts(nlohmann::json(pids).dump().c_str());
    return 0;
  }
  others.erase(others.begin());
  const std::string text = AMBIT_TRY(run_ps(others.empty() ? Arguments{"-ef"} : others));
  AMBIT_TRY(print_lines(text, pids));
  return 0;
}

}  // namespace ambit::oci
