#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "image/fetch_message.h"
#include "worker/job.h"

namespace ambit::worker {

// The blobs of a registry, as ambit-fetch brings them (image/fetch_message.h): several at once,
// each through a pipe into a file of the job that has the name "DIGEST" when its digest is right.
// What comes is taken whenever this is asked for anything, so that unpacking one layer and fetching
// the next go on side by side on one thread.
class RegistrySource : public GrowingBlobs {
 public:
  // Both are borrowed.
  RegistrySource(Job& job, int socket_fd);
  ~RegistrySource() override;

  struct Named {
    std::string text;
    std::string reference;  // normalised, as ambit-fetch says
  };
  // The manifest or index that the user named. Errors are the registry's.
  Result<Named> user_manifest();

  // Until the job has the blob, whole; a store that has it needs no fetching. For indexes and
  // manifests, which registries keep apart from other blobs, too.
  Result<void> fetch(const image::Descriptor& blob);

  void expect(const std::vector<image::Descriptor>& blobs) override;
  Result<UniqueFd> open(const image::Descriptor& blob) override;
  Result<void> wait(const image::Descriptor& blob, std::uint64_t position) override;
  Result<void> finish(const image::Descriptor& blob) override;

 private:
  struct Stream;

  Result<Stream*> request(image::FetchRequest request, std::optional<BlobWriter> writer);
  Result<Stream*> stream_of(const image::Descriptor& blob);
  Result<void> begin_expected();
  Stream* find(const std::string& digest);
  bool has(const image::Descriptor& blob) const;
  // Takes what is there; waits for something if `patience_ms` is not 0.
  Result<void> turn(int patience_ms);
  Result<void> take_bytes(Stream& stream);
  Result<void> take_answers();
  Result<void> settle(Stream& stream);
  Result<void> until_done(Stream& stream);

  Job& job_;
  int socket_fd_;
  std::uint64_t last_id_ = 0;
  std::vector<image::Descriptor> expected_;  // not asked for yet, the next one last
  std::list<Stream> streams_;
  bool fetch_is_gone_ = false;
  std::vector<char> buffer_;
};

// Adds the image that the user named, from a registry: what is missing of it is fetched and
// unpacked. Unsupported where it has none for the job's platform.
Result<void> pull_image(Job& job, int socket_fd);

}  // namespace ambit::worker
