#include <nlohmann/json.hpp>

#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/json_text.h"
#include "cli/limit_flags.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

// What is in force, as `inspect` shows it.
Result<spec::CurrentLimits> current_limits(Client& client, const std::string& path) {
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "Inspect"));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  const auto text = AMBIT_TRY(answer.read<std::string>());
  const Json json = AMBIT_TRY(parse_json(text));
  const Json limits = json.value("limits", Json::object());
  spec::CurrentLimits current;
  if (limits.contains("MemoryMax"))
    current.memory_max = std::to_string(limits.value("MemoryMax", std::uint64_t{0}));
  current.cpu_period_usec = limits.value("CPUQuotaPeriodUSec", current.cpu_period_usec);
  if (const auto quota = limits.value("CPUQuotaPerSecUSec", std::int64_t{0}); quota > 0)
    current.cpu_quota = std::to_string(quota * current.cpu_period_usec / 1'000'000);
  return current;
}

struct UpdateFlags {
  LimitFlags limits;
  std::optional<std::string> restart;
};

Result<void> set_restart_policy(Client& client, const std::string& path,
                                const std::string& policy) {
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "SetRestartPolicy"));
  AMBIT_TRY(call.append(policy));
  (void)AMBIT_TRY(client.call(call));
  return {};
}

Result<void> set_limits(Client& client, const std::string& path, const LimitFlags& flags) {
  spec::CurrentLimits current;
  if (needs_current(flags)) current = AMBIT_TRY(current_limits(client, path));
  const auto properties = AMBIT_TRY(limit_properties(flags, current));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "SetLimits"));
  AMBIT_TRY(call.append(properties));
  (void)AMBIT_TRY(client.call(call));
  return {};
}

bool has_limits(const LimitFlags& flags) {
  const auto properties = limit_properties(flags, {.memory_max = "1", .cpu_quota = "1"});
  return !properties || !(*properties).empty();
}

Result<void> update(Client& client, const UpdateFlags& flags, const std::string& name) {
  const std::string path = AMBIT_TRY(client.find_container(name));
  if (has_limits(flags.limits)) AMBIT_TRY(set_limits(client, path, flags.limits));
  if (flags.restart) AMBIT_TRY(set_restart_policy(client, path, *flags.restart));
  return {};
}

int update_all(const UpdateFlags& flags, const std::vector<std::string>& names) {
  auto client = Client::connect();
  if (!client) {
    print_error(client.error());
    return exit_code(client.error().code());
  }
  int code = 0;
  for (const std::string& name : names) {
    const Result<void> updated = update(*client, flags, name);
    if (updated) {
      print(name + "\n");
      continue;
    }
    print_error(updated.error());
    if (code == 0) code = exit_code(updated.error().code());
  }
  return code;
}

}  // namespace

int verb_update(int argc, char** argv) {
  Parser parser("update", "CONTAINER...",
                "Changes limits, at once where a container runs and for its next starts, and the "
                "restart policy.");
  UpdateFlags flags;
  add_limit_flags(parser, flags.limits);
  parser.value("--restart", flags.restart, "POLICY",
               "no, on-failure[:RETRIES], always or unless-stopped");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which container?");
  if (!has_limits(flags.limits) && !flags.restart)
    return parser.usage_error("which limit, or restart policy?");
  return update_all(flags, parser.arguments());
}

}  // namespace ambit::cli
