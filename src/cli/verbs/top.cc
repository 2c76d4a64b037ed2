#include <time.h>

#include <optional>

#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/process_table.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

std::uint64_t uptime_usec() {
  timespec now = {};
  (void)::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

std::string show_as_json(const std::vector<ProcessRow>& rows) {
  Json list = Json::array();
  for (const auto& [pid, inner, parent, user, inner_user, state, name, line, cpu, started, memory] :
       rows)
    list.push_back({{"pid", inner},
                    {"hostPid", pid},
                    {"parentPid", parent},
                    {"uid", inner_user},
                    {"hostUid", user},
                    {"state", state},
                    {"name", name},
                    {"command", line},
                    {"cpuUsec", cpu},
                    {"startedAfterBootUsec", started},
                    {"residentBytes", memory}});
  return show_json(list);
}

Result<std::string> top(const std::vector<std::string>& arguments,
                        const std::optional<std::string>& format_text) {
  const ListFormat format = AMBIT_TRY(parse_list_format(format_text));
  const auto columns = AMBIT_TRY(
      parse_process_columns(std::vector<std::string>(arguments.begin() + 1, arguments.end())));
  Client client = AMBIT_TRY(Client::connect());
  const std::string path = AMBIT_TRY(client.find_container(arguments.front()));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "ListProcesses"));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  const auto rows = AMBIT_TRY(answer.read<std::vector<ProcessRow>>());
  return format == ListFormat::ForMachines ? show_as_json(rows)
                                           : show_processes(rows, columns, uptime_usec());
}

}  // namespace

int verb_top(int argc, char** argv) {
  Parser parser(
      "top", "CONTAINER [COLUMN...]",
      "Shows the processes of a container. Columns are named as in ps(1): pid and user as "
      "the container sees them, hpid and huser as this side does.",
      Positionals::CommandFollows);
  std::optional<std::string> format;
  parser.value("--format", format, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which container?");

  const auto text = top(parser.arguments(), format);
  if (!text) {
    print_error(text.error());
    return exit_code(text.error().code());
  }
  print(*text);
  return 0;
}

}  // namespace ambit::cli
