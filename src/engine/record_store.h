#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/paths.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "os/file.h"
#include "spec/container_record.h"
#include "spec/exit_record.h"
#include "spec/health_record.h"
#include "spec/restart_record.h"
#include "spec/run_history.h"

namespace ambit::engine {

// The containers' folders: DATA/containers/ID (record.json, run.json, exit.json, history.json,
// upper/, work/, etc/) and RUNTIME/containers/ID (monitor.sock). One writer: ambitd.
class RecordStore {
 public:
  // Makes what is missing; both trees are 0700.
  static Result<RecordStore> open(const Paths& paths);

  struct Listing {
    std::vector<spec::ContainerRecord> records;
    std::vector<std::string> unfinished;  // IDs of folders whose record was never written
    std::vector<std::string> problems;    // one line each: a record that can't be read is left out
  };
  Result<Listing> list() const;

  // A new container's folder with its record. AlreadyExists for a known ID.
  Result<void> add(const spec::ContainerRecord& record) const;
  // Replaces the record of a known one.
  Result<void> save(const spec::ContainerRecord& record) const;

  Result<UniqueFd> open_data_dir(const std::string& id) const;  // O_PATH
  // Makes the runtime folder where it is missing.
  Result<UniqueFd> open_runtime_dir(const std::string& id) const;  // O_PATH
  void remove_runtime_dir(const std::string& id) const;

  // Marks the beginning of a run and forgets how the last one ended.
  Result<void> begin_run(const std::string& id, const spec::RunRecord& run) const;
  Result<void> update_run(const std::string& id, const spec::RunRecord& run) const;
  // Takes the mark of a run back that never got to execute its command.
  void forget_run(const std::string& id) const;

  // Absent where there is none; unreadable ones count as absent.
  std::optional<spec::RunRecord> read_run(const std::string& id) const;
  std::optional<spec::ExitRecord> read_exit(const std::string& id) const;

  // In place of a monitor that could not.
  Result<void> write_exit(const spec::ContainerRecord& record, const spec::ExitRecord& exit) const;

  // Not synced: after a power cut the newest run is added again, from its exit record.
  Result<void> write_history(const std::string& id, const spec::RunHistory& history) const;
  // Empty where there is none that can be read.
  spec::RunHistory read_history(const std::string& id) const;

  // Not synced: it is of this run.
  Result<void> write_health(const std::string& id, const spec::HealthRecord& health) const;
  // Empty where there is none that can be read.
  spec::HealthRecord read_health(const std::string& id) const;

  // How its restart policy stands; to disk at once where the next boot depends on it.
  Result<void> save_restart(const spec::ContainerRecord& record,
                            const spec::RestartRecord& restart) const;
  std::optional<spec::RestartRecord> read_restart(const std::string& id) const;
  // Notes which user manager we work with. True where it is another than last time, or the first.
  bool enter_session(const std::string& session) const;

  // Takes the folder out of the list by a rename into DATA/trash (the image store's, too), which
  // needs no space: returns its name in trash_fd(), for whoever deletes it.
  Result<std::string> discard(const std::string& id) const;
  int trash_fd() const noexcept { return trash_.get(); }

  std::string runtime_path(const std::string& id) const { return runtime_path_ + "/" + id; }
  std::string data_path(const std::string& id) const { return data_path_ + "/" + id; }

 private:
  std::string data_path_;     // DATA/containers
  std::string runtime_path_;  // RUNTIME/containers
  UniqueFd data_;
  UniqueFd runtime_;
  UniqueFd trash_;
};

// Deletes a folder that needs no more rights than ours, as most containers' are: at most
// `max_entries` files. Busy where it is larger, PermissionDenied where subordinate ids own a part;
// what is left is for ambit-worker.
Result<void> remove_small_tree(int parent_fd, const std::string& name, int max_entries);

}  // namespace ambit::engine
