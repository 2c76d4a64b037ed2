#include <algorithm>
#include <map>

#include "base/strings.h"
#include "cli/client.h"
#include "cli/container_row.h"
#include "cli/exit_codes.h"
#include "cli/human.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/live_view.h"
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
  bool watch = false;
  bool size = false;
  std::optional<std::string> last, sort, format;
  std::vector<std::string> filters;
};

std::string show_command(const std::vector<std::string>& command, const PsFlags& flags) {
  return shorten(printable(join(command, " ")), flags.no_trunc ? 0 : kCommandWidth);
}

std::string show_table(const std::vector<ContainerRow>& rows, const PsFlags& flags) {
  // A column that has nothing to say takes no room.
  const bool has_restarts = std::any_of(
      rows.begin(), rows.end(), [](const ContainerRow& row) { return row.restart_count > 0; });
  const bool has_pods = std::any_of(rows.begin(), rows.end(),
                                    [](const ContainerRow& row) { return !row.pod.empty(); });
  std::vector<std::string> header = {"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS"};
  if (has_restarts) header.emplace_back("RESTARTS");
  if (has_pods) header.emplace_back("POD");
  header.emplace_back("NAMES");
  if (flags.size) header.emplace_back("SIZE");
  Table table(header);
  const std::int64_t now = now_usec();
  for (const ContainerRow& row : rows) {
    std::vector<std::string> cells = {flags.no_trunc ? row.id : short_id(row.id),
                                      short_reference(row.image), show_command(row.command, flags),
                                      human_ago(row.created_usec, now), status_text(row, now)};
    if (has_restarts) cells.push_back(std::to_string(row.restart_count));
    if (has_pods) cells.push_back(row.pod);
    cells.push_back(row.name);
    if (flags.size) cells.push_back(row.size_bytes ? human_size(*row.size_bytes) : "?");
    table.add(std::move(cells));
  }
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

std::string show_rows_as_json(const std::vector<ContainerRow>& rows, const PsFlags& flags) {
  const std::int64_t now = now_usec();
  Json list = Json::array();
  for (const ContainerRow& row : rows) {
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
                    {"pod", row.pod},
                    {"createdUsec", row.created_usec},
                    {"startedUsec", row.started_usec},
                    {"exitedUsec", row.exited_usec},
                    {"health", row.health},
                    {"restartPolicy", row.restart_policy},
                    {"restartCount", row.restart_count},
                    {"restartUsec", row.restart_usec},
                    {"labels", row.labels}});
    if (flags.size)
      list.back()["sizeBytes"] = row.size_bytes ? Json(*row.size_bytes) : Json(nullptr);
  }
  return show_json(list);
}

// What --sort knows: by name of the key, whether one row comes before another.
using Order = bool (*)(const ContainerRow&, const ContainerRow&);

const std::map<std::string, Order>& orders() {
  static const std::map<std::string, Order> table = {
      {"created", [](const ContainerRow& a,
                     const ContainerRow& b) { return a.created_usec > b.created_usec; }},
      {"id", [](const ContainerRow& a, const ContainerRow& b) { return a.id < b.id; }},
      {"image", [](const ContainerRow& a, const ContainerRow& b) { return a.image < b.image; }},
      {"name", [](const ContainerRow& a, const ContainerRow& b) { return a.name < b.name; }},
      {"started", [](const ContainerRow& a,
                     const ContainerRow& b) { return a.started_usec > b.started_usec; }},
      {"status", [](const ContainerRow& a, const ContainerRow& b) { return a.state < b.state; }},
  };
  return table;
}

Result<void> sort_rows(const std::optional<std::string>& key, std::vector<ContainerRow>& rows) {
  if (!key) return {};
  const auto order = orders().find(*key == "names" ? "name" : *key);
  if (order == orders().end())
    return Error(ErrorCode::InvalidArgument,
                 "--sort '" + *key + "': it is created, id, image, name, started or status");
  std::stable_sort(rows.begin(), rows.end(), order->second);
  return {};
}

Result<std::vector<ContainerRow>> select(Client& client, const PsFlags& flags) {
  const ContainerFilter filter = AMBIT_TRY(parse_container_filter(flags.filters));
  std::size_t count = SIZE_MAX;
  if (flags.last) count = AMBIT_TRY(parse_uint(*flags.last).context("--last"));
  if (flags.latest) count = 1;
  // Who asks for the last ones or for a state means those that have ended as well.
  const bool all = flags.all || count != SIZE_MAX || filter.wanted.contains("status") ||
                   filter.wanted.contains("exited");
  std::vector<ContainerRow> rows;
  for (ContainerRow& row : AMBIT_TRY(list_containers(client)))
    if ((all || is_running(row)) && matches(filter, row) && rows.size() < count)
      rows.push_back(std::move(row));
  AMBIT_TRY(sort_rows(flags.sort, rows));
  return rows;
}

Result<std::string> ps(Client& client, const PsFlags& flags) {
  const ListFormat format = AMBIT_TRY(parse_list_format(flags.format));
  std::vector<ContainerRow> rows = AMBIT_TRY(select(client, flags));
  if (flags.size && !flags.quiet) AMBIT_TRY(add_sizes(client, rows));
  if (flags.quiet) {
    std::string text;
    for (const ContainerRow& row : rows)
      text += (flags.no_trunc ? row.id : short_id(row.id)) + "\n";
    return text;
  }
  return format == ListFormat::ForMachines ? show_rows_as_json(rows, flags)
                                           : show_table(rows, flags);
}

Result<void> show(const PsFlags& flags) {
  Client client = AMBIT_TRY(Client::connect());
  if (flags.watch) return show_live(client, [&] { return ps(client, flags); });
  print(AMBIT_TRY(ps(client, flags)));
  return {};
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
  parser.list("-f,--filter", flags.filters, "KEY=VALUE",
              "name, id, status, image, label, exited, health, pod");
  parser.value("--sort", flags.sort, "KEY", "created (default), id, image, name, started, status");
  parser.flag("-s,--size", flags.size, "how much each has written; every file is looked at");
  parser.flag("-w,--watch", flags.watch, "stay, and show them again when something changes");
  parser.value("--format", flags.format, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (!parser.arguments().empty()) return parser.usage_error("it takes no arguments");

  const Result<void> shown = show(flags);
  if (shown) return 0;
  print_error(shown.error());
  return exit_code(shown.error().code());
}

}  // namespace ambit::cli
