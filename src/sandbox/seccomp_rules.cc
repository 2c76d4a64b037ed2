#include "sandbox/seccomp_rules.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "base/strings.h"

namespace ambit::sandbox {
namespace {

constexpr std::uint32_t kMaxArguments = 6;

Error invalid(const std::string& what) {
  return Error(ErrorCode::InvalidArgument, "seccomp profile: " + what);
}

Result<std::uint32_t> understand_action(const std::string& name,
                                        const std::optional<std::uint32_t>& errno_ret) {
  const ActionName* action = find_seccomp_action(name);
  if (action == nullptr) return invalid("unknown action \"" + name + "\"");
  if (action->data_max == 0) {
    if (errno_ret) return invalid(name + " has no errno");
    return action->value;
  }
  const std::uint32_t data = errno_ret.value_or(EPERM);
  if (data > action->data_max)
    return invalid(strf("errno %u of %s is above %u", data, name.c_str(), action->data_max));
  return action->value | data;
}

Result<scmp_arg_cmp> understand_condition(const spec::SeccompArgument& argument) {
  if (argument.index >= kMaxArguments)
    return invalid(strf("there is no argument %u of a system call", argument.index));
  const OperatorName* found = find_seccomp_operator(argument.op);
  if (found == nullptr) return invalid("unknown operator \"" + argument.op + "\"");
  return scmp_arg_cmp{.arg = argument.index,
                      .op = found->value,
                      .datum_a = argument.value,
                      .datum_b = argument.value_two};
}

// The sets of conditions under which a rule applies.
Result<std::vector<std::vector<scmp_arg_cmp>>> understand_arguments(const spec::SeccompRule& rule) {
  std::vector<scmp_arg_cmp> conditions;
  std::uint32_t seen = 0;
  bool repeated = false;
  for (const spec::SeccompArgument& argument : rule.args) {
    conditions.push_back(AMBIT_TRY(understand_condition(argument)));
    repeated = repeated || (seen >> argument.index & 1) != 0;
    seen |= 1U << argument.index;
  }
  std::vector<std::vector<scmp_arg_cmp>> sets;
  if (!repeated) {
    sets.push_back(std::move(conditions));
    return sets;
  }
  for (const scmp_arg_cmp& condition : conditions) sets.push_back({condition});
  return sets;
}

// Rules by name, in the order in which the names come.
class Calls {
 public:
  explicit Calls(std::uint32_t default_action) : default_action_(default_action) {}

  Result<void> add(const spec::SeccompRule& rule, std::uint32_t action) {
    if (rule.names.empty()) return invalid("a rule names no system call");
    const auto sets = AMBIT_TRY(understand_arguments(rule));
    for (const std::string& name : rule.names) {
      CallRules& call = of(name);
      if (!rule.args.empty()) {
        for (const std::vector<scmp_arg_cmp>& conditions : sets)
          call.conditionals.push_back({action, conditions});
      } else if (action != default_action_ && !call.unconditional) {
        call.unconditional = action;
      }
    }
    return {};
  }

  std::vector<CallRules> take() { return std::move(calls_); }

 private:
  CallRules& of(const std::string& name) {
    const auto [found, added] = indexes_.try_emplace(name, calls_.size());
    if (added) calls_.push_back({.name = name, .conditionals = {}, .unconditional = {}});
    return calls_[found->second];
  }

  std::uint32_t default_action_;
  std::vector<CallRules> calls_;
  std::unordered_map<std::string, std::size_t> indexes_;
};

Result<std::vector<const LocalArchitecture*>> understand_architectures(
    const std::vector<std::string>& names) {
  std::vector<const LocalArchitecture*> found = {&native_architecture()};
  for (const std::string& name : names) {
    if (!is_seccomp_architecture(name)) return invalid("unknown architecture \"" + name + "\"");
    const LocalArchitecture* local = find_local_architecture(name);
    if (local != nullptr && std::find(found.begin(), found.end(), local) == found.end())
      found.push_back(local);
  }
  return found;
}

Result<std::uint32_t> understand_flags(const std::vector<std::string>& names) {
  std::uint32_t flags = 0;
  for (const std::string& name : names) {
    const FlagName* flag = find_seccomp_flag(name);
    if (flag == nullptr) return invalid("unknown flag \"" + name + "\"");
    if (!kernel_has_flag(*flag))
      return Error(ErrorCode::Unsupported, "seccomp profile: this kernel has no " + name);
    flags |= flag->value;
  }
  return flags;
}

Result<void> check_listener(const spec::Seccomp& seccomp, const SeccompRules& rules) {
  if (rules.notifies && seccomp.listener_path.empty())
    return invalid("SCMP_ACT_NOTIFY without a listenerPath");
  if (seccomp.listener_path.empty() && !seccomp.listener_metadata.empty())
    return invalid("listenerMetadata without a listenerPath");
  return {};
}

}  // namespace

Result<SeccompRules> understand_seccomp(const spec::Seccomp& seccomp) {
  SeccompRules rules;
  rules.default_action =
      AMBIT_TRY(understand_action(seccomp.default_action, seccomp.default_errno_ret));
  rules.notifies = rules.default_action == SECCOMP_RET_USER_NOTIF;
  rules.architectures = AMBIT_TRY(understand_architectures(seccomp.architectures));
  Calls calls(rules.default_action);
  for (const spec::SeccompRule& rule : seccomp.syscalls) {
    const std::uint32_t action = AMBIT_TRY(understand_action(rule.action, rule.errno_ret));
    AMBIT_TRY(calls.add(rule, action));
    rules.notifies = rules.notifies || action == SECCOMP_RET_USER_NOTIF;
  }
  rules.calls = calls.take();
  AMBIT_TRY(check_listener(seccomp, rules));
  rules.flags = AMBIT_TRY(understand_flags(seccomp.flags));
  // The kernel takes it only for a filter with a listener, and it is about nothing else.
  for (const FlagName& flag : seccomp_flags())
    if (flag.needed == SECCOMP_FILTER_FLAG_NEW_LISTENER && !rules.notifies)
      rules.flags &= ~flag.value;
  return rules;
}

}  // namespace ambit::sandbox
