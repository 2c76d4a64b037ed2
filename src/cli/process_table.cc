#include "cli/process_table.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "base/strings.h"
#include "base/user_name.h"
#include "cli/human.h"
#include "cli/table.h"

namespace ambit::cli {
namespace {

constexpr std::uint64_t kUsecInSec = 1'000'000;

// The places in a row.
enum Place { Pid, InnerPid, InnerParent, User, InnerUser, State, Name, Line, Cpu, Started, Memory };

// "[HH:]MM:SS", as ps(1) has it.
std::string clock_text(std::uint64_t usec) {
  const std::uint64_t secs = usec / kUsecInSec;
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  if (secs < 3600) return strf("%02llu:%02llu", number(secs / 60), number(secs % 60));
  return strf("%02llu:%02llu:%02llu", number(secs / 3600), number(secs / 60 % 60),
              number(secs % 60));
}

// Names inside are the image's business; every one has the same for 0.
std::string inner_user(std::uint32_t uid) { return uid == 0 ? "root" : std::to_string(uid); }

std::uint64_t age_usec(const ProcessRow& row, std::uint64_t uptime_usec) {
  return uptime_usec > std::get<Started>(row) ? uptime_usec - std::get<Started>(row) : 0;
}

std::string cpu_share(const ProcessRow& row, std::uint64_t uptime_usec) {
  const std::uint64_t age = age_usec(row, uptime_usec);
  if (age == 0) return "0.0";
  return strf("%.1f", 100.0 * static_cast<double>(std::get<Cpu>(row)) / static_cast<double>(age));
}

struct Column {
  const char* header;
  std::string (*show)(const ProcessRow& row, std::uint64_t uptime_usec);
};

const std::map<std::string, Column>& columns_there_are() {
  static const std::map<std::string, Column> table = {
      {"pid",
       {"PID", [](const ProcessRow& row,
                  std::uint64_t) { return std::to_string(std::get<InnerPid>(row)); }}},
      {"hpid",
       {"HPID",
        [](const ProcessRow& row, std::uint64_t) { return std::to_string(std::get<Pid>(row)); }}},
      {"ppid",
       {"PPID", [](const ProcessRow& row,
                   std::uint64_t) { return std::to_string(std::get<InnerParent>(row)); }}},
      {"user",
       {"USER",
        [](const ProcessRow& row, std::uint64_t) { return inner_user(std::get<InnerUser>(row)); }}},
      {"huser",
       {"HUSER",
        [](const ProcessRow& row, std::uint64_t) { return user_name(std::get<User>(row)); }}},
      {"uid",
       {"UID", [](const ProcessRow& row,
                  std::uint64_t) { return std::to_string(std::get<InnerUser>(row)); }}},
      {"stat", {"STAT", [](const ProcessRow& row, std::uint64_t) { return std::get<State>(row); }}},
      {"comm", {"COMM", [](const ProcessRow& row, std::uint64_t) { return std::get<Name>(row); }}},
      {"args",
       {"COMMAND", [](const ProcessRow& row, std::uint64_t) { return std::get<Line>(row); }}},
      {"time",
       {"TIME",
        [](const ProcessRow& row, std::uint64_t) { return clock_text(std::get<Cpu>(row)); }}},
      {"etime",
       {"ELAPSED", [](const ProcessRow& row,
                      std::uint64_t uptime) { return clock_text(age_usec(row, uptime)); }}},
      {"pcpu", {"%CPU", cpu_share}},
      {"rss",
       {"RSS",
        [](const ProcessRow& row, std::uint64_t) { return human_size(std::get<Memory>(row)); }}},
  };
  return table;
}

const std::map<std::string, std::string>& other_names() {
  static const std::map<std::string, std::string> table = {
      {"cmd", "args"},  {"command", "args"}, {"ucmd", "comm"},  {"state", "stat"}, {"s", "stat"},
      {"%cpu", "pcpu"}, {"cputime", "time"}, {"ruser", "user"}, {"euser", "user"}};
  return table;
}

const std::vector<std::string> kDefault = {"user", "pid",  "hpid",  "ppid",
                                           "pcpu", "time", "etime", "args"};

}  // namespace

Result<std::vector<std::string>> parse_process_columns(const std::vector<std::string>& arguments) {
  std::vector<std::string> columns;
  for (const std::string& argument : arguments) {
    if (argument == "aux" || argument == "-ef" || argument == "ef" || argument == "-o") continue;
    for (const std::string& word : split(argument, ',')) {
      const std::string name = to_lower(word);
      const auto other = other_names().find(name);
      columns.push_back(other == other_names().end() ? name : other->second);
      if (columns_there_are().count(columns.back()) > 0) continue;
      std::vector<std::string> known;
      for (const auto& [column, what] : columns_there_are()) known.push_back(column);
      return Error(ErrorCode::InvalidArgument,
                   "there is no column '" + word + "'; there are " + join(known, ", "));
    }
  }
  return columns.empty() ? kDefault : columns;
}

std::string show_processes(const std::vector<ProcessRow>& rows,
                           const std::vector<std::string>& columns, std::uint64_t uptime_usec) {
  std::vector<std::string> headers;
  for (const std::string& column : columns)
    headers.emplace_back(columns_there_are().at(column).header);
  Table table(headers);
  for (const ProcessRow& row : rows) {
    std::vector<std::string> cells;
    for (const std::string& column : columns)
      cells.push_back(columns_there_are().at(column).show(row, uptime_usec));
    table.add(std::move(cells));
  }
  return table.text();
}

}  // namespace ambit::cli
