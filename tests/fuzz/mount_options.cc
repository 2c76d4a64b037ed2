// A mount: lines with its type, source and destination, then options separated by commas.

#include <algorithm>
#include <string>

#include "base/strings.h"
#include "fuzz/fuzz.h"
#include "sandbox/mount_options.h"

namespace ambit::fuzz {
namespace {

std::string take_line(std::string_view& input) {
  const std::string line(input.substr(0, input.find('\n')));
  input.remove_prefix(std::min(input.size(), line.size() + 1));
  return line;
}

void check(const sandbox::MountPlan& plan) {
  if (plan.destination.empty() || plan.destination.front() != '/')
    fail("the destination of a plan is absolute");
  if (plan.kind == sandbox::MountKind::Bind && (plan.source.empty() || !plan.data.empty()))
    fail("a bind mount has a source and no options of a file system");
  if (plan.kind == sandbox::MountKind::Overlay && plan.overlay.lower.empty())
    fail("an overlay has layers");
  for (const std::string& option : plan.data)
    if (option.empty()) fail("an option of a file system has a text");
}

}  // namespace

void try_input(std::string_view input) {
  spec::Mount mount;
  mount.type = take_line(input);
  mount.source = take_line(input);
  mount.destination = take_line(input);
  mount.options = split(take_line(input), ',');
  for (const std::string& option : mount.options) (void)sandbox::parse_propagation(option);
  if (const auto plan = sandbox::plan_mount(mount)) check(*plan);
}

}  // namespace ambit::fuzz
