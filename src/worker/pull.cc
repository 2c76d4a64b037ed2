#include <utility>

#include "image/sha256.h"
#include "spec/reference.h"
#include "worker/oci_layout.h"
#include "worker/registry_source.h"

namespace ambit::worker {
namespace {

// The name that the image gets: REPOSITORY:TAG, or REPOSITORY@DIGEST where that is what was asked
// for, whatever tag stood before it. Corrupt where the digest is another one.
Result<std::string> reference_of(const RegistrySource::Named& named) {
  spec::Reference reference = AMBIT_TRY(spec::parse_reference(named.reference));
  if (reference.digest.empty()) return reference.normalised();
  const std::string digest = image::sha256(named.text);
  if (digest != reference.digest)
    return Error(ErrorCode::Corrupt, "the registry's " + reference.digest +
                                         " is damaged: its contents have the digest " + digest);
  reference.tag.clear();
  return reference.normalised();
}

}  // namespace

Result<void> pull_image(Job& job, int socket_fd) {
  RegistrySource source(job, socket_fd);
  job.growing = &source;
  const Fetch fetch = [&source](const image::Descriptor& blob) { return source.fetch(blob); };
  const RegistrySource::Named named = AMBIT_TRY(source.user_manifest());
  const std::vector<std::string> references = {AMBIT_TRY(reference_of(named))};
  if (const auto entries = image::parse_index(named.text))
    return add_platform_image(job, *entries, fetch, references);
  const image::Manifest manifest = AMBIT_TRY(image::parse_manifest(named.text));
  const image::Descriptor blob =
      AMBIT_TRY(job.staging.add_blob(named.text, manifest.media_type.c_str()));
  return add_image(job, blob, manifest, fetch, references);
}

}  // namespace ambit::worker
