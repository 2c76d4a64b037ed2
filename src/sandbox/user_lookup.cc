#include "sandbox/user_lookup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <limits>
#include <optional>
#include <unordered_set>

#include "base/strings.h"
#include "os/file.h"
#include "os/path.h"

namespace ambit::sandbox {
namespace {

constexpr std::size_t kMaxFileBytes = 4U << 20;
// NGROUPS_MAX of the kernel.
constexpr std::size_t kMaxGroups = 65536;

std::optional<id_t> parse_id(std::string_view text) {
  const auto number = parse_uint(text);
  // The last one is (uid_t)-1, "leave as it is" to setresuid(2).
  if (!number || *number >= std::numeric_limits<id_t>::max()) return std::nullopt;
  return static_cast<id_t>(*number);
}

// The first N fields of a line, in place: a hostile one may be megabytes of separators. False where
// there are fewer.
template <std::size_t N>
bool take_fields(std::string_view line, std::array<std::string_view, N>& fields) {
  std::size_t taken = 0;
  while (taken < N) {
    const std::size_t end = line.find(':');
    fields[taken++] = line.substr(0, end);
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return taken == N;
}

bool lists(std::string_view members, std::string_view user) {
  while (!members.empty()) {
    const std::size_t end = members.find(',');
    if (members.substr(0, end) == user) return true;
    if (end == std::string_view::npos) return false;
    members.remove_prefix(end + 1);
  }
  return false;
}

// "" where it isn't there or is nothing that anybody should read: a fifo would block, a folder or
// a device is no list of users.
std::string read_etc_file(int root_fd, const char* path) {
  const auto fd = os::open_in_root(root_fd, path, {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY});
  struct stat st = {};
  if (!fd || ::fstat((*fd).get(), &st) < 0 || !S_ISREG(st.st_mode)) return "";
  auto text = os::read_all((*fd).get(), kMaxFileBytes);
  return text ? *std::move(text) : "";
}

// Calls `accept` with each line until it returns true.
template <typename F>
void for_each_line(std::string_view text, const F& accept) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (accept(text.substr(0, end)) || end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

std::optional<PasswdEntry> find_passwd(std::string_view passwd, const std::string& name,
                                       std::optional<id_t> uid) {
  std::optional<PasswdEntry> found;
  for_each_line(passwd, [&](std::string_view line) {
    PasswdEntry entry;
    if (!parse_passwd_line(line, entry)) return false;
    if (entry.name != name && !(uid && entry.uid == *uid)) return false;
    found = std::move(entry);
    return true;
  });
  return found;
}

Result<gid_t> find_group(std::string_view groups, const std::string& name) {
  const auto number = parse_id(name);
  std::optional<gid_t> found;
  for_each_line(groups, [&](std::string_view line) {
    GroupEntry entry;
    if (!parse_group_line(line, entry) || entry.name != name) return false;
    found = entry.gid;
    return true;
  });
  if (found) return *found;
  if (number) return *number;
  return Error(ErrorCode::NotFound, "no group '" + name + "' in the container's /etc/group");
}

std::vector<gid_t> groups_of(std::string_view groups, const std::string& user) {
  std::vector<gid_t> gids;
  std::unordered_set<gid_t> seen;
  for_each_line(groups, [&](std::string_view line) {
    GroupEntry entry;
    if (parse_group_line(line, entry) && lists(entry.members, user) &&
        seen.insert(entry.gid).second)
      gids.push_back(entry.gid);
    return gids.size() >= kMaxGroups;
  });
  return gids;
}

ContainerUser from_spec(const spec::User& user, std::string_view passwd) {
  ContainerUser result;
  result.uid = user.uid;
  result.gid = user.gid;
  result.groups.assign(user.additional_gids.begin(), user.additional_gids.end());
  if (const auto entry = find_passwd(passwd, /*name=*/"", user.uid)) result.home = entry->home;
  return result;
}

}  // namespace

bool parse_passwd_line(std::string_view line, PasswdEntry& entry) {
  if (line.size() > 4096) return false;
  std::array<std::string_view, 6> fields;
  if (!take_fields(line, fields) || fields[0].empty()) return false;
  const auto uid = parse_id(fields[2]);
  const auto gid = parse_id(fields[3]);
  if (!uid || !gid) return false;
  entry = {
      .name = std::string(fields[0]), .uid = *uid, .gid = *gid, .home = std::string(fields[5])};
  return true;
}

bool parse_group_line(std::string_view line, GroupEntry& entry) {
  std::array<std::string_view, 4> fields;
  if (!take_fields(line, fields) || fields[0].empty()) return false;
  const auto gid = parse_id(fields[2]);
  if (!gid) return false;
  entry = {.name = std::string(fields[0]), .gid = *gid, .members = trim(fields[3])};
  return true;
}

Result<ContainerUser> find_user(int root_fd, const std::string& text, const spec::User& fallback) {
  const std::string passwd = read_etc_file(root_fd, "/etc/passwd");
  if (text.empty()) return from_spec(fallback, passwd);

  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto number = parse_id(name);
  const auto entry = find_passwd(passwd, name, number);
  if (!entry && !number)
    return Error(ErrorCode::NotFound, "no user '" + name + "' in the container's /etc/passwd");

  ContainerUser user;
  user.uid = entry ? entry->uid : *number;
  user.gid = entry ? entry->gid : 0;
  user.home = entry ? entry->home : "";
  const std::string groups = read_etc_file(root_fd, "/etc/group");
  if (colon != std::string::npos && colon + 1 < text.size()) {
    user.gid = AMBIT_TRY(find_group(groups, text.substr(colon + 1)));
  } else if (entry) {
    user.groups = groups_of(groups, entry->name);
    user.groups_looked_up = true;
  }
  return user;
}

std::optional<std::string> local_user_name(uid_t uid) {
  const auto passwd = os::read_file_at(AT_FDCWD, "/etc/passwd", kMaxFileBytes);
  if (!passwd) return std::nullopt;
  auto entry = find_passwd(*passwd, /*name=*/"", uid);
  if (!entry) return std::nullopt;
  return std::move(entry->name);
}

}  // namespace ambit::sandbox
