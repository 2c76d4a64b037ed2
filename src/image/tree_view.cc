#include "image/tree_view.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::image {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel: path_resolution(7)
constexpr char kOpaqueAttribute[] = "user.overlay.opaque";
constexpr char kWhiteoutAttribute[] = "user.overlay.whiteout";

// A canonical path: a link on the way is an error, ELOOP.
int open_plain(int root_fd, const std::string& path, int flags) {
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const char* name = path.empty() ? "." : path.c_str();
  return static_cast<int>(::syscall(SYS_openat2, root_fd, name, &how, sizeof how));
}

UniqueFd open_folder(int root_fd, const std::string& path) {
  return UniqueFd(open_plain(root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

bool is_opaque(int folder_fd) {
  char value = 0;
  return ::fgetxattr(folder_fd, kOpaqueAttribute, &value, 1) == 1 && value == 'y';
}

Result<std::optional<TreeView::Node>> nothing() { return std::optional<TreeView::Node>(); }

}  // namespace

TreeView::TreeView(int top_fd, std::vector<int> lower_fds)
    : top_fd_(top_fd), lower_fds_(std::move(lower_fds)) {}

Result<std::optional<TreeView::Node>> TreeView::find_top(const std::string& path) const {
  Node node;
  node.name = path.empty() ? "." : last_name(path);
  node.dir = open_folder(top_fd_, parent_path(path));
  if (!node.dir && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return nothing();
  if (!node.dir) return Error::from_errno(errno, "opening " + parent_path(path));
  if (::fstatat(node.dir.get(), node.name.c_str(), &node.st, AT_SYMLINK_NOFOLLOW) == 0)
    return std::optional<Node>(std::move(node));
  if (errno == ENOENT) return nothing();
  return Error::from_errno(errno, "looking up " + path);
}

Result<std::optional<TreeView::Node>> TreeView::find_lower(const std::string& path) const {
  return search_lower(path, Self::Counts);
}

Result<std::optional<TreeView::Node>> TreeView::find_hidden(const std::string& path) const {
  return search_lower(path, Self::Ignored);
}

// Goes down all lower layers at once: of each name, the topmost layer that has it decides what it
// is, and folders of several layers are one.
Result<std::optional<TreeView::Node>> TreeView::search_lower(const std::string& path,
                                                             Self self) const {
  if (path.empty() || lower_fds_.empty() || opaque_.contains("")) return nothing();
  std::vector<UniqueFd> folders;
  for (const int fd : lower_fds_) folders.push_back(AMBIT_TRY(os::open_at(fd, ".", O_RDONLY)));
  const std::vector<std::string> names = split(path, '/');
  std::string prefix;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    prefix = join_path(prefix, names[i]);
    if (hidden_.contains(prefix) && !(last && self == Self::Ignored)) return nothing();
    std::vector<UniqueFd> below;
    for (UniqueFd& folder : folders) {
      struct stat st = {};
      if (::fstatat(folder.get(), names[i].c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT) continue;
        return Error::from_errno(errno, "looking up " + prefix);
      }
      if (is_whiteout(folder.get(), names[i], st)) break;
      if (last) return std::optional<Node>(Node{std::move(folder), names[i], st});
      if (!S_ISDIR(st.st_mode)) break;
      below.push_back(open_folder(folder.get(), names[i]));
      if (!below.back()) return Error::from_errno(errno, "opening " + prefix);
      if (is_opaque(below.back().get())) break;
    }
    if (below.empty() || opaque_.contains(prefix)) return nothing();
    folders = std::move(below);
  }
  return nothing();
}

Result<UniqueFd> TreeView::open_top(const std::string& path) const {
  UniqueFd fd(open_plain(top_fd_, path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (!fd) return Error::from_errno(errno, "opening " + path);
  return fd;
}

// Puts the link's target before what is still to go, and returns the folder to go on from.
Result<std::string> TreeView::follow(const Node& link, const std::string& folder,
                                     std::deque<std::string>& todo, int& links) const {
  if (++links > kMaxLinks)
    return Error(ErrorCode::Corrupt, "too many links at " + join_path(folder, link.name));
  const std::string target = AMBIT_TRY(os::read_link_at(link.dir.get(), link.name));
  const std::vector<std::string> names = split(target, '/');
  todo.insert(todo.begin(), names.begin(), names.end());
  return target.starts_with('/') ? std::string() : folder;
}

Result<std::string> TreeView::canonical_folder(const std::string& path) const {
  if (UniqueFd plain(open_plain(top_fd_, path, O_PATH | O_DIRECTORY | O_NOFOLLOW)); plain)
    return path;
  std::deque<std::string> todo;
  for (std::string& name : split(path, '/')) todo.push_back(std::move(name));
  std::string folder;
  int links = 0;
  while (!todo.empty()) {
    const std::string name = std::move(todo.front());
    todo.pop_front();
    if (name == "..") folder = parent_path(folder);
    if (name.empty() || name == "." || name == "..") continue;
    const std::string next = join_path(folder, name);
    if (next.size() >= PATH_MAX) return Error(ErrorCode::Corrupt, "a path longer than PATH_MAX");
    auto node = AMBIT_TRY(find_top(next));
    if (!node) node = AMBIT_TRY(find_lower(next));
    if (node && S_ISLNK(node->st.st_mode))
      folder = AMBIT_TRY(follow(*node, folder, todo, links));
    else if (node && !S_ISDIR(node->st.st_mode))
      return Error(ErrorCode::Corrupt, next + " is not a folder");
    else
      folder = next;
  }
  return folder;
}

Result<std::string> clean_path(std::string_view raw) {
  std::vector<std::string> kept;
  for (std::string& name : split(raw, '/')) {
    if (name.empty() || name == ".") continue;
    if (name != "..")
      kept.push_back(std::move(name));
    else if (!kept.empty())
      kept.pop_back();
  }
  std::string path = join(kept, "/");
  if (path.size() >= PATH_MAX)
    return Error(ErrorCode::Corrupt,
                 strf("a path of %zu bytes, longer than PATH_MAX", path.size()));
  return path;
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

std::string parent_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string last_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool is_whiteout(int dir_fd, const std::string& name, const struct stat& st) {
  if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0)) return true;
  if (!S_ISREG(st.st_mode) || st.st_size != 0) return false;
  UniqueFd file(::openat(dir_fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return file && ::fgetxattr(file.get(), kWhiteoutAttribute, nullptr, 0) >= 0;
}

}  // namespace ambit::image
