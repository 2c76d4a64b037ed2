#include <cstdint>

#include "base/strings.h"
#include "cli/batch.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

Result<std::int32_t> wait_for(Client& client, const std::string& name) {
  const std::string path = AMBIT_TRY(client.find_container(name));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "Wait"));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  return answer.read<std::int32_t>();
}

}  // namespace

int verb_wait(int argc, char** argv) {
  Parser parser("wait", "CONTAINER...",
                "Waits until each container has exited and prints its exit code; -1 where nobody "
                "knows it.");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which container?");

  auto client = Client::connect();
  if (!client) {
    print_error(client.error());
    return kExitFailure;
  }
  int result = 0;
  for (const std::string& name : parser.arguments()) {
    const auto code = wait_for(*client, name);
    if (code) {
      print(strf("%d\n", *code));
    } else {
      print_error(code.error());
      result = kExitFailure;
    }
  }
  return result;
}

}  // namespace ambit::cli
