#include "cli/verbs/pod_ps.h"

#include "base/strings.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/human.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/pod_row.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace ambit::cli {
namespace {

struct Flags {
  bool quiet = false;
  std::vector<std::string> filters;
  std::optional<std::string> format;
};

std::string as_table(const std::vector<PodRow>& rows) {
  Table table({"NAME", "STATUS", "CREATED", "SHARES", "CONTAINERS"});
  const std::int64_t now = now_usec();
  for (const PodRow& row : rows) {
    std::vector<std::string> names;
    for (const ContainerRow& container : row.containers) names.push_back(container.name);
    table.add({row.name, status_text(row), human_ago(row.created_usec, now),
               row.share.empty() ? "none" : join(row.share, ","), join(names, ", ")});
  }
  return table.text();
}

std::string as_json(const std::vector<PodRow>& rows) {
  Json list = Json::array();
  for (const PodRow& row : rows) {
    Json containers = Json::array();
    for (const ContainerRow& container : row.containers)
      containers.push_back(
          {{"id", container.id}, {"name", container.name}, {"state", container.state}});
    list.push_back({{"name", row.name},
                    {"state", row.state},
                    {"status", status_text(row)},
                    {"unit", row.unit},
                    {"controlGroup", row.control_group},
                    {"createdUsec", row.created_usec},
                    {"share", row.share},
                    {"shared", row.shared},
                    {"hostname", row.hostname},
                    {"labels", row.labels},
                    {"containers", containers}});
  }
  return show_json(list);
}

Result<std::string> show(const Flags& flags) {
  const ListFormat format = AMBIT_TRY(parse_list_format(flags.format));
  const PodFilter filter = AMBIT_TRY(parse_pod_filter(flags.filters));
  Client client = AMBIT_TRY(Client::connect());
  std::vector<PodRow> rows;
  std::string names;
  for (PodRow& row : AMBIT_TRY(list_pods(client))) {
    if (!matches(filter, row)) continue;
    names += row.name + "\n";
    rows.push_back(std::move(row));
  }
  if (flags.quiet) return names;
  return format == ListFormat::ForMachines ? as_json(rows) : as_table(rows);
}

}  // namespace

int pod_ps(int argc, char** argv) {
  Parser parser("pod ps", "", "Lists pods, newest first.");
  Flags flags;
  parser.flag("-q,--quiet", flags.quiet, "names only");
  parser.list("-f,--filter", flags.filters, "KEY=VALUE", "name, status, label");
  parser.value("--format", flags.format, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (!parser.arguments().empty()) return parser.usage_error("it takes no arguments");
  const auto text = show(flags);
  if (!text) {
    print_error(text.error());
    return exit_code(text.error().code());
  }
  print(*text);
  return 0;
}

}  // namespace ambit::cli
