#include <nlohmann/json.hpp>

#include "spec/process_spec.h"
#include "spec/runtime_spec_parts.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

User parse_user(JsonReader& read, const json& object) {
  User user;
  user.uid = read.number<std::uint32_t>(object, "uid");
  user.gid = read.number<std::uint32_t>(object, "gid");
  user.umask = read.optional_number<std::uint32_t>(object, "umask");
  user.additional_gids = read.numbers<std::uint32_t>(object, "additionalGids");
  return user;
}

json write_user(const User& user) {
  json object = {{"uid", user.uid}, {"gid", user.gid}};
  write_filled(object, "additionalGids", user.additional_gids);
  write_optional(object, "umask", user.umask);
  return object;
}

Capabilities parse_capabilities(JsonReader& read, const json& object) {
  Capabilities sets;
  sets.bounding = read.list(object, "bounding");
  sets.effective = read.list(object, "effective");
  sets.inheritable = read.list(object, "inheritable");
  sets.permitted = read.list(object, "permitted");
  sets.ambient = read.list(object, "ambient");
  return sets;
}

std::vector<Rlimit> parse_rlimits(JsonReader& read, const json& object) {
  std::vector<Rlimit> limits;
  for (const json& item : read.array(object, "rlimits")) {
    Rlimit limit;
    limit.type = read.string(item, "type");
    limit.hard = read.number<std::uint64_t>(item, "hard");
    limit.soft = read.number<std::uint64_t>(item, "soft");
    limits.push_back(std::move(limit));
  }
  return limits;
}

std::optional<Scheduler> parse_scheduler(JsonReader& read, const json& object) {
  if (object.is_null()) return std::nullopt;
  Scheduler scheduler;
  scheduler.policy = read.string(object, "policy");
  scheduler.nice = read.number<std::int32_t>(object, "nice");
  scheduler.priority = read.number<std::int32_t>(object, "priority");
  scheduler.flags = read.list(object, "flags");
  scheduler.runtime_nsec = read.number<std::uint64_t>(object, "runtime");
  scheduler.deadline_nsec = read.number<std::uint64_t>(object, "deadline");
  scheduler.period_nsec = read.number<std::uint64_t>(object, "period");
  return scheduler;
}

json write_scheduler(const Scheduler& scheduler) {
  json object = {{"policy", scheduler.policy},          {"nice", scheduler.nice},
                 {"priority", scheduler.priority},      {"runtime", scheduler.runtime_nsec},
                 {"deadline", scheduler.deadline_nsec}, {"period", scheduler.period_nsec}};
  write_filled(object, "flags", scheduler.flags);
  return object;
}

std::optional<IoPriority> parse_io_priority(JsonReader& read, const json& object) {
  if (object.is_null()) return std::nullopt;
  IoPriority io;
  io.klass = read.string(object, "class");
  io.priority = read.number<int>(object, "priority");
  return io;
}

std::optional<ConsoleSize> parse_console_size(JsonReader& read, const json& object) {
  if (object.is_null()) return std::nullopt;
  return ConsoleSize{.rows = read.number<std::uint16_t>(object, "height"),
                     .columns = read.number<std::uint16_t>(object, "width")};
}

}  // namespace

ProcessSpec parse_process(JsonReader& read, const json& object) {
  ProcessSpec process;
  process.args = read.list(object, "args");
  process.env = read.list(object, "env");
  if (std::string cwd = read.string(object, "cwd"); !cwd.empty()) process.cwd = std::move(cwd);
  process.terminal = read.boolean(object, "terminal");
  process.console_size = parse_console_size(read, read.member(object, "consoleSize"));
  process.user = parse_user(read, read.member(object, "user"));
  process.capabilities = parse_capabilities(read, read.member(object, "capabilities"));
  process.rlimits = parse_rlimits(read, object);
  // The specification's default is false; a spec of ours always says.
  process.no_new_privileges = read.boolean(object, "noNewPrivileges");
  process.oom_score_adj = read.optional_number<int>(object, "oomScoreAdj");
  process.scheduler = parse_scheduler(read, read.member(object, "scheduler"));
  process.io_priority = parse_io_priority(read, read.member(object, "ioPriority"));
  process.apparmor_profile = read.string(object, "apparmorProfile");
  process.selinux_label = read.string(object, "selinuxLabel");
  return process;
}

json write_process(const ProcessSpec& process) {
  const Capabilities& sets = process.capabilities;
  json object = {{"args", process.args},
                 {"env", process.env},
                 {"cwd", process.cwd},
                 {"terminal", process.terminal},
                 {"user", write_user(process.user)},
                 {"capabilities",
                  {{"bounding", sets.bounding},
                   {"effective", sets.effective},
                   {"inheritable", sets.inheritable},
                   {"permitted", sets.permitted},
                   {"ambient", sets.ambient}}},
                 {"noNewPrivileges", process.no_new_privileges}};
  if (process.console_size)
    object["consoleSize"] = {{"height", process.console_size->rows},
                             {"width", process.console_size->columns}};
  for (const Rlimit& limit : process.rlimits)
    object["rlimits"].push_back({{"type", limit.type}, {"hard", limit.hard}, {"soft", limit.soft}});
  write_optional(object, "oomScoreAdj", process.oom_score_adj);
  if (process.scheduler) object["scheduler"] = write_scheduler(*process.scheduler);
  if (process.io_priority)
    object["ioPriority"] = {{"class", process.io_priority->klass},
                            {"priority", process.io_priority->priority}};
  write_filled(object, "apparmorProfile", process.apparmor_profile);
  write_filled(object, "selinuxLabel", process.selinux_label);
  return object;
}

Result<ProcessSpec> parse_process_spec(std::string_view text) {
  JsonReader read("process");
  const json document = AMBIT_TRY(read.parse(text));
  ProcessSpec process = parse_process(read, document);
  AMBIT_TRY(read.check());
  return process;
}

}  // namespace ambit::spec
