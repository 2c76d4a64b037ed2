#include "systemd/drop_ins.h"

#include <fcntl.h>

#include <algorithm>

#include "base/strings.h"
#include "os/cgroup.h"
#include "os/dir.h"
#include "os/file.h"
#include "systemd/limit_files.h"

namespace ambit::systemd {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 16;
constexpr std::size_t kMaxAssignments = 1000;

std::string absolute(const std::string& assignment, const std::string& control_group) {
  const std::string name = assignment.substr(0, assignment.find('='));
  const auto* const file =
      std::find_if(std::begin(kNumberFiles), std::end(kNumberFiles),
                   [&](const NumberFile& each) { return name == each.property; });
  if (assignment.back() != '%' || file == std::end(kNumberFiles) || control_group.empty())
    return assignment;
  auto cgroup = os::open_cgroup(control_group);
  if (!cgroup) return assignment;
  const auto content = os::read_file_at(cgroup->get(), std::string(file->file), kMaxFileBytes);
  if (!content) return assignment;
  const std::string number(trim(*content));
  return name + "=" + (number == "max" ? "infinity" : number);
}

void add_assignments(const std::string& text, const std::string& control_group,
                     std::vector<std::string>& assignments) {
  for (const std::string& each : split(text, '\n')) {
    const std::string line(trim(each));
    const bool is_assignment = !line.empty() && line[0] != '#' && line[0] != ';' &&
                               line[0] != '[' && line.find('=') != std::string::npos;
    if (is_assignment && assignments.size() < kMaxAssignments)
      assignments.push_back(absolute(line, control_group));
  }
}

}  // namespace

std::vector<std::string> read_drop_ins(const std::string& transient_dir, const std::string& unit,
                                       const std::string& control_group) {
  std::vector<std::string> assignments;
  auto folder = os::open_at(AT_FDCWD, transient_dir + "/" + unit + ".d", O_PATH | O_DIRECTORY);
  if (!folder) return assignments;
  auto names = os::list_names(folder->get());
  if (!names) return assignments;
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    if (!name.ends_with(".conf")) continue;
    const auto text = os::read_file_at(folder->get(), name, kMaxFileBytes);
    if (text) add_assignments(*text, control_group, assignments);
  }
  return assignments;
}

}  // namespace ambit::systemd
