#include <poll.h>

#include <cstdio>

#include "base/strings.h"
#include "oci/commands.h"
#include "oci/launch.h"
#include "oci/stats.h"
#include "oci/status.h"

namespace ambit::oci {
namespace {

constexpr int kDefaultIntervalSecs = 5;

Result<void> print_stats(const StoredState& state) {
  const Stats stats = AMBIT_TRY(read_stats(state.cgroup).context("container " + state.id));
  std::puts(write_stats_json(stats, state.id).c_str());
  (void)std::fflush(stdout);
  return {};
}

// "5s", or a number of seconds.
Options::Take take_interval(int& seconds) {
  return [&seconds](const std::string& text) -> Result<void> {
    const std::string digits =
        !text.empty() && text.back() == 's' ? text.substr(0, text.size() - 1) : text;
    const std::int64_t number = AMBIT_TRY(parse_int(digits).context("--interval"));
    if (number < 1 || number > 86400)
      return Error(ErrorCode::InvalidArgument, "--interval: between 1s and 86400s is wanted");
    seconds = static_cast<int>(number);
    return {};
  };
}

}  // namespace

Result<int> run_events(const Context& context, const Arguments& arguments) {
  bool once = false;
  int interval_secs = kDefaultIntervalSecs;
  Options options;
  options.flag("stats", 0, once).value("interval", 0, take_interval(interval_secs));
  const std::string id =
      AMBIT_TRY(only_id(options.parse(arguments), "events [--stats] [--interval N] ID"));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  const StateFolder folder = AMBIT_TRY(store.find(id));
  const StoredState state = AMBIT_TRY(folder.state());
  const UniqueFd process = open_container_process(state);
  if (!process) return Error(ErrorCode::NotRunning, "container not running: " + id);
  AMBIT_TRY(print_stats(state));
  // The end of the process is what ends the wait early.
  pollfd poll_fd = {.fd = process.get(), .events = POLLIN, .revents = 0};
  while (!once && ::poll(&poll_fd, 1, interval_secs * 1000) == 0) AMBIT_TRY(print_stats(state));
  return 0;
}

}  // namespace ambit::oci
