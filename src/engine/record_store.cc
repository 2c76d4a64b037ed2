#include "engine/record_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/strings.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kMaxRecordBytes = std::size_t{4} << 20;
constexpr std::size_t kIdLength = 64;
constexpr char kSessionName[] = "session";  // in RUNTIME/containers

Result<UniqueFd> open_dir(const std::string& path) {
  AMBIT_TRY(os::make_dirs(path, 0700));
  return os::open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

Result<void> make_dir_at(int dir_fd, const std::string& name, mode_t mode) {
  if (::mkdirat(dir_fd, name.c_str(), mode) < 0) return Error::from_errno(errno, "mkdir " + name);
  return {};
}

struct CloseDir {
  void operator()(DIR* dir) const noexcept { (void)::closedir(dir); }
};

Result<std::vector<std::string>> names_in(int dir_fd) {
  UniqueFd fd = AMBIT_TRY(os::open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (dir == nullptr) return Error::from_errno(errno, "fdopendir");
  (void)fd.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

bool is_id(const std::string& name) {
  return name.size() == kIdLength &&
         name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A transient container does not matter after a power cut; any other has to be there.
os::Durability durability_of(const spec::ContainerRecord& record) {
  return record.options.auto_remove ? os::Durability::Crash : os::Durability::PowerLoss;
}

Result<void> remove_entries(int dir_fd, int& budget);

Result<void> remove_entry(int dir_fd, const std::string& name, int& budget) {
  if (--budget < 0) return Error(ErrorCode::Busy, "too many files to delete at once");
  if (::unlinkat(dir_fd, name.c_str(), 0) == 0) return {};
  if (errno != EISDIR) return Error::from_errno(errno, "unlink " + name);
  {
    // An empty folder of any mode goes without being opened: overlay's work/work has mode 000.
    if (::unlinkat(dir_fd, name.c_str(), AT_REMOVEDIR) == 0) return {};
    if (errno != ENOTEMPTY) return Error::from_errno(errno, "rmdir " + name);
    UniqueFd child = AMBIT_TRY(os::open_at(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    AMBIT_TRY(remove_entries(child.get(), budget));
  }
  if (::unlinkat(dir_fd, name.c_str(), AT_REMOVEDIR) < 0)
    return Error::from_errno(errno, "rmdir " + name);
  return {};
}

Result<void> remove_entries(int dir_fd, int& budget) {
  for (const std::string& name : AMBIT_TRY(names_in(dir_fd)))
    AMBIT_TRY(remove_entry(dir_fd, name, budget));
  return {};
}

}  // namespace

Result<RecordStore> RecordStore::open(const Paths& paths) {
  RecordStore store;
  store.data_path_ = paths.data + "/containers";
  store.data_ = AMBIT_TRY(open_dir(store.data_path_));
  store.trash_ = AMBIT_TRY(open_dir(paths.data + "/trash"));
  store.runtime_path_ = paths.runtime + "/containers";
  store.runtime_ = AMBIT_TRY(open_dir(store.runtime_path_));
  return store;
}

Result<RecordStore::Listing> RecordStore::list() const {
  Listing listing;
  for (const std::string& name : AMBIT_TRY(names_in(data_.get()))) {
    if (!is_id(name)) continue;
    const auto text =
        os::read_file_at(data_.get(), name + "/" + spec::kContainerRecordName, kMaxRecordBytes);
    if (!text && text.error().sys_errno() == ENOENT) {
      listing.unfinished.push_back(name);
      continue;
    }
    auto record =
        text ? spec::parse_container_record(*text) : Result<spec::ContainerRecord>(text.error());
    if (record && record->id == name) {
      listing.records.push_back(*std::move(record));
    } else {
      listing.problems.push_back("container " + short_id(name) + " is left out: " +
                                 (record ? "its record has another ID" : record.error().message()));
    }
  }
  return listing;
}

Result<void> RecordStore::add(const spec::ContainerRecord& record) const {
  AMBIT_TRY(make_dir_at(data_.get(), record.id, 0700));
  UniqueFd dir = AMBIT_TRY(open_data_dir(record.id));
  // The container's root writes here through the overlay; other users of the container must be
  // able to search the root folder of the file system, whose mode this becomes.
  AMBIT_TRY(make_dir_at(dir.get(), "upper", 0755));
  AMBIT_TRY(make_dir_at(dir.get(), "work", 0700));
  AMBIT_TRY(make_dir_at(dir.get(), "etc", 0755));
  return save(record);
}

Result<void> RecordStore::save(const spec::ContainerRecord& record) const {
  UniqueFd dir = AMBIT_TRY(open_data_dir(record.id));
  return os::write_file_atomic(dir.get(), spec::kContainerRecordName,
                               spec::write_container_record(record), durability_of(record));
}

Result<UniqueFd> RecordStore::open_data_dir(const std::string& id) const {
  return os::open_at(data_.get(), id, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

Result<UniqueFd> RecordStore::open_runtime_dir(const std::string& id) const {
  if (::mkdirat(runtime_.get(), id.c_str(), 0700) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "mkdir of the runtime folder of " + short_id(id));
  return os::open_at(runtime_.get(), id, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

void RecordStore::remove_runtime_dir(const std::string& id) const {
  constexpr int kMaxEntries = 16384;  // a thousand commands with their folders
  // What is left after a failure is on a tmpfs and taken over by the next start.
  (void)remove_small_tree(runtime_.get(), id, kMaxEntries);
}

Result<void> RecordStore::begin_run(const std::string& id, const spec::RunRecord& run) const {
  UniqueFd dir = AMBIT_TRY(open_data_dir(id));
  if (::unlinkat(dir.get(), spec::kExitRecordName, 0) < 0 && errno != ENOENT)
    return Error::from_errno(errno, "removing the last exit record");
  return os::write_file_atomic(dir.get(), spec::kRunRecordName, spec::write_run_record(run),
                               os::Durability::Crash);
}

Result<void> RecordStore::update_run(const std::string& id, const spec::RunRecord& run) const {
  UniqueFd dir = AMBIT_TRY(open_data_dir(id));
  return os::write_file_atomic(dir.get(), spec::kRunRecordName, spec::write_run_record(run),
                               os::Durability::Crash);
}

void RecordStore::forget_run(const std::string& id) const {
  (void)::unlinkat(data_.get(), (id + "/" + spec::kRunRecordName).c_str(), 0);
}

std::optional<spec::RunRecord> RecordStore::read_run(const std::string& id) const {
  const auto text = os::read_file_at(data_.get(), id + "/" + spec::kRunRecordName, kMaxRecordBytes);
  if (!text) return std::nullopt;
  auto run = spec::parse_run_record(*text);
  if (!run) return std::nullopt;
  return *std::move(run);
}

std::optional<spec::ExitRecord> RecordStore::read_exit(const std::string& id) const {
  const auto text =
      os::read_file_at(data_.get(), id + "/" + spec::kExitRecordName, kMaxRecordBytes);
  if (!text) return std::nullopt;
  auto record = spec::parse_exit_record(*text);
  if (!record) return std::nullopt;
  return *std::move(record);
}

Result<void> RecordStore::save_restart(const spec::ContainerRecord& record,
                                       const spec::RestartRecord& restart) const {
  const bool matters_at_boot = record.options.restart.kind == spec::RestartKind::UnlessStopped;
  UniqueFd dir = AMBIT_TRY(open_data_dir(record.id));
  return os::write_file_atomic(
      dir.get(), spec::kRestartRecordName, spec::write_restart_record(restart),
      matters_at_boot && restart.stopped ? os::Durability::PowerLoss : os::Durability::Crash);
}

std::optional<spec::RestartRecord> RecordStore::read_restart(const std::string& id) const {
  const auto text =
      os::read_file_at(data_.get(), id + "/" + spec::kRestartRecordName, kMaxRecordBytes);
  if (!text) return std::nullopt;
  auto record = spec::parse_restart_record(*text);
  if (!record) return std::nullopt;
  return *std::move(record);
}

bool RecordStore::enter_session(const std::string& session) const {
  const auto last = os::read_file_at(runtime_.get(), kSessionName, kMaxRecordBytes);
  if (last && *last == session) return false;
  // What can't be written is not remembered: the next ambitd takes its start for the first again.
  (void)os::write_file_atomic(runtime_.get(), kSessionName, session, os::Durability::Crash);
  return true;
}

Result<void> RecordStore::write_exit(const spec::ContainerRecord& record,
                                     const spec::ExitRecord& exit) const {
  UniqueFd dir = AMBIT_TRY(open_data_dir(record.id));
  return os::write_file_atomic(dir.get(), spec::kExitRecordName, spec::write_exit_record(exit),
                               durability_of(record));
}

Result<void> RecordStore::write_history(const std::string& id,
                                        const spec::RunHistory& history) const {
  UniqueFd dir = AMBIT_TRY(open_data_dir(id));
  return os::write_file_atomic(dir.get(), spec::kRunHistoryName, spec::write_run_history(history),
                               os::Durability::Crash);
}

spec::RunHistory RecordStore::read_history(const std::string& id) const {
  const auto text =
      os::read_file_at(data_.get(), id + "/" + spec::kRunHistoryName, kMaxRecordBytes);
  if (!text) return {};
  auto history = spec::parse_run_history(*text);
  return history ? *std::move(history) : spec::RunHistory{};
}

Result<void> RecordStore::write_health(const std::string& id,
                                       const spec::HealthRecord& health) const {
  UniqueFd dir = AMBIT_TRY(open_data_dir(id));
  return os::write_file_atomic(dir.get(), spec::kHealthRecordName,
                               spec::write_health_record(health), os::Durability::Crash);
}

spec::HealthRecord RecordStore::read_health(const std::string& id) const {
  const auto text =
      os::read_file_at(data_.get(), id + "/" + spec::kHealthRecordName, kMaxRecordBytes);
  if (!text) return {};
  auto health = spec::parse_health_record(*text);
  return health ? *std::move(health) : spec::HealthRecord{};
}

Result<std::string> RecordStore::discard(const std::string& id) const {
  const std::string name = "container-" + id;
  if (::renameat(data_.get(), id.c_str(), trash_.get(), name.c_str()) < 0)
    return Error::from_errno(errno, "moving container " + short_id(id) + " to the trash");
  return name;
}

Result<void> remove_small_tree(int parent_fd, const std::string& name, int max_entries) {
  return remove_entry(parent_fd, name, max_entries);
}

}  // namespace ambit::engine
