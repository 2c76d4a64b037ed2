#include <map>

#include "base/strings.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

struct Info {
  std::string version, store_path, default_network;
  std::vector<std::string> features, controllers;
  std::map<std::string, std::uint32_t> containers;
};

Result<Info> ask() {
  Client client = AMBIT_TRY(Client::connect());
  bus::Message call =
      AMBIT_TRY(client.bus().new_call({.service = kService,
                                       .path = kManagerPath,
                                       .interface = "org.freedesktop.DBus.Properties",
                                       .member = "GetAll"}));
  AMBIT_TRY(call.append(std::string(kManagerInterface)));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  Info info;
  bus::OptionReader reader;
  reader.add("Version", info.version)
      .add("StorePath", info.store_path)
      .add("DefaultNetwork", info.default_network)
      .add("Features", info.features)
      .add("Controllers", info.controllers)
      .add("Containers", info.containers);
  AMBIT_TRY(reader.read(answer, bus::UnknownKeys::Skip));
  return info;
}

std::string show_as_json(const Info& info) {
  return show_json({{"clientVersion", AMBIT_VERSION},
                    {"serverVersion", info.version},
                    {"storePath", info.store_path},
                    {"defaultNetwork", info.default_network},
                    {"features", info.features},
                    {"controllers", info.controllers},
                    {"containers", info.containers}});
}

std::string show_as_text(const Info& info) {
  std::vector<std::string> states;
  for (const auto& [state, count] : info.containers)
    states.push_back(strf("%u %s", count, state.c_str()));
  const auto line = [](const char* name, const std::string& value) {
    return strf("%-17s %s\n", name, value.empty() ? "none" : value.c_str());
  };
  return line("client version:", AMBIT_VERSION) + line("server version:", info.version) +
         line("store:", info.store_path) + line("default network:", info.default_network) +
         line("features:", join(info.features, ", ")) +
         line("can be limited:", join(info.controllers, ", ")) +
         line("containers:", join(states, ", "));
}

}  // namespace

int verb_info(int argc, char** argv) {
  Parser parser("info", "", "Shows where ambit keeps things, what it found, what there is.");
  std::optional<std::string> format_text;
  parser.value("-f,--format", format_text, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto format = parse_list_format(format_text);
  if (!format) return parser.usage_error(format.error().message());

  const auto info = ask();
  if (!info) {
    print_error(info.error());
    return exit_code(info.error().code());
  }
  print(*format == ListFormat::ForMachines ? show_as_json(*info) : show_as_text(*info));
  return 0;
}

}  // namespace ambit::cli
