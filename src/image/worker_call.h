#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "image/record.h"

// What ambitd and ambit-worker say to each other. ambitd starts the worker with
// os::spawn({.exe_fd, .argv = call.argv, .env, .fds = call.fds}) and reads JSON lines from the
// pipe whose write end was `output_fd`, until its end; then it reaps the process. A worker that
// ended without a result line has failed (killed, out of memory).
//
//   ambit-worker VERB FDNAMES [OPTION=VALUE]... [NAME]...
//
// FDNAMES names descriptors 3, 4, 5, … in order, separated by commas: "output,userns,data,input".
namespace ambit::image {

struct WorkerCall {
  std::vector<std::string> argv;
  std::vector<int> fds;  // borrowed from the options
};

// What every verb needs.
struct WorkerFds {
  int output_fd = -1;   // the write end of a pipe
  int user_ns_fd = -1;  // the base user namespace, which the worker joins
};

enum class InputKind { Stream, Folder };

// Refuse: an owner outside of the mapped ids is an error. Squash: the file becomes root's, the
// owner that was asked for is kept in the attribute user.ambit.owner ("UID:GID").
enum class ForeignIds { Refuse, Squash };

struct LoadOptions {
  WorkerFds fds;
  int data_fd = -1;   // the data folder, as given to Store::open
  int input_fd = -1;  // an archive (file, pipe or socket) or a folder (O_PATH will do)
  InputKind input = InputKind::Stream;
  std::string job;         // from Store::begin_job
  std::string store_path;  // the data folder's path, for messages only
  // A reference for an image that brings none, or only a tag ("3.20"); for a folder or a file the
  // caller gives its name without extension: "alpine-3.20". "" leaves such an image untagged.
  std::string name_hint;
  std::string architecture;  // "" for the host's; OCI names: "amd64", "arm64"
  ForeignIds foreign_ids = ForeignIds::Refuse;
};
WorkerCall load_call(const LoadOptions& options);

struct PullOptions {
  WorkerFds fds;
  int data_fd = -1;
  int source_fd = -1;  // the socket to ambit-fetch, image/fetch_message.h
  std::string job;
  std::string store_path;
  std::string architecture;  // "" for the host's
  std::string variant;       // "" for the highest
  ForeignIds foreign_ids = ForeignIds::Refuse;
};
WorkerCall pull_call(const PullOptions& options);

struct ImportOptions {
  WorkerFds fds;
  int data_fd = -1;
  int input_fd = -1;  // a tar of a root file system, compressed or not
  std::string job;
  std::string store_path;
  std::string reference;  // "" for an untagged image
  std::string architecture;
  ForeignIds foreign_ids = ForeignIds::Refuse;
  // Of these cmd, entrypoint, env, working_dir, user, stop_signal, labels, volumes and
  // exposed_ports are used.
  spec::ImageConfig config;
};
WorkerCall import_call(const ImportOptions& options);

struct RemoveOptions {
  WorkerFds fds;
  int dir_fd = -1;                 // the folder in which the trees are: Store::trash_fd()
  std::vector<std::string> names;  // single components; what is gone already is no error
};
WorkerCall remove_call(const RemoveOptions& options);

struct SizeOptions {
  WorkerFds fds;
  int dir_fd = -1;                 // the folder in which the containers' are
  std::vector<std::string> names;  // single components: IDs
};
// What each of them has written: its folders "upper" and "host".
WorkerCall size_call(const SizeOptions& options);

constexpr std::uint64_t kUnknownSize = UINT64_MAX;

// Comes many times a second at most; nothing depends on it.
struct Progress {
  std::string stage;   // "reading", "fetching", "storing", "unpacking", "syncing", "removing"
  std::string object;  // a digest or a name, or ""
  std::string note;    // for people: what is tried again, and why; or ""
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;  // 0 where unknown
};

struct WorkerResult {
  std::optional<Error> error;              // nothing else is set then
  std::vector<ImageRecord> images;         // `references` normalised
  std::vector<std::string> notes;          // for people: "3 device nodes skipped"
  std::vector<std::uint64_t> sizes_bytes;  // for each name; kUnknownSize where it can't be told
};

using WorkerLine = std::variant<Progress, WorkerResult>;

std::string write_line(const Progress& progress);  // with the newline
std::string write_line(const WorkerResult& result);

// Corrupt where the line is not what this build's worker writes.
Result<WorkerLine> parse_worker_line(std::string_view line);

// Puts lines together from what the pipe gives.
class WorkerOutput {
 public:
  // Takes bytes as they come; returns the progress lines among them. Corrupt for a line that
  // doesn't parse or is longer than 64 MiB, or for anything after the result.
  Result<std::vector<Progress>> feed(std::string_view bytes);

  // After the end of the pipe: the result, or the error that the worker reported, or Internal
  // where it ended without a word.
  Result<WorkerResult> finish() &&;

 private:
  std::string partial_;
  std::optional<WorkerResult> result_;
};

}  // namespace ambit::image
