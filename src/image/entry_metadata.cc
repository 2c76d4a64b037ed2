#include "image/entry_metadata.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/strings.h"

namespace ambit::image {
namespace {

constexpr char kOwnerAttribute[] = "user.ambit.owner";
constexpr mode_t kModeBits = 07777;
constexpr std::size_t kMaxAttributeList = 65536;   // XATTR_LIST_MAX
constexpr std::size_t kMaxAttributeValue = 65536;  // XATTR_SIZE_MAX

// An overlay must not take orders from an image, and labels are the host's.
bool is_kept(std::string_view name) {
  if (name.starts_with("user.overlay.")) return false;
  return name.starts_with("user.") || name.starts_with("system.posix_acl_") ||
         name == "security.capability";
}

std::array<timespec, 2> times_of(const Metadata& metadata) {
  return {metadata.mtime, metadata.mtime};
}

Result<void> set_attribute(int fd, const std::string& name, const std::string& value,
                           Losses& losses) {
  if (!is_kept(name)) {
    ++losses.attributes;
    return {};
  }
  if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) return {};
  // ENOSPC is here the limit of one object's attributes (ext4: one block), not a full disk.
  ++losses.attributes;
  return {};
}

}  // namespace

Metadata metadata_of(archive_entry* entry) {
  Metadata metadata;
  metadata.uid = archive_entry_uid(entry);
  metadata.gid = archive_entry_gid(entry);
  metadata.mode = archive_entry_perm(entry) & kModeBits;
  metadata.mtime = {.tv_sec = archive_entry_mtime(entry),
                    .tv_nsec = archive_entry_mtime_nsec(entry)};
  (void)archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
    metadata.attributes.emplace_back(name, std::string(static_cast<const char*>(value), size));
  return metadata;
}

Metadata metadata_of(const struct stat& st) {
  return {.uid = st.st_uid,
          .gid = st.st_gid,
          .mode = st.st_mode & kModeBits,
          .mtime = st.st_mtim,
          .attributes = {}};
}

Result<void> fit_owner(Metadata& metadata, const IdMaps& maps, ForeignIds foreign_ids) {
  if (maps.uids.contains(metadata.uid) && maps.gids.contains(metadata.gid)) return {};
  const std::string owner = std::to_string(metadata.uid) + ":" + std::to_string(metadata.gid);
  if (foreign_ids == ForeignIds::Refuse)
    return Error(ErrorCode::InvalidArgument,
                 "its owner " + owner + " is outside of the ids that you have (users " +
                     maps.uids.describe() + ", groups " + maps.gids.describe() +
                     "): get more subordinate ids (usermod --add-subuids, --add-subgids), or "
                     "let such files become root's by squashing foreign owners");
  metadata.attributes.emplace_back(kOwnerAttribute, owner);
  metadata.uid = 0;
  metadata.gid = 0;
  return {};
}

Result<void> apply_owner_and_attributes(int fd, const Metadata& metadata, Losses& losses) {
  if (::fchown(fd, static_cast<uid_t>(metadata.uid), static_cast<gid_t>(metadata.gid)) < 0)
    return Error::from_errno(errno, "chown");
  for (const auto& [name, value] : metadata.attributes)
    AMBIT_TRY(set_attribute(fd, name, value, losses));
  return {};
}

Result<void> apply_metadata(int fd, const Metadata& metadata, Losses& losses) {
  AMBIT_TRY(apply_owner_and_attributes(fd, metadata, losses));
  if (::fchmod(fd, metadata.mode) < 0) return Error::from_errno(errno, "chmod");
  if (::futimens(fd, times_of(metadata).data()) < 0) return Error::from_errno(errno, "utimens");
  return {};
}

Result<void> apply_metadata_at(int dir_fd, const std::string& name, const Metadata& metadata) {
  struct stat st = {};
  if (::fchownat(dir_fd, name.c_str(), static_cast<uid_t>(metadata.uid),
                 static_cast<gid_t>(metadata.gid), AT_SYMLINK_NOFOLLOW) < 0)
    return Error::from_errno(errno, "chown");
  if (::fstatat(dir_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0)
    return Error::from_errno(errno, "stat");
  if (!S_ISLNK(st.st_mode) && ::fchmodat(dir_fd, name.c_str(), metadata.mode, 0) < 0)
    return Error::from_errno(errno, "chmod");
  if (::utimensat(dir_fd, name.c_str(), times_of(metadata).data(), AT_SYMLINK_NOFOLLOW) < 0)
    return Error::from_errno(errno, "utimens");
  return {};
}

std::vector<std::pair<std::string, std::string>> read_attributes(int fd) {
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string names(kMaxAttributeList, '\0');
  const ssize_t length = ::flistxattr(fd, names.data(), names.size());
  if (length <= 0) return attributes;
  names.resize(static_cast<std::size_t>(length));
  for (const std::string& name : split(names, '\0')) {
    if (name.empty() || !is_kept(name)) continue;
    std::string value(kMaxAttributeValue, '\0');
    const ssize_t size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (size < 0) continue;
    value.resize(static_cast<std::size_t>(size));
    attributes.emplace_back(name, std::move(value));
  }
  return attributes;
}

}  // namespace ambit::image
