#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/exec_record.h"
#include "spec/exit_record.h"

// RUNTIME/containers/ID/execs/EXECID/: what a later ambitd needs to find a further command of a
// container again. On a tmpfs; nothing of it is synced, and all of it goes with the run.
// `runtime_fd` is the container's runtime folder.
namespace ambit::engine {

// Makes the folder with its record; returns it as O_PATH.
Result<UniqueFd> make_exec_folder(int runtime_fd, const spec::ExecRecord& record);

// Replaces the record in a folder that exists.
Result<void> save_exec_record(int runtime_fd, const spec::ExecRecord& record);

// Best effort: what is left goes with the run.
void remove_exec_folder(int runtime_fd, const std::string& exec_id);

// A folder that was found. Without `exit` the command may still run: its helper tells, through
// monitor.sock in `folder`.
struct FoundExec {
  spec::ExecRecord record;
  std::optional<spec::ExitRecord> exit;
  UniqueFd folder;
};

// All that can be read; what can't is left out.
std::vector<FoundExec> find_exec_folders(int runtime_fd);

}  // namespace ambit::engine
