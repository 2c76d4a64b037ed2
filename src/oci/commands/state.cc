#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "oci/commands.h"
#include "oci/state_store.h"
#include "oci/status.h"
#include "sandbox/user_lookup.h"

namespace ambit::oci {
namespace {

// In the order of the specification, which is how people know it.
using json = nlohmann::ordered_json;

struct Shown {
  StoredState state;
  Status status = Status::Stopped;
  spec::RuntimeSpec spec;
};

Result<Shown> look_at(const StateFolder& folder) {
  Shown shown;
  shown.state = AMBIT_TRY(folder.state());
  shown.status = AMBIT_TRY(status_of(folder, shown.state));
  // A creation that was killed may have left none.
  if (auto spec = folder.config()) shown.spec = *std::move(spec);
  return shown;
}

std::string owner_name(std::uint32_t uid) {
  return sandbox::local_user_name(uid).value_or(strf("#%u", uid));
}

json to_json(const Shown& shown) {
  return {{"ociVersion", shown.spec.oci_version},
          {"id", shown.state.id},
          {"pid", shown.status == Status::Stopped ? 0 : shown.state.pid},
          {"status", status_name(shown.status)},
          {"bundle", shown.state.bundle},
          {"rootfs", shown.spec.root_path},
          {"created", shown.state.created},
          {"annotations", shown.spec.annotations},
          {"owner", owner_name(shown.state.owner)}};
}

constexpr int kIndented = 2;
constexpr int kOneLine = -1;

void print(const json& document, int form) {
  std::puts(document.dump(form, ' ', false, json::error_handler_t::replace).c_str());
}

void print_table(const std::vector<Shown>& containers) {
  constexpr char kFormat[] = "%-30s %-10s %-10s %-40s %-32s %s\n";
  std::printf(kFormat, "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
  for (const Shown& shown : containers)
    std::printf(kFormat, shown.state.id.c_str(),
                std::to_string(shown.status == Status::Stopped ? 0 : shown.state.pid).c_str(),
                status_name(shown.status), shown.state.bundle.c_str(), shown.state.created.c_str(),
                owner_name(shown.state.owner).c_str());
}

// One that is deleted meanwhile, or that can't be read, is none.
Result<std::vector<Shown>> look_at_all(const Context& context) {
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  std::vector<Shown> containers;
  for (const std::string& id : store.ids()) {
    const auto folder = store.find(id);
    if (!folder) continue;
    if (auto shown = look_at(*folder)) containers.push_back(*std::move(shown));
  }
  return containers;
}

}  // namespace

Result<int> run_state(const Context& context, const Arguments& arguments) {
  Options options;
  const std::string id = AMBIT_TRY(only_id(options.parse(arguments), "state ID"));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  const StateFolder folder = AMBIT_TRY(store.find(id));
  print(to_json(AMBIT_TRY(look_at(folder))), kIndented);
  return 0;
}

Result<int> run_list(const Context& context, const Arguments& arguments) {
  std::string format = "table";
  bool is_quiet = false;
  Options options;
  options.text("format", 'f', format).flag("quiet", 'q', is_quiet);
  AMBIT_TRY(options.parse(arguments));
  if (format != "table" && format != "json")
    return Error(ErrorCode::InvalidArgument, "invalid format option: " + format);
  const auto containers = AMBIT_TRY(look_at_all(context));
  if (is_quiet) {
    for (const Shown& shown : containers) std::puts(shown.state.id.c_str());
  } else if (format == "json") {
    json list = json::array();
    for (const Shown& shown : containers) list.push_back(to_json(shown));
    print(list, kOneLine);
  } else {
    print_table(containers);
  }
  return 0;
}

}  // namespace ambit::oci
