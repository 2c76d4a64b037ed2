#include <nlohmann/json.hpp>

#include "spec/hooks.h"
#include "spec/runtime_spec_parts.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

struct NamedHooks {
  const char* name;
  std::vector<Hook> Hooks::*list;
};

constexpr NamedHooks kKinds[] = {
    {"prestart", &Hooks::prestart},
    {"createRuntime", &Hooks::create_runtime},
    {"createContainer", &Hooks::create_container},
    {"startContainer", &Hooks::start_container},
    {"poststart", &Hooks::poststart},
    {"poststop", &Hooks::poststop},
};

Hook parse_hook(JsonReader& read, const json& object) {
  Hook hook;
  hook.path = read.string(object, "path");
  if (hook.path.empty() || hook.path.front() != '/') read.wrong("hooks.path");
  hook.args = read.list(object, "args");
  hook.env = read.list(object, "env");
  hook.timeout_secs = read.optional_number<std::uint32_t>(object, "timeout");
  if (hook.timeout_secs && *hook.timeout_secs == 0) read.wrong("hooks.timeout");
  return hook;
}

}  // namespace

Hooks parse_hooks(JsonReader& read, const json& object) {
  Hooks hooks;
  for (const NamedHooks& kind : kKinds)
    for (const json& item : read.array(object, kind.name))
      (hooks.*kind.list).push_back(parse_hook(read, item));
  return hooks;
}

json write_hooks(const Hooks& hooks) {
  json object = json::object();
  for (const NamedHooks& kind : kKinds) {
    for (const Hook& hook : hooks.*kind.list) {
      json item = {{"path", hook.path}};
      write_filled(item, "args", hook.args);
      write_filled(item, "env", hook.env);
      write_optional(item, "timeout", hook.timeout_secs);
      object[kind.name].push_back(std::move(item));
    }
  }
  return object;
}

}  // namespace ambit::spec
