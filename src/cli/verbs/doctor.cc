#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/strings.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/human.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

struct Check {
  std::string name, state, detail, fix, documentation;
};

using Row = std::tuple<std::string, std::string, std::string, std::string, std::string>;

Check no_bus(const Error& error) {
  return {.name = "user bus",
          .state = "missing",
          .detail = error.message(),
          .fix =
              "log in through systemd-logind (ssh, a console, machinectl shell) and install "
              "dbus-user-session"};
}

Check bus_works(Client& client) {
  const char* address = nullptr;
  if (sd_bus_get_address(client.bus().get(), &address) < 0) address = "";
  return {.name = "user bus", .state = "ok", .detail = address};
}

Check no_ambitd(const Error& error) {
  return {.name = "ambitd",
          .state = "missing",
          .detail = error.message(),
          .fix = "systemctl --user status ambit.service"};
}

Result<std::vector<Check>> check_host(Client& client) {
  bus::Message call = AMBIT_TRY(client.new_manager_call("CheckHost"));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  std::vector<Check> checks;
  for (auto& [name, state, detail, fix, documentation] : AMBIT_TRY(answer.read<std::vector<Row>>()))
    checks.push_back({.name = std::move(name),
                      .state = std::move(state),
                      .detail = std::move(detail),
                      .fix = std::move(fix),
                      .documentation = std::move(documentation)});
  return checks;
}

// Where ambitd itself can't be asked, that is the finding.
std::vector<Check> all_checks() {
  auto client = Client::connect();
  if (!client) return {no_bus(client.error())};
  std::vector<Check> checks = {bus_works(*client)};
  auto of_host = check_host(*client);
  if (!of_host) of_host = std::vector<Check>{no_ambitd(of_host.error())};
  std::move(of_host->begin(), of_host->end(), std::back_inserter(checks));
  return checks;
}

std::string mark(const std::string& state) {
  if (!stdout_shows_unicode()) return strf("%-8s", state.c_str());
  if (state == "ok") return "✔";
  return state == "warning" ? "!" : "✘";
}

std::string show_as_text(const std::vector<Check>& checks) {
  std::size_t width = 0;
  for (const Check& check : checks) width = std::max(width, display_width(check.name));
  std::string text;
  for (const Check& check : checks) {
    const std::string indent(display_width(mark(check.state)) + 1 + width + 2, ' ');
    text += mark(check.state) + " " + check.name +
            std::string(width + 2 - display_width(check.name), ' ') + printable(check.detail) +
            "\n";
    if (check.state == "ok") continue;
    if (!check.fix.empty()) text += indent + "fix: " + printable(check.fix) + "\n";
    if (!check.documentation.empty())
      text += indent + "see: " + printable(check.documentation) + "\n";
  }
  return text;
}

std::string show_as_json(const std::vector<Check>& checks) {
  Json list = Json::array();
  for (const Check& check : checks)
    list.push_back({{"check", check.name},
                    {"state", check.state},
                    {"detail", check.detail},
                    {"fix", check.fix},
                    {"documentation", check.documentation}});
  return show_json(list);
}

}  // namespace

int verb_doctor(int argc, char** argv) {
  Parser parser("doctor", "",
                "Checks this host for everything that ambit needs and says how to mend what is "
                "missing. Ends with 1 where something is.");
  std::optional<std::string> format_text;
  parser.value("--format", format_text, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto format = parse_list_format(format_text);
  if (!format) return parser.usage_error(format.error().message());

  const std::vector<Check> checks = all_checks();
  print(*format == ListFormat::ForMachines ? show_as_json(checks) : show_as_text(checks));
  const bool missing = std::any_of(checks.begin(), checks.end(),
                                   [](const Check& check) { return check.state == "missing"; });
  return missing ? 1 : 0;
}

}  // namespace ambit::cli
