#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "image/layer_builder.h"
#include "os/dir.h"
#include "os/file.h"

// The end of a layer: what it takes away from those below, and the state of its folders.
namespace ambit::image {
namespace {

constexpr char kOpaqueAttribute[] = "user.overlay.opaque";
constexpr char kWhiteoutAttribute[] = "user.overlay.whiteout";

Result<void> set_flag(int fd, const char* attribute, const char* value) {
  if (::fsetxattr(fd, attribute, value, 1, 0) == 0) return {};
  const int err = errno;
  if (err == EOPNOTSUPP)
    return Error(ErrorCode::HostUnsupported,
                 std::string("the file system of the store keeps no attribute ") + attribute +
                     ": use one that does, such as ext4, xfs or btrfs (tmpfs needs Linux 6.6)");
  return Error::from_errno(err, std::string("setxattr ") + attribute);
}

}  // namespace

Result<void> LayerBuilder::finish() {
  AMBIT_TRY(adopt_root());
  AMBIT_TRY(hide_below_root());
  for (const std::string& path : view_.opaque()) AMBIT_TRY(write_opaque(path).context(path));
  for (const std::string& path : view_.hidden()) AMBIT_TRY(write_whiteout(path).context(path));
  for (const auto& [path, state] : folders_) AMBIT_TRY(finish_folder(path, state).context(path));
  return {};
}

// The root of an overlay looks like its topmost layer's.
Result<void> LayerBuilder::adopt_root() {
  if (folders_.contains("")) return {};
  Metadata metadata;
  FolderState state;
  if (!view_.lower_fds().empty()) {
    UniqueFd lower = AMBIT_TRY(os::open_at(view_.lower_fds().front(), ".", O_RDONLY | O_DIRECTORY));
    struct stat st = {};
    if (::fstat(lower.get(), &st) < 0) return Error::from_errno(errno, "stat of the root below");
    metadata = metadata_of(st);
    metadata.attributes = read_attributes(lower.get());
    state = {.mode = metadata.mode, .mtime = metadata.mtime};
  }
  UniqueFd root = AMBIT_TRY(os::open_at(view_.top_fd(), ".", O_RDONLY | O_DIRECTORY));
  folders_[""] = state;
  return apply_owner_and_attributes(root.get(), metadata, losses_).context("the root");
}

// An overlay doesn't look for the opaque mark on the roots of its layers.
Result<void> LayerBuilder::hide_below_root() {
  if (!view_.opaque().contains("")) return {};
  view_.show_root();
  for (const int fd : view_.lower_fds())
    for (const std::string& name : AMBIT_TRY(os::list_names(fd))) view_.hide(name);
  return {};
}

// Only what a lower layer has needs the mark; a file in this layer hides what is below by itself.
Result<void> LayerBuilder::write_opaque(const std::string& path) {
  const auto below = AMBIT_TRY(view_.find_hidden(path));
  if (!below || !S_ISDIR(below->st.st_mode)) return {};
  const auto here = AMBIT_TRY(view_.find_top(path));
  if (here && !S_ISDIR(here->st.st_mode)) return {};
  auto folder = ensure_folder(path);
  // A file of this layer stands in the way of the whole path.
  if (!folder && folder.error().code() == ErrorCode::Corrupt) return {};
  if (!folder) return std::move(folder).error();
  return mark_opaque(path);
}

Result<void> LayerBuilder::write_whiteout(const std::string& path) {
  const auto below = AMBIT_TRY(view_.find_hidden(path));
  if (!below) return {};
  const auto here = AMBIT_TRY(view_.find_top(path));
  if (here && S_ISDIR(here->st.st_mode)) return mark_opaque(path);
  if (here) return {};
  auto folder = ensure_folder(parent_path(path));
  if (!folder && folder.error().code() == ErrorCode::Corrupt) return {};
  if (!folder) return std::move(folder).error();
  return mark_whiteout(path);
}

Result<void> LayerBuilder::mark_opaque(const std::string& path) {
  UniqueFd opened = AMBIT_TRY(view_.open_top(path));
  UniqueFd folder = AMBIT_TRY(os::open_at(opened.get(), ".", O_RDONLY | O_DIRECTORY));
  return set_flag(folder.get(), kOpaqueAttribute, "y");
}

Result<void> LayerBuilder::mark_whiteout(const std::string& path) {
  UniqueFd opened = AMBIT_TRY(view_.open_top(parent_path(path)));
  const std::string name = last_name(path);
  if (::mknodat(opened.get(), name.c_str(), S_IFCHR, makedev(0, 0)) == 0) return {};
  if (errno != EPERM) return Error::from_errno(errno, "mknod of a whiteout");
  // Some sandboxes refuse any device node. Linux 6.7 reads this form as well.
  UniqueFd file =
      AMBIT_TRY(os::open_at(opened.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  AMBIT_TRY(set_flag(file.get(), kWhiteoutAttribute, "y"));
  UniqueFd folder = AMBIT_TRY(os::open_at(opened.get(), ".", O_RDONLY | O_DIRECTORY));
  return set_flag(folder.get(), kOpaqueAttribute, "x");
}

Result<void> LayerBuilder::finish_folder(const std::string& path, const FolderState& state) {
  UniqueFd opened = AMBIT_TRY(view_.open_top(path));
  UniqueFd folder = AMBIT_TRY(os::open_at(opened.get(), ".", O_RDONLY | O_DIRECTORY));
  if (::fchmod(folder.get(), state.mode) < 0) return Error::from_errno(errno, "chmod");
  if (!state.mtime) return {};
  const timespec times[2] = {*state.mtime, *state.mtime};
  if (::futimens(folder.get(), times) < 0) return Error::from_errno(errno, "utimens");
  return {};
}

}  // namespace ambit::image
