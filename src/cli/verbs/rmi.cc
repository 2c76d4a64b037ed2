#include <map>
#include <tuple>

#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

using Row =
    std::tuple<std::string, std::vector<std::string>, std::uint64_t, std::int64_t, bus::ObjectPath>;

enum class Used { Refuse, RemoveContainers };

// A name that is not the image's only one is taken away; the image goes with its last name, or
// when it was given by its ID.
Result<void> remove_image(Client& client, const std::string& name, Used used) {
  const std::string path = AMBIT_TRY(client.find_image(name));
  const auto references =
      AMBIT_TRY(client.property<std::vector<std::string>>(path, kImageInterface, "References"));
  const bool by_id = id_of_path(path).starts_with(name);
  if (!by_id && references.size() > 1) {
    bus::Message call = AMBIT_TRY(client.new_image_call(path, "Untag"));
    AMBIT_TRY(call.append(name));
    (void)AMBIT_TRY(client.call(call));
    print("Untagged: " + name + "\n");
    return {};
  }
  bus::OptionWriter options;
  if (used == Used::RemoveContainers) options.set("Force", true);
  bus::Message call = AMBIT_TRY(client.new_image_call(path, "Remove"));
  AMBIT_TRY(options.append_dict(call));
  (void)AMBIT_TRY(client.call(call));
  for (const std::string& reference : references) print("Untagged: " + reference + "\n");
  print("Deleted: " + id_of_path(path) + "\n");
  return {};
}

Result<std::vector<std::string>> all_image_ids(Client& client) {
  bus::Message call = AMBIT_TRY(client.new_manager_call("ListImages"));
  AMBIT_TRY(call.append(std::map<std::string, std::string>()));
  bus::Message answer = AMBIT_TRY(client.call(call));
  std::vector<std::string> ids;
  for (const Row& row : AMBIT_TRY(answer.read<std::vector<Row>>())) ids.push_back(std::get<0>(row));
  return ids;
}

}  // namespace

int verb_rmi(int argc, char** argv) {
  Parser parser("rmi", "IMAGE...",
                "Removes images. Ends with 1 where one does not exist, 2 where one is in use.");
  bool force = false;
  bool all = false;
  parser.flag("-f,--force", force,
              "remove the stopped containers that use it; don't mind what doesn't exist");
  parser.flag("-a,--all", all, "every image");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != all)
    return parser.usage_error(all ? "--all takes no names" : "which image?");

  auto client = Client::connect();
  auto names =
      client && all ? all_image_ids(*client) : Result<std::vector<std::string>>(parser.arguments());
  if (!client || !names) {
    print_error(client ? names.error() : client.error());
    return kExitFailure;
  }
  int result = 0;
  for (const std::string& name : *names) {
    const Result<void> removed =
        remove_image(*client, name, force ? Used::RemoveContainers : Used::Refuse);
    if (removed || (force && removed.error().code() == ErrorCode::NoSuchImage)) continue;
    print_error(removed.error());
    if (result == 0) result = removal_exit_code(removed.error().code());
  }
  return result;
}

}  // namespace ambit::cli
