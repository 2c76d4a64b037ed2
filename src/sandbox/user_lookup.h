#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

struct ContainerUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary
  // The groups come from the container's /etc/group and not from its specification.
  bool groups_looked_up = false;
  std::string home;  // "" where the container has no passwd entry for the user
};

// Finds "USER[:GROUP]", names or numbers, in the /etc/passwd and /etc/group below `root_fd`, which
// may be hostile: not a regular file, too long or malformed counts as no entry. A number needs no
// entry; its group is then 0. Without GROUP the user has the groups that list it in /etc/group.
// With "" the result is `fallback`, and only the home folder is looked up.
//
// NotFound names the user or group that is missing.
Result<ContainerUser> find_user(int root_fd, const std::string& text, const spec::User& fallback);

// The name that this machine's own /etc/passwd has for the user; nothing where it has none. A
// static program has no modules that could ask others (base/user_name.h).
std::optional<std::string> local_user_name(uid_t uid);

// A line of passwd(5) and of group(5). False for one that isn't.
struct PasswdEntry {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};
struct GroupEntry {
  std::string name;
  gid_t gid = 0;
  std::string_view members;  // of the line: "daemon,mail"
};
bool parse_passwd_line(std::string_view line, PasswdEntry& entry);
bool parse_group_line(std::string_view line, GroupEntry& entry);

}  // namespace ambit::sandbox
