#include <cstdint>
#include <string>

#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

constexpr int kExitUnhealthy = 1;

// What the check has written goes out as it is: it ends with a newline or it doesn't.
Result<int> run(const std::string& name) {
  Client client = AMBIT_TRY(Client::connect());
  const std::string path = AMBIT_TRY(client.find_container(name));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "CheckHealth"));
  bus::Message answer = AMBIT_TRY(client.call(call));
  const auto [code, output] = AMBIT_TRY((answer.read<std::int32_t, std::string>()));
  print(output);
  if (!output.empty() && output.back() != '\n') print("\n");
  if (code == 0) return 0;
  if (code > 0) print_error("%s: the health check ended with exit code %d", name.c_str(), code);
  if (code < 0) print_error("%s: the health check has failed", name.c_str());
  return kExitUnhealthy;
}

}  // namespace

int verb_healthcheck(int argc, char** argv) {
  Parser parser(
      "healthcheck", "run CONTAINER",
      "Runs a container's health check now; it counts like any other. Ends with 0 where it "
      "passes, 1 where it fails, 125 where there is none.");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() != 2 || parser.arguments()[0] != "run")
    return parser.usage_error("it is 'run' and a container");

  const Result<int> code = run(parser.arguments()[1]);
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace ambit::cli
