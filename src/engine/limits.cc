#include "engine/limits.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "systemd/limit_check.h"
#include "systemd/limit_properties.h"

namespace ambit::engine {
namespace {

constexpr int kMaxOomScore = 1000;
constexpr std::size_t kMaxProperties = 1000;
constexpr char kSlice[] = "Slice";
constexpr char kOomPolicy[] = "OOMPolicy";
constexpr char kKill[] = "kill";

Result<void> check_text(const systemd::UnitProperties& properties) {
  if (const auto* slice = systemd::find_property(properties, kSlice)) {
    const std::string& name = std::get<std::string>(*slice);
    if (!name.ends_with(".slice") || name.find('/') != std::string::npos)
      return Error(ErrorCode::InvalidArgument,
                   "Slice=" + name + ": the name of a slice ends in .slice");
  }
  if (const auto* policy = systemd::find_property(properties, kOomPolicy)) {
    const std::string& name = std::get<std::string>(*policy);
    if (name != "continue" && name != "stop" && name != kKill)
      return Error(ErrorCode::InvalidArgument,
                   "OOMPolicy=" + name + ": it is continue, stop or kill");
  }
  return {};
}

}  // namespace

Result<void> check_limits(const spec::LimitOptions& limits) {
  if (limits.properties.size() > kMaxProperties)
    return Error(ErrorCode::InvalidArgument,
                 strf("%zu properties are too many", limits.properties.size()));
  const auto properties = AMBIT_TRY(systemd::parse_properties(limits.properties));
  AMBIT_TRY(check_text(properties));
  const int score = limits.oom_score_adj.value_or(0);
  if (score < -kMaxOomScore || score > kMaxOomScore)
    return Error(ErrorCode::InvalidArgument,
                 strf("OOM score adjustment %d is not of -1000 to 1000", score));
  return {};
}

Result<LimitPlan> plan_limits(const spec::LimitOptions& limits, const std::string& manager_group) {
  LimitPlan plan;
  plan.properties = AMBIT_TRY(systemd::parse_properties(limits.properties));
  plan.expected = AMBIT_TRY(systemd::expected_lines(plan.properties));
  const auto* policy = systemd::find_property(plan.properties, kOomPolicy);
  plan.oom_group = policy != nullptr && std::get<std::string>(*policy) == kKill;
  if (manager_group.empty()) return plan;
  std::vector<spec::LimitLine> lines = plan.expected;
  if (plan.oom_group) lines.push_back({"memory.oom.group", "1", spec::LimitCheck::Value, ""});
  AMBIT_TRY(systemd::check_controllers(manager_group, lines));
  return plan;
}

void add_limits(const LimitPlan& plan, systemd::ScopeOptions& scope) {
  systemd::UnitProperties properties = plan.properties;
  if (const auto* slice = systemd::find_property(properties, kSlice))
    scope.slice = std::get<std::string>(*slice);
  if (const auto* policy = systemd::find_property(properties, kOomPolicy))
    scope.oom_policy = plan.oom_group ? "continue" : std::get<std::string>(*policy);
  std::erase_if(properties,
                [](const auto& each) { return each.name == kSlice || each.name == kOomPolicy; });
  scope.extra.add(systemd::property_options(properties));
}

bool change_limits(spec::LimitOptions& limits, const systemd::UnitProperties& changes) {
  auto properties = systemd::parse_properties(limits.properties);
  // A record that can't be read any more keeps what it has.
  if (!properties) return false;
  systemd::merge_properties(*properties, changes);
  std::vector<std::string> lines = systemd::property_lines(*properties);
  if (lines == limits.properties) return false;
  limits.properties = std::move(lines);
  return true;
}

systemd::UnitProperties resources_of(const std::vector<std::string>& lines) {
  systemd::UnitProperties properties;
  for (const std::string& line : lines) {
    const auto property = systemd::parse_property(line);
    if (property && systemd::is_live((*property).name))
      systemd::merge_properties(properties, {*property});
  }
  return properties;
}

}  // namespace ambit::engine
