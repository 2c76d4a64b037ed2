#include "cli/boot_hint.h"
#include "cli/client.h"
#include "cli/create_flags.h"
#include "cli/exit_codes.h"
#include "cli/image_use.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/pod_flags.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

Result<std::string> create_from(Client& client, const CreateFlags& flags,
                                const bus::OptionWriter& options,
                                const std::vector<std::string>& arguments) {
  bus::Message call = AMBIT_TRY(client.new_manager_call("CreateContainer"));
  AMBIT_TRY(append_image_and_command(call, flags, arguments));
  AMBIT_TRY(options.append_dict(call));
  Result<bus::Message> answer = client.call(call);
  if (!answer) return std::move(answer).error();
  const auto path = AMBIT_TRY(answer->read<bus::ObjectPath>());
  const std::string id = id_of_path(path.value);
  AMBIT_TRY(write_cidfile(flags, id));
  warn_about_log(client, flags.log, path.value);
  warn_without_boot_start(client, flags);
  return id;
}

Result<std::string> create(const CreateFlags& flags, const std::vector<std::string>& arguments) {
  AMBIT_TRY(check_cidfile(flags));
  bus::OptionWriter options = AMBIT_TRY(create_options(flags));
  if (flags.interactive) options.set("OpenStdin", true);
  Client client = AMBIT_TRY(Client::connect());
  AMBIT_TRY(make_new_pod(client, flags.pod));
  return with_image<std::string>(client, flags, arguments.front(),
                                 [&] { return create_from(client, flags, options, arguments); });
}

}  // namespace

int verb_create(int argc, char** argv) {
  Parser parser("create", "IMAGE [COMMAND [ARGUMENT...]]",
                "Creates a container, does not start it, and prints its ID.",
                Positionals::CommandFollows);
  CreateFlags flags;
  add_create_flags(parser, flags);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which image?");

  const Result<std::string> id = create(flags, parser.arguments());
  if (!id) {
    print_error(id.error());
    return exit_code(id.error().code());
  }
  print(*id + "\n");
  return 0;
}

}  // namespace ambit::cli
