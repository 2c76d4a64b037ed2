#include "engine/exec_folders.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "engine/record_store.h"
#include "os/dir.h"
#include "os/file.h"

namespace ambit::engine {
namespace {

constexpr char kFolder[] = "execs";
constexpr std::size_t kMaxRecordBytes = std::size_t{4} << 20;
constexpr int kMaxEntries = 16;

Result<void> make_folder(int dir_fd, const std::string& name) {
  if (::mkdirat(dir_fd, name.c_str(), 0700) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "mkdir " + name);
  return {};
}

Result<UniqueFd> open_folder(int dir_fd, const std::string& name) {
  return os::open_at(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

std::string path_of(const std::string& exec_id) { return std::string(kFolder) + "/" + exec_id; }

Result<FoundExec> read_folder(int parent_fd, const std::string& name) {
  FoundExec found;
  found.folder = AMBIT_TRY(open_folder(parent_fd, name));
  const std::string text =
      AMBIT_TRY(os::read_file_at(found.folder.get(), spec::kExecRecordName, kMaxRecordBytes));
  found.record = AMBIT_TRY(spec::parse_exec_record(text));
  if (found.record.id != name) return Error(ErrorCode::Corrupt, "the record has another ID");
  const auto exit = os::read_file_at(found.folder.get(), spec::kExitRecordName, kMaxRecordBytes);
  auto record = exit ? spec::parse_exit_record(*exit) : Result<spec::ExitRecord>(exit.error());
  if (record) found.exit = *std::move(record);
  return found;
}

}  // namespace

Result<UniqueFd> make_exec_folder(int runtime_fd, const spec::ExecRecord& record) {
  AMBIT_TRY(make_folder(runtime_fd, kFolder));
  const std::string path = path_of(record.id);
  AMBIT_TRY(make_folder(runtime_fd, path));
  AMBIT_TRY(save_exec_record(runtime_fd, record));
  return open_folder(runtime_fd, path);
}

Result<void> save_exec_record(int runtime_fd, const spec::ExecRecord& record) {
  UniqueFd folder = AMBIT_TRY(open_folder(runtime_fd, path_of(record.id)));
  return os::write_file_atomic(folder.get(), spec::kExecRecordName, spec::write_exec_record(record),
                               os::Durability::Crash);
}

void remove_exec_folder(int runtime_fd, const std::string& exec_id) {
  (void)remove_small_tree(runtime_fd, path_of(exec_id), kMaxEntries);
}

std::vector<FoundExec> find_exec_folders(int runtime_fd) {
  std::vector<FoundExec> found;
  auto parent = open_folder(runtime_fd, kFolder);
  if (!parent) return found;
  const auto names = os::list_names(parent->get());
  if (!names) return found;
  for (const std::string& name : *names)
    if (auto exec = read_folder(parent->get(), name)) found.push_back(*std::move(exec));
  return found;
}

}  // namespace ambit::engine
