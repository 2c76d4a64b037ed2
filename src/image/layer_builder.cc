#include "image/layer_builder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "image/tree_remove.h"
#include "os/file.h"

namespace ambit::image {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{128} << 20;

Result<UniqueFd> readable(int folder_fd) {
  return os::open_at(folder_fd, ".", O_RDONLY | O_DIRECTORY);
}

// copy_file_range(2) makes a reflink where the file system can.
Result<void> copy_contents(int from_fd, int to_fd) {
  while (true) {
    const ssize_t n = ::copy_file_range(from_fd, nullptr, to_fd, nullptr, kCopyBytes, 0);
    if (n == 0) return {};
    if (n < 0 && errno != EINTR) return Error::from_errno(errno, "copy_file_range");
  }
}

}  // namespace

LayerBuilder::LayerBuilder(int root_fd, std::vector<int> lower_fds)
    : view_(root_fd, std::move(lower_fds)) {}

Result<UniqueFd> LayerBuilder::ensure_folder(const std::string& path) {
  if (last_folder_fd_ && last_folder_ == path) {
    UniqueFd again(::fcntl(last_folder_fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (again) return again;
  }
  auto folder = view_.open_top(path);
  if (!folder && folder.error().sys_errno() == ENOENT) {
    std::string prefix;
    for (const std::string& name : split(path, '/')) {
      prefix = join_path(prefix, name);
      AMBIT_TRY(make_implied_folder(prefix));
    }
    folder = view_.open_top(path);
  }
  if (!folder && (folder.error().sys_errno() == ENOTDIR || folder.error().sys_errno() == ELOOP))
    return Error(ErrorCode::Corrupt, path + " is not a folder");
  if (!folder) return folder;
  last_folder_ = path;
  last_folder_fd_.reset(::fcntl(folder->get(), F_DUPFD_CLOEXEC, 0));
  return folder;
}

Result<void> LayerBuilder::make_implied_folder(const std::string& path) {
  UniqueFd parent = AMBIT_TRY(view_.open_top(parent_path(path)));
  const std::string name = last_name(path);
  if (::mkdirat(parent.get(), name.c_str(), 0700) < 0) {
    if (errno == EEXIST) return {};
    return Error::from_errno(errno, "mkdir " + path);
  }
  UniqueFd folder = AMBIT_TRY(view_.open_top(path));
  UniqueFd made = AMBIT_TRY(readable(folder.get()));
  const auto below = AMBIT_TRY(view_.find_lower(path));
  Metadata metadata;
  FolderState state;
  if (below && S_ISDIR(below->st.st_mode)) {
    metadata = metadata_of(below->st);
    UniqueFd lower =
        AMBIT_TRY(os::open_at(below->dir.get(), below->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    metadata.attributes = read_attributes(lower.get());
    state = {.mode = metadata.mode, .mtime = metadata.mtime};
  }
  AMBIT_TRY(apply_owner_and_attributes(made.get(), metadata, losses_).context(path));
  folders_[path] = state;
  return {};
}

// Takes away what this layer has at the path.
Result<void> LayerBuilder::clear(int dir_fd, const std::string& path) {
  const std::string name = last_name(path);
  if (::unlinkat(dir_fd, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  last_folder_fd_.reset();
  const std::string below = path + "/";
  folders_.erase(path);
  for (auto it = folders_.lower_bound(below); it != folders_.end() && it->first.starts_with(below);)
    it = folders_.erase(it);
  return remove_tree(dir_fd, name);
}

Result<void> LayerBuilder::make_folder(const std::string& path, const Metadata& metadata) {
  last_folder_fd_.reset();
  if (!path.empty()) {
    UniqueFd parent = AMBIT_TRY(ensure_folder(parent_path(path)));
    const std::string name = last_name(path);
    struct stat st = {};
    const bool exists = ::fstatat(parent.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && !S_ISDIR(st.st_mode)) {
      AMBIT_TRY(clear(parent.get(), path));
      // It had taken the place of everything below, so the folder begins empty.
      view_.hide(path);
    }
    if ((!exists || !S_ISDIR(st.st_mode)) && ::mkdirat(parent.get(), name.c_str(), 0700) < 0)
      return Error::from_errno(errno, "mkdir");
  }
  UniqueFd opened = AMBIT_TRY(view_.open_top(path));
  UniqueFd folder = AMBIT_TRY(readable(opened.get()));
  AMBIT_TRY(apply_owner_and_attributes(folder.get(), metadata, losses_));
  folders_[path] = {.mode = metadata.mode, .mtime = metadata.mtime};
  return {};
}

Result<UniqueFd> LayerBuilder::make_file(const std::string& path) {
  UniqueFd parent = AMBIT_TRY(ensure_folder(parent_path(path)));
  const std::string name = last_name(path);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  auto file = os::open_at(parent.get(), name, kFlags, 0600);
  if (file || file.error().sys_errno() != EEXIST) return file;
  AMBIT_TRY(clear(parent.get(), path));
  return os::open_at(parent.get(), name, kFlags, 0600);
}

Result<void> LayerBuilder::make_link(const std::string& path, const std::string& target,
                                     const Metadata& metadata) {
  UniqueFd parent = AMBIT_TRY(ensure_folder(parent_path(path)));
  const std::string name = last_name(path);
  AMBIT_TRY(clear(parent.get(), path));
  if (::symlinkat(target.c_str(), parent.get(), name.c_str()) < 0)
    return Error::from_errno(errno, "symlink");
  return apply_metadata_at(parent.get(), name, metadata);
}

Result<void> LayerBuilder::make_fifo(const std::string& path, const Metadata& metadata) {
  UniqueFd parent = AMBIT_TRY(ensure_folder(parent_path(path)));
  const std::string name = last_name(path);
  AMBIT_TRY(clear(parent.get(), path));
  if (::mknodat(parent.get(), name.c_str(), S_IFIFO | 0600, 0) < 0)
    return Error::from_errno(errno, "mknod");
  return apply_metadata_at(parent.get(), name, metadata);
}

Result<void> LayerBuilder::make_hard_link(const std::string& path, const std::string& target) {
  auto source = AMBIT_TRY(view_.find_top(target));
  if (!source) {
    const auto below = AMBIT_TRY(view_.find_lower(target));
    if (below && !S_ISDIR(below->st.st_mode)) AMBIT_TRY(copy_up(target, *below));
    source = AMBIT_TRY(view_.find_top(target));
  }
  if (!source)
    return Error(ErrorCode::Corrupt, "a hard link to " + target + ", which the image doesn't have");
  if (S_ISDIR(source->st.st_mode))
    return Error(ErrorCode::Corrupt, "a hard link to the folder " + target);
  if (path == target) return {};
  UniqueFd parent = AMBIT_TRY(ensure_folder(parent_path(path)));
  AMBIT_TRY(clear(parent.get(), path));
  if (::linkat(source->dir.get(), source->name.c_str(), parent.get(), last_name(path).c_str(), 0) <
      0)
    return Error::from_errno(errno, "a hard link to " + target);
  return {};
}

// The file of a lower layer becomes one of this layer, as an overlay does before it links.
Result<void> LayerBuilder::copy_up(const std::string& path, const TreeView::Node& source) {
  if (S_ISREG(source.st.st_mode)) return copy_file_up(path, source);
  if (S_ISFIFO(source.st.st_mode)) return make_fifo(path, metadata_of(source.st));
  if (!S_ISLNK(source.st.st_mode))
    return Error(ErrorCode::Corrupt, "a hard link to " + path + ", which can't be linked");
  return make_link(path, AMBIT_TRY(os::read_link_at(source.dir.get(), source.name)),
                   metadata_of(source.st));
}

Result<void> LayerBuilder::copy_file_up(const std::string& path, const TreeView::Node& source) {
  UniqueFd from = AMBIT_TRY(os::open_at(source.dir.get(), source.name, O_RDONLY | O_NOFOLLOW));
  UniqueFd to = AMBIT_TRY(make_file(path));
  AMBIT_TRY(copy_contents(from.get(), to.get()).context("copying " + path));
  Metadata metadata = metadata_of(source.st);
  metadata.attributes = read_attributes(from.get());
  return apply_metadata(to.get(), metadata, losses_).context("copying " + path);
}

}  // namespace ambit::image
