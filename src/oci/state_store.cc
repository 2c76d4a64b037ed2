#include "oci/state_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "oci/context.h"
#include "os/dir.h"
#include "os/file.h"

namespace ambit::oci {
namespace {

constexpr char kState[] = "state.json";
constexpr char kConfig[] = "config.json";
constexpr std::size_t kMaxStateBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxIdLength = 250;

// What other runtimes take: a name that is one component of a path.
Result<void> check_id(const std::string& id) {
  const bool is_fine =
      !id.empty() && id.size() <= kMaxIdLength && id != "." && id != ".." &&
      std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("_+-.").find(static_cast<char>(c)) != std::string_view::npos;
      });
  if (is_fine) return {};
  return Error(
      ErrorCode::InvalidArgument,
      "invalid container ID '" + id + "': letters, digits and _ + - . are allowed, 250 at most");
}

Result<void> remove_notify_folder(int folder_fd) {
  auto notify =
      os::open_at(folder_fd, StateFolder::kNotifyFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!notify && notify.error().code() == ErrorCode::NotFound) return {};
  const UniqueFd opened = AMBIT_TRY(std::move(notify));
  for (const std::string& name : AMBIT_TRY(os::list_names(opened.get())))
    if (::unlinkat(opened.get(), name.c_str(), 0) < 0 && errno != ENOENT)
      return Error::from_errno(errno, "unlinkat notify/" + name);
  if (::unlinkat(folder_fd, StateFolder::kNotifyFolder, AT_REMOVEDIR) < 0)
    return Error::from_errno(errno, "unlinkat notify");
  return {};
}

// What is written in it is believed: which process to signal, which hooks to run.
Result<void> check_folder(int fd, const std::string& what) {
  struct stat st = {};
  if (::fstat(fd, &st) < 0) return Error::from_errno(errno, what + ": fstat");
  if (st.st_uid != ::geteuid())
    return Error(ErrorCode::PermissionDenied, what + " is somebody else's");
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error(ErrorCode::PermissionDenied,
                 what + " can be written by others: chmod go-w, or choose another with --root");
  return {};
}

Error no_container(const std::string& id) {
  return Error(ErrorCode::NoSuchContainer, "container does not exist: " + id);
}

}  // namespace

Result<void> StateFolder::lock() {
  while (::flock(fd_.get(), LOCK_EX) < 0)
    if (errno != EINTR) return Error::from_errno(errno, "container " + id_ + ": flock");
  struct stat st = {};
  if (::fstat(fd_.get(), &st) < 0) return Error::from_errno(errno, "container " + id_ + ": fstat");
  // A folder that was removed has no link any more.
  if (st.st_nlink == 0) return no_container(id_);
  return {};
}

void StateFolder::unlock() { (void)::flock(fd_.get(), LOCK_UN); }

Result<void> StateFolder::write_state(const StoredState& state) const {
  return os::write_file_atomic(fd_.get(), kState, write_stored_state(state), os::Durability::Crash)
      .context("state of " + id_);
}

Result<StoredState> StateFolder::state() const {
  auto text = os::read_file_at(fd_.get(), kState, kMaxStateBytes);
  // A creation that was killed before it had a process.
  if (!text && text.error().code() == ErrorCode::NotFound) return StoredState{.id = id_};
  if (!text) return std::move(text).error();
  return parse_stored_state(*text).context("container " + id_);
}

Result<void> StateFolder::write_config(const spec::RuntimeSpec& spec) const {
  return os::write_file_atomic(fd_.get(), kConfig, spec::write_runtime_spec(spec),
                               os::Durability::Crash);
}

Result<spec::RuntimeSpec> StateFolder::config() const {
  const std::string text = AMBIT_TRY(os::read_file_at(fd_.get(), kConfig, kMaxConfigBytes));
  return spec::parse_runtime_spec(text).context("container " + id_);
}

Result<StateStore> StateStore::open(const std::string& folder) {
  const std::string root = folder.empty() ? AMBIT_TRY(default_root()) : folder;
  AMBIT_TRY(os::make_dirs(root, 0700).context("state folder " + root));
  UniqueFd fd = AMBIT_TRY(os::open_at(AT_FDCWD, root, O_RDONLY | O_DIRECTORY));
  AMBIT_TRY(check_folder(fd.get(), "state folder " + root));
  return StateStore(std::move(fd));
}

Result<StateFolder> StateStore::create(const std::string& id) const {
  AMBIT_TRY(check_id(id));
  if (::mkdirat(fd_.get(), id.c_str(), 0700) < 0) {
    if (errno == EEXIST)
      return Error(ErrorCode::AlreadyExists, "container with given ID already exists: " + id);
    return Error::from_errno(errno, "state folder of " + id + ": mkdirat");
  }
  StateFolder folder = AMBIT_TRY(find(id));
  AMBIT_TRY(folder.lock());
  return folder;
}

Result<StateFolder> StateStore::find(const std::string& id) const {
  AMBIT_TRY(check_id(id));
  auto fd = os::open_at(fd_.get(), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd && fd.error().code() == ErrorCode::NotFound) return no_container(id);
  UniqueFd folder = AMBIT_TRY(std::move(fd));
  AMBIT_TRY(check_folder(folder.get(), "state folder of " + id));
  return StateFolder(id, std::move(folder));
}

std::vector<std::string> StateStore::ids() const {
  auto names = os::list_names(fd_.get());
  std::vector<std::string> ids;
  if (!names) return ids;
  for (const std::string& name : *names)
    if (check_id(name) && name.front() != '.') ids.push_back(name);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<void> StateStore::remove(const std::string& id) const {
  const UniqueFd folder =
      AMBIT_TRY(os::open_at(fd_.get(), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  AMBIT_TRY(remove_notify_folder(folder.get()).context("state of " + id));
  for (const std::string& name : AMBIT_TRY(os::list_names(folder.get())))
    if (::unlinkat(folder.get(), name.c_str(), 0) < 0 && errno != ENOENT)
      return Error::from_errno(errno, "state of " + id + ": unlinkat " + name);
  if (::unlinkat(fd_.get(), id.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
    return Error::from_errno(errno, "state of " + id + ": unlinkat");
  return {};
}

}  // namespace ambit::oci
