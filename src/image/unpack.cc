#include "image/unpack.h"

#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "image/layer_builder.h"

namespace ambit::image {
namespace {

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueMarker = ".wh..wh..opq";
constexpr std::string_view kAufsPrefix = ".wh..wh.";  // that file system's own files
constexpr std::size_t kMaxShownName = 200;

// An entry's name for an error: whatever it holds, one line of bounded length.
std::string shown(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, kMaxShownName))
    text += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return name.size() > kMaxShownName ? text + "..." : text;
}

Result<void> write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::from_errno(errno, "writing");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

class Unpacker {
 public:
  Unpacker(TarStream& tar, int root_fd, std::vector<int> lower_fds, const UnpackOptions& options)
      : tar_(tar), layer_(root_fd, std::move(lower_fds)), options_(options) {}

  Result<Unpacked> run() {
    while (archive_entry* entry = AMBIT_TRY(tar_.next())) {
      ++unpacked_.entries;
      const char* name = archive_entry_pathname(entry);
      if (name == nullptr) return Error(ErrorCode::Corrupt, "an entry without a name");
      AMBIT_TRY(place(entry, name).context(shown(name)));
    }
    AMBIT_TRY(layer_.finish());
    unpacked_.losses = layer_.losses();
    return unpacked_;
  }

 private:
  Result<void> place(archive_entry* entry, const std::string& raw) {
    const std::string path = AMBIT_TRY(clean_path(raw));
    if (path.empty()) return place_root(entry);
    const std::string name = last_name(path);
    if (name.starts_with(kWhiteoutPrefix)) return place_marker(parent_path(path), name);
    const std::string folder = AMBIT_TRY(resolve_folder(parent_path(path)));
    return place_object(entry, join_path(folder, name));
  }

  // Entries come folder by folder; resolving the same one again is saved.
  Result<std::string> resolve_folder(const std::string& path) {
    if (resolved_ && resolved_from_ == path) return *resolved_;
    resolved_from_ = path;
    resolved_ = AMBIT_TRY(layer_.view().canonical_folder(path));
    return *resolved_;
  }

  // A root that is anything but a folder would put the whole image somewhere else.
  Result<void> place_root(archive_entry* entry) {
    if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry) != nullptr)
      return Error(ErrorCode::Corrupt, "the image's root is no folder");
    return layer_.make_folder("", AMBIT_TRY(metadata(entry)));
  }

  Result<void> place_marker(const std::string& raw_folder, const std::string& name) {
    if (name != kOpaqueMarker && name.starts_with(kAufsPrefix)) return {};
    const std::string victim = name.substr(kWhiteoutPrefix.size());
    if (victim.empty() || victim == "." || victim == "..")
      return Error(ErrorCode::Corrupt, "a whiteout of nothing that has a name");
    auto folder = layer_.view().canonical_folder(raw_folder);
    // Below something that is no folder there is nothing to take away.
    if (!folder && folder.error().code() == ErrorCode::Corrupt) return {};
    if (!folder) return std::move(folder).error();
    resolved_.reset();
    if (name == kOpaqueMarker)
      layer_.view().hide_contents(*folder);
    else
      layer_.view().hide(join_path(*folder, victim));
    return {};
  }

  Result<void> place_object(archive_entry* entry, const std::string& path) {
    if (const char* target = archive_entry_hardlink(entry); target != nullptr)
      return place_hard_link(path, target);
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
        return place_file(entry, path);
      case AE_IFDIR:
        resolved_.reset();
        return layer_.make_folder(path, AMBIT_TRY(metadata(entry)));
      case AE_IFLNK:
        resolved_.reset();
        return place_link(entry, path);
      case AE_IFIFO:
        return layer_.make_fifo(path, AMBIT_TRY(metadata(entry)));
      case AE_IFCHR:
      case AE_IFBLK:
        ++layer_.losses().devices;
        devices_.insert(path);
        return {};
      default:
        return {};  // a socket: it means nothing without the process that made it
    }
  }

  Result<void> place_file(archive_entry* entry, const std::string& path) {
    const Metadata wanted = AMBIT_TRY(metadata(entry));
    UniqueFd file = AMBIT_TRY(layer_.make_file(path));
    std::uint64_t end = 0;
    TarStream::Block block;
    while (AMBIT_TRY(tar_.next_block(block))) {
      AMBIT_TRY(write_at(file.get(), block.bytes, block.offset));
      end = block.offset + block.bytes.size();
      unpacked_.bytes += block.bytes.size();
    }
    // A hole at the end has no piece.
    const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
    if (size > end && ::ftruncate(file.get(), static_cast<off_t>(size)) < 0)
      return Error::from_errno(errno, "ftruncate");
    return apply_metadata(file.get(), wanted, layer_.losses());
  }

  Result<void> place_link(archive_entry* entry, const std::string& path) {
    const char* target = archive_entry_symlink(entry);
    if (target == nullptr || *target == '\0')
      return Error(ErrorCode::Corrupt, "a link without a target");
    Metadata wanted = AMBIT_TRY(metadata(entry));
    layer_.losses().attributes += wanted.attributes.size();
    return layer_.make_link(path, target, wanted);
  }

  // The name is resolved inside the image, its last component not followed.
  Result<void> place_hard_link(const std::string& path, const std::string& raw_target) {
    const std::string clean = AMBIT_TRY(clean_path(raw_target));
    if (clean.empty()) return Error(ErrorCode::Corrupt, "a hard link to the image's root");
    const std::string folder = AMBIT_TRY(layer_.view().canonical_folder(parent_path(clean)));
    const std::string target = join_path(folder, last_name(clean));
    if (devices_.contains(target)) {
      ++layer_.losses().devices;
      return {};
    }
    return layer_.make_hard_link(path, target);
  }

  Result<Metadata> metadata(archive_entry* entry) {
    Metadata wanted = metadata_of(entry);
    AMBIT_TRY(fit_owner(wanted, *options_.maps, options_.foreign_ids));
    return wanted;
  }

  TarStream& tar_;
  LayerBuilder layer_;
  UnpackOptions options_;
  Unpacked unpacked_;
  std::set<std::string> devices_;  // those left out, for the links that name them
  std::string resolved_from_;
  std::optional<std::string> resolved_;
};

}  // namespace

Result<Unpacked> unpack_layer(TarStream& tar, int root_fd, std::vector<int> lower_fds,
                              const UnpackOptions& options) {
  return Unpacker(tar, root_fd, std::move(lower_fds), options).run();
}

}  // namespace ambit::image
