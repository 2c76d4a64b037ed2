#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "worker/job.h"

namespace ambit::worker {

// What was found in an archive, by clean path.
struct ArchiveParts {
  std::map<std::string, std::string> documents;
  std::map<std::string, image::Descriptor> files;  // stored as blobs of the job
  std::map<std::string, std::string> links;        // old "docker save" links equal layers
};

// Adds the images of a docker-archive's manifest.json. Its configurations and layers become blobs
// as they are, so that the image's ID is docker's and each layer's digest is its diff ID; only the
// manifest, which such an archive lacks, is made here.
Result<void> add_docker_images(Job& job, const std::string& list, const ArchiveParts& parts,
                               const Fetch& fetch);

// The media type of a stored layer, by its first bytes. Unsupported for compressions that no
// manifest can name.
Result<std::string> layer_media_type(const Job& job, const std::string& digest);

}  // namespace ambit::worker
