#include "engine/pod_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "engine/record_store.h"
#include "os/file.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 20;
constexpr std::string_view kSuffix = ".json";

struct CloseDir {
  void operator()(DIR* dir) const noexcept { (void)::closedir(dir); }
};

Result<UniqueFd> open_dir(const std::string& path) {
  AMBIT_TRY(os::make_dirs(path, 0700));
  return os::open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

// Those of files that a record may have.
Result<std::vector<std::string>> pod_names(int dir_fd) {
  UniqueFd fd = AMBIT_TRY(os::open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (dir == nullptr) return Error::from_errno(errno, "fdopendir");
  (void)fd.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::string name = entry->d_name;
    if (!name.ends_with(kSuffix)) continue;
    name.resize(name.size() - kSuffix.size());
    if (is_valid_name(name)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

Result<PodStore> PodStore::open(const Paths& paths) {
  PodStore store;
  store.data_ = AMBIT_TRY(open_dir(paths.data + "/pods"));
  store.runtime_ = AMBIT_TRY(open_dir(paths.runtime + "/pods"));
  return store;
}

Result<PodStore::Listing> PodStore::list() const {
  Listing listing;
  for (const std::string& name : AMBIT_TRY(pod_names(data_.get()))) {
    const auto text = os::read_file_at(data_.get(), name + std::string(kSuffix), kMaxRecordBytes);
    auto record = text ? spec::parse_pod_record(*text) : Result<spec::PodRecord>(text.error());
    if (record && record->name == name)
      listing.records.push_back(*std::move(record));
    else
      listing.problems.push_back(
          "pod " + name +
          " is left out: " + (record ? "its record has another name" : record.error().message()));
  }
  return listing;
}

Result<void> PodStore::save(const spec::PodRecord& record) const {
  return os::write_file_atomic(data_.get(), record.name + std::string(kSuffix),
                               spec::write_pod_record(record), os::Durability::PowerLoss);
}

Result<void> PodStore::remove(const std::string& name) const {
  const std::string file = name + std::string(kSuffix);
  if (::unlinkat(data_.get(), file.c_str(), 0) < 0 && errno != ENOENT)
    return Error::from_errno(errno, "removing " + file);
  if (::fsync(data_.get()) < 0) return Error::from_errno(errno, "fsync of the pods' folder");
  return {};
}

Result<UniqueFd> PodStore::open_runtime_dir(const std::string& name) const {
  if (::mkdirat(runtime_.get(), name.c_str(), 0700) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "mkdir of the runtime folder of pod " + name);
  return os::open_at(runtime_.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

void PodStore::remove_runtime_dir(const std::string& name) const {
  constexpr int kMaxEntries = 16;
  // What is left is on a tmpfs, and taken over by the next pod of this name.
  (void)remove_small_tree(runtime_.get(), name, kMaxEntries);
}

}  // namespace ambit::engine
