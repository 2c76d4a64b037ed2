#pragma once

#include "base/result.h"
#include "worker/job.h"

namespace ambit::worker {

// An OCI archive or a docker-archive ("docker save"), packed or not, from a file, a pipe or a
// socket: read once, in whatever order its parts come. Where it is both, as docker writes it since
// version 25, the OCI part counts. NotAnImage where it is neither.
Result<void> load_archive(Job& job, int input_fd);

// A tar of a root file system becomes an image of one layer; `config` says how to run it.
Result<void> import_tree(Job& job, int input_fd, spec::ImageConfig config);

}  // namespace ambit::worker
