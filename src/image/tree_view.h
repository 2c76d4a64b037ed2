#pragma once

#include <sys/stat.h>

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::image {

// A layer that is being unpacked, over the layers below it, as an overlay would show them. Paths
// are relative, without "." and "..", joined by "/"; "" is the root. A path is canonical when none
// of its components but perhaps the last is a link. Everything is resolved by descriptor, one
// component at a time; links are followed by this class alone, and end at the root.
class TreeView {
 public:
  // The descriptors are borrowed; lower layers topmost first.
  TreeView(int top_fd, std::vector<int> lower_fds);

  struct Node {
    UniqueFd dir;  // what holds it, readable
    std::string name;
    struct stat st = {};
  };

  // The object at a canonical path in the layer that is being unpacked, or below it. Nothing is
  // found under a path that is hidden, nor under one that is no folder.
  Result<std::optional<Node>> find_top(const std::string& path) const;
  Result<std::optional<Node>> find_lower(const std::string& path) const;

  // The same, but a whiteout of the path itself doesn't count.
  Result<std::optional<Node>> find_hidden(const std::string& path) const;

  // Follows the links in `path`, the last component included; what isn't there yet is taken as it
  // stands. Corrupt for something else than a folder on the way, or for more than 40 links.
  Result<std::string> canonical_folder(const std::string& path) const;

  // The folder at a canonical path in the top layer, O_PATH; NotFound where it isn't there.
  Result<UniqueFd> open_top(const std::string& path) const;

  // What this layer says of those below: the object, or everything in the folder, is gone.
  void hide(const std::string& path) { hidden_.insert(path); }
  void hide_contents(const std::string& path) { opaque_.insert(path); }
  // The root is no longer marked: what it hid is hidden name by name.
  void show_root() { opaque_.erase(""); }
  const std::set<std::string>& hidden() const noexcept { return hidden_; }
  const std::set<std::string>& opaque() const noexcept { return opaque_; }

  int top_fd() const noexcept { return top_fd_; }
  const std::vector<int>& lower_fds() const noexcept { return lower_fds_; }

 private:
  enum class Self { Counts, Ignored };
  Result<std::optional<Node>> search_lower(const std::string& path, Self self) const;
  Result<std::string> follow(const Node& link, const std::string& folder,
                             std::deque<std::string>& todo, int& links) const;

  int top_fd_;
  std::vector<int> lower_fds_;
  std::set<std::string> hidden_, opaque_;
};

// The path of an archive's entry in the form above: leading "/" and "./" taken away, ".." ends at
// the root, as docker reads it. Corrupt where it is longer than PATH_MAX.
Result<std::string> clean_path(std::string_view raw);

// "a/b" and "c" is "a/b/c"; "" and "c" is "c".
std::string join_path(std::string_view folder, std::string_view name);
std::string parent_path(const std::string& path);
std::string last_name(const std::string& path);

// An overlay's mark that the layers below don't have the name: a character device 0:0, or an empty
// file with the attribute user.overlay.whiteout.
bool is_whiteout(int dir_fd, const std::string& name, const struct stat& st);

}  // namespace ambit::image
