// ambit-worker: reads what others wrote, so that ambitd never has to.
//
// Trust boundary. Archives, layers, manifests, configurations and folders given to `load` are
// hostile. This process takes them apart; it may be taken over by them, and is confined before it
// reads their first byte (confine.h): it can write to the job's folder, the input and ambitd's
// pipe, and to the blobs and layers that the same user namespace owns, and nowhere else. What
// leaves it is JSON lines of our own form, which ambitd checks again (image/worker_line.cc), and
// trees and blobs in staging/, which ambitd moves into the store by their checked names. Metadata
// of the store is written by ambitd alone.

#include <fcntl.h>

#include <clocale>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "image/sha256.h"
#include "image/tree_remove.h"
#include "image/tree_size.h"
#include "image/tree_view.h"
#include "os/file.h"
#include "os/path.h"
#include "worker/archive.h"
#include "worker/arguments.h"
#include "worker/confine.h"
#include "worker/oci_layout.h"
#include "worker/registry_source.h"

namespace {

using namespace ambit;
using worker::Arguments;
using worker::Job;

// What an image may be called that brings only a tag, or no name.
struct Hints {
  std::string for_tags, for_nameless;
};

// The caller's name; else the name of the folder or file, which only the link in procfs tells.
// Reads no foreign bytes.
Hints find_hints(const Arguments& arguments) {
  if (const std::string name = arguments.option("name"); !name.empty()) return {name, name};
  const bool folder = arguments.fds.contains("folder");
  auto fd = arguments.fd(folder ? "folder" : "input");
  if (!fd || arguments.verb != "load") return {};
  auto path = os::read_link_at(AT_FDCWD, os::fd_path(*fd));
  if (!path || !path->starts_with('/') || path->find(':') != std::string::npos ||
      path->ends_with(" (deleted)"))
    return {};
  const std::string name = image::last_name(*path);
  if (folder) return {name, name};
  return {name.substr(0, name.find(".tar")), ""};
}

Result<Job> make_job(const Arguments& arguments, const Hints& hints, worker::Report& report,
                     image::IdMaps maps) {
  const int data_fd = AMBIT_TRY(arguments.fd("data"));
  worker::Staging staging = AMBIT_TRY(
      worker::Staging::open(data_fd, arguments.option("job")).context("opening the job's folder"));
  return Job{.staging = std::move(staging),
             .report = report,
             .maps = std::move(maps),
             .foreign_ids = arguments.option("foreign-ids") == "squash" ? image::ForeignIds::Squash
                                                                        : image::ForeignIds::Refuse,
             .platform = image::host_platform(arguments.option("architecture"),
                                              arguments.option("variant")),
             .tag_hint = hints.for_tags,
             .name_hint = hints.for_nameless,
             .result = {}};
}

Result<void> fill(Job& job, const Arguments& arguments) {
  if (arguments.verb == "import") {
    auto config = AMBIT_TRY(spec::parse_image_config(arguments.option("config")));
    const int input_fd = AMBIT_TRY(arguments.fd("input"));
    return worker::import_tree(job, input_fd, std::move(config));
  }
  if (arguments.verb == "pull") {
    const int source_fd = AMBIT_TRY(arguments.fd("source"));
    return worker::pull_image(job, source_fd);
  }
  if (arguments.fds.contains("folder")) {
    const int folder_fd = AMBIT_TRY(arguments.fd("folder"));
    return worker::load_oci_folder(job, folder_fd);
  }
  const int input_fd = AMBIT_TRY(arguments.fd("input"));
  return worker::load_archive(job, input_fd);
}

Result<image::WorkerResult> run_job(const Arguments& arguments, const Hints& hints,
                                    worker::Report& report, image::IdMaps maps) {
  Job job = AMBIT_TRY(make_job(arguments, hints, report, std::move(maps)));
  auto filled = fill(job, arguments);
  if (filled) {
    report.progress({.stage = "syncing"});
    filled = job.staging.sync();
  }
  if (!filled && filled.error().code() == ErrorCode::NoSpace)
    return std::move(filled).error().context("the file system of " + arguments.option("store") +
                                             " is full (" + job.staging.free_space() + " free)");
  if (!filled) return std::move(filled).error();
  return std::move(job.result);
}

Result<void> check_name(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
    return Error(ErrorCode::InvalidArgument, "not a name in a folder: " + name);
  return {};
}

Result<image::WorkerResult> run_remove(const Arguments& arguments) {
  const int dir_fd = AMBIT_TRY(arguments.fd("dir"));
  Result<void> first;
  for (const std::string& name : arguments.names) {
    AMBIT_TRY(check_name(name));
    auto removed = image::remove_tree(dir_fd, name).context(name);
    if (first && !removed) first = std::move(removed);
  }
  if (!first) return std::move(first).error();
  return image::WorkerResult();
}

// Those of one container that can't be told don't keep the others from being told.
Result<image::WorkerResult> run_size(const Arguments& arguments) {
  const int dir_fd = AMBIT_TRY(arguments.fd("dir"));
  image::WorkerResult result;
  for (const std::string& name : arguments.names) {
    AMBIT_TRY(check_name(name));
    auto folder = os::open_at(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    std::uint64_t bytes = folder ? 0 : image::kUnknownSize;
    for (const char* tree : {"upper", "host"}) {
      if (bytes == image::kUnknownSize) break;
      const auto size = image::tree_size(folder->get(), tree);
      bytes = size ? bytes + *size : image::kUnknownSize;
    }
    result.sizes_bytes.push_back(bytes);
  }
  return result;
}

Result<image::WorkerResult> run(const Arguments& arguments, worker::Report& report) {
  // Names in pax headers are UTF-8; without the locale libarchive would refuse those beyond ASCII.
  (void)std::setlocale(LC_CTYPE, "C.UTF-8");
  (void)image::sha256("");  // OpenSSL loads what it needs while there are still paths to load from
  const Hints hints = find_hints(arguments);
  const worker::Groups groups =
      arguments.fds.contains("folder") ? worker::Groups::Kept : worker::Groups::Dropped;
  const int user_ns_fd = AMBIT_TRY(arguments.fd("userns"));
  image::IdMaps maps = AMBIT_TRY(worker::confine(user_ns_fd, groups));
  if (arguments.verb == "remove") return run_remove(arguments);
  if (arguments.verb == "size") return run_size(arguments);
  if (arguments.verb == "load" || arguments.verb == "import" || arguments.verb == "pull")
    return run_job(arguments, hints, report, std::move(maps));
  return Error(ErrorCode::InvalidArgument, "ambit-worker: unknown verb " + arguments.verb);
}

// The libraries' exceptions end here.
Result<image::WorkerResult> run_guarded(const Arguments& arguments, worker::Report& report) try {
  return run(arguments, report);
} catch (const std::bad_alloc&) {
  return Error(ErrorCode::Corrupt, "the archive needs more memory than an image may");
} catch (const std::exception& e) {
  return Error(ErrorCode::Internal, std::string("ambit-worker: ") + e.what());
}

}  // namespace

int main(int argc, char** argv) {
  auto arguments = worker::parse_arguments(argc, argv);
  auto output = arguments ? arguments->fd("output") : std::move(arguments).error();
  if (!output) {
    ambit::log(LogLevel::Error, "%s", output.error().message().c_str());
    return 2;
  }
  worker::Report report(*output);
  auto result = run_guarded(*arguments, report);
  if (result) {
    report.result(*result);
    return 0;
  }
  image::WorkerResult failure;
  failure.error = std::move(result).error();
  report.result(failure);
  return 1;
}
