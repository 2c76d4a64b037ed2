#pragma once

#include <string>

#include "base/result.h"
#include "worker/job.h"

namespace ambit::worker {

// Adds every image that the index.json of an OCI layout names, the one for the job's platform
// where it offers several. One that can't be used here is passed over while others can; if none
// can, the first reason is the error.
Result<void> add_oci_images(Job& job, const std::string& index, const Fetch& fetch);

// The image for the job's platform among `entries`, down through indexes of indexes.
Result<void> add_platform_image(Job& job, const std::vector<image::IndexEntry>& entries,
                                const Fetch& fetch, const std::vector<std::string>& references);

// A layout that is a folder: its blobs are copied into the job as they are needed.
Result<void> load_oci_folder(Job& job, int folder_fd);

}  // namespace ambit::worker
