#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "image/entry_metadata.h"
#include "image/tree_view.h"

namespace ambit::image {

// Makes objects in the layer that is being unpacked. Paths are canonical (tree_view.h).
class LayerBuilder {
 public:
  LayerBuilder(int root_fd, std::vector<int> lower_fds);

  TreeView& view() noexcept { return view_; }
  Losses& losses() noexcept { return losses_; }

  // The folder in this layer, O_PATH. One that only lower layers have is made here with their
  // owner, mode, time and attributes, as an overlay's copy-up does; one that nobody has is root's,
  // with mode 0755.
  Result<UniqueFd> ensure_folder(const std::string& path);

  // A folder that the archive has; what was there and was none makes way. "" is the root.
  Result<void> make_folder(const std::string& path, const Metadata& metadata);

  // A new empty file, open for writing.
  Result<UniqueFd> make_file(const std::string& path);
  Result<void> make_link(const std::string& path, const std::string& target,
                         const Metadata& metadata);
  Result<void> make_fifo(const std::string& path, const Metadata& metadata);

  // Another name for `target`, which this layer or a lower one has: Corrupt where neither does.
  Result<void> make_hard_link(const std::string& path, const std::string& target);

  // After the last entry: whiteouts, opaque folders, then modes and times of folders.
  Result<void> finish();

 private:
  struct FolderState {
    mode_t mode = 0755;
    std::optional<timespec> mtime;
  };

  Result<void> clear(int dir_fd, const std::string& path);
  Result<void> make_implied_folder(const std::string& path);
  Result<void> copy_up(const std::string& path, const TreeView::Node& source);
  Result<void> copy_file_up(const std::string& path, const TreeView::Node& source);
  Result<void> adopt_root();
  Result<void> hide_below_root();
  Result<void> write_opaque(const std::string& path);
  Result<void> write_whiteout(const std::string& path);
  Result<void> mark_opaque(const std::string& path);
  Result<void> mark_whiteout(const std::string& path);
  Result<void> finish_folder(const std::string& path, const FolderState& state);

  TreeView view_;
  Losses losses_;
  std::map<std::string, FolderState> folders_;  // modes and times still to be set
  std::string last_folder_;                     // the folder that `last_folder_fd_` is
  UniqueFd last_folder_fd_;
};

}  // namespace ambit::image
