#include <nlohmann/json.hpp>

#include "spec/runtime_spec_parts.h"
#include "spec/seccomp_spec.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

SeccompArgument parse_argument(JsonReader& read, const json& object) {
  SeccompArgument argument;
  argument.index = read.number<std::uint32_t>(object, "index");
  argument.value = read.number<std::uint64_t>(object, "value");
  argument.value_two = read.number<std::uint64_t>(object, "valueTwo");
  argument.op = read.string(object, "op");
  return argument;
}

SeccompRule parse_rule(JsonReader& read, const json& object) {
  SeccompRule rule;
  rule.names = read.list(object, "names");
  rule.action = read.string(object, "action");
  rule.errno_ret = read.optional_number<std::uint32_t>(object, "errnoRet");
  for (const json& item : read.array(object, "args"))
    rule.args.push_back(parse_argument(read, item));
  return rule;
}

json write_rule(const SeccompRule& rule) {
  json object = {{"names", rule.names}, {"action", rule.action}};
  write_optional(object, "errnoRet", rule.errno_ret);
  for (const SeccompArgument& argument : rule.args)
    object["args"].push_back({{"index", argument.index},
                              {"value", argument.value},
                              {"valueTwo", argument.value_two},
                              {"op", argument.op}});
  return object;
}

}  // namespace

Seccomp parse_seccomp(JsonReader& read, const json& object) {
  Seccomp seccomp;
  seccomp.default_action = read.string(object, "defaultAction");
  seccomp.default_errno_ret = read.optional_number<std::uint32_t>(object, "defaultErrnoRet");
  seccomp.architectures = read.list(object, "architectures");
  seccomp.flags = read.list(object, "flags");
  seccomp.listener_path = read.string(object, "listenerPath");
  seccomp.listener_metadata = read.string(object, "listenerMetadata");
  for (const json& item : read.array(object, "syscalls"))
    seccomp.syscalls.push_back(parse_rule(read, item));
  return seccomp;
}

json write_seccomp(const Seccomp& seccomp) {
  json object = {{"defaultAction", seccomp.default_action}};
  write_optional(object, "defaultErrnoRet", seccomp.default_errno_ret);
  write_filled(object, "architectures", seccomp.architectures);
  write_filled(object, "flags", seccomp.flags);
  write_filled(object, "listenerPath", seccomp.listener_path);
  write_filled(object, "listenerMetadata", seccomp.listener_metadata);
  for (const SeccompRule& rule : seccomp.syscalls) object["syscalls"].push_back(write_rule(rule));
  return object;
}

}  // namespace ambit::spec
