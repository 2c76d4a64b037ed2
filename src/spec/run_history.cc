#include "spec/run_history.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "spec/json_reader.h"

namespace ambit::spec {

bool add_run(RunHistory& history, PastRun run) {
  if (!history.empty() && history.front() == run) return false;
  history.insert(history.begin(), std::move(run));
  if (history.size() > kMaxPastRuns) history.resize(kMaxPastRuns);
  return true;
}

std::string write_run_history(const RunHistory& history) {
  nlohmann::json runs = nlohmann::json::array();
  for (const PastRun& run : history)
    runs.push_back({{"startedUsec", run.started_usec},
                    {"exitedUsec", run.exited_usec},
                    {"exitCode", run.exit_code},
                    {"reason", run.reason},
                    {"oomKilled", run.oom_killed}});
  return nlohmann::json{{"runs", runs}}.dump() + "\n";
}

Result<RunHistory> parse_run_history(std::string_view text) {
  JsonReader read("run history");
  const nlohmann::json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"runs"});
  RunHistory history;
  for (const nlohmann::json& run : read.array(json, "runs")) {
    read.require(run, {"startedUsec", "exitedUsec", "exitCode", "reason", "oomKilled"});
    history.push_back({.started_usec = read.number<std::int64_t>(run, "startedUsec"),
                       .exited_usec = read.number<std::int64_t>(run, "exitedUsec"),
                       .exit_code = read.number<int>(run, "exitCode"),
                       .reason = read.string(run, "reason"),
                       .oom_killed = read.boolean(run, "oomKilled")});
  }
  AMBIT_TRY(read.check());
  if (history.size() > kMaxPastRuns) history.resize(kMaxPastRuns);
  return history;
}

}  // namespace ambit::spec
