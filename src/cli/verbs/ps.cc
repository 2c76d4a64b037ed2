#include "base/strings.h"
#include "cli/client.h"
#include "cli/container_row.h"
#include "cli/exit_codes.h"
#include "cli/human.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

constexpr std::size_t kCommandWidth = 20;

struct PsFlags {
  bool all = false;
  bool quiet = false;
  bool no_trunc = false;
  bool latest = false;
  std::optional<std::string> last, format;
  std::vector<std::string> filters;
};

std::string show_command(const std::vector<std::string>& command, const PsFlags& flags) {
  return shorten(printable(join(command, " ")), flags.no_trunc ? 0 : kCommandWidth);
}

std::string show_table(const std::vector<ContainerRow>& rows, const PsFlags& flags) {
  Table table({"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAMES"});
  const std::int64_t now = now_usec();
  for (const ContainerRow& row : rows)
    table.add({flags.no_trunc ? row.id : short_id(row.id), short_reference(row.image),
               show_command(row.command, flags), human_ago(row.created_usec, now),
               status_text(row, now), row.name});
  return table.text();
}

Json past_runs_json(const std::vector<PastRunRow>& runs) {
  Json list = Json::array();
  for (const auto& [started, exited, code, reason, oom_killed] : runs)
    list.push_back({{"startedUsec", started},
                    {"exitedUsec", exited},
                    {"exitCode", code},
                    {"exitReason", reason},
                    {"oomKilled", oom_killed}});
  return list;
}

std::string show_rows_as_json(const std::vector<ContainerRow>& rows) {
  const std::int64_t now = now_usec();
  Json list = Json::array();
  for (const ContainerRow& row : rows)
    list.push_back({{"id", row.id},
                    {"name", row.name},
                    {"image", row.image},
                    {"imageId", row.image_id},
                    {"command", row.command},
                    {"state", row.state},
                    {"status", status_text(row, now)},
                    {"exitCode", row.exit_code},
                    {"exitReason", row.exit_reason},
                    {"oomKilled", row.oom_killed},
                    {"pastRuns", past_runs_json(row.past_runs)},
                    {"pid", row.main_pid},
                    {"unit", row.unit},
                    {"createdUsec", row.created_usec},
                    {"startedUsec", row.started_usec},
                    {"exitedUsec", row.exited_usec},
                    {"restartPolicy", row.restart_policy},
                    {"restartCount", row.restart_count},
                    {"restartUsec", row.restart_usec},
                    {"labels", row.labels}});
  return show_json(list);
}

Result<std::vector<ContainerRow>> select(const PsFlags& flags) {
  const ContainerFilter filter = AMBIT_TRY(parse_container_filter(flags.filters));
  std::size_t count = SIZE_MAX;
  if (flags.last) count = AMBIT_TRY(parse_uint(*flags.last).context("--last"));
  if (flags.latest) count = 1;
  // Who asks for the last ones or for a state means those that have ended as well.
  const bool all = flags.all || count != SIZE_MAX || filter.wanted.contains("status") ||
                   filter.wanted.contains("exited");
  Client client = AMBIT_TRY(Client::connect());
  std::vector<ContainerRow> rows;
  for (ContainerRow& row : AMBIT_TRY(list_containers(client)))
    if ((all || is_running(row)) && matches(filter, row) && rows.size() < count)
      rows.push_back(std::move(row));
  return rows;
}

Result<std::string> ps(const PsFlags& flags) {
  const ListFormat format = AMBIT_TRY(parse_list_format(flags.format));
  const std::vector<ContainerRow> rows = AMBIT_TRY(select(flags));
  if (flags.quiet) {
    std::string text;
    for (const ContainerRow& row : rows)
      text += (flags.no_trunc ? row.id : short_id(row.id)) + "\n";
    return text;
  }
  return format == ListFormat::ForMachines ? show_rows_as_json(rows) : show_table(rows, flags);
}

}  // namespace

int verb_ps(int argc, char** argv) {
  Parser parser("ps", "", "Lists containers: those that run, newest first.");
  PsFlags flags;
  parser.flag("-a,--all", flags.all, "those that don't run as well");
  parser.flag("-q,--quiet", flags.quiet, "IDs only");
  parser.flag("--no-trunc", flags.no_trunc, "whole IDs and commands");
  parser.flag("-l,--latest", flags.latest, "the newest one, in whatever state");
  parser.value("-n,--last", flags.last, "N", "the newest N, in whatever state");
  parser.list("-f,--filter", flags.filters, "KEY=VALUE", "name, id, status, image, label, exited");
  parser.value("--format", flags.format, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (!parser.arguments().empty()) return parser.usage_error("it takes no arguments");

  const Result<std::string> text = ps(flags);
  if (!text) {
    print_error(text.error());
    return exit_code(text.error().code());
  }
  print(*text);
  return 0;
}

}  // namespace ambit::cli
