#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "image/record.h"

namespace ambit::image {

// The names of the containers that use an image (by ID); empty where none does.
using ImageUsers = std::function<std::vector<std::string>(const std::string& image_id)>;

// KeepOthers: an image with several references is removed by ID only with All.
enum class RemoveReferences { KeepOthers, All };

struct RemovedImage {
  std::vector<std::string> untagged;  // normalised references
  std::string deleted_id;             // "" where other references keep the image
  std::uint64_t freed_bytes = 0;      // unpacked layers and blobs that went with it
};

// The images of one user, below the data folder:
//   images/          a valid OCI image layout; index.json has one descriptor per reference
//   image-records/   what the worker found out about each manifest, MANIFESTHEX.json
//   layers/CHAINID/  layer.json, and fs/, owned by mapped ids
//   staging/JOB/     what a worker is making: blobs/, layers/
//   trash/           what waits for a worker's `remove`
// ambitd is the only writer; all of it is cached in memory: only open and what changes the store
// touch the disk. Nothing here parses bytes that came from outside: see worker_call.h.
class Store {
 public:
  // Makes what is missing, moves left-over staging to the trash, and reads all records. What is
  // damaged is dropped or marked and told in problems(); only a folder that can't be made or read
  // is an error. `path` is data_fd's absolute path: for layer_paths and messages.
  static Result<Store> open(int data_fd, const std::string& path);

  // Newest first.
  const std::vector<ImageRecord>& images() const noexcept { return images_; }

  // By reference ("busybox"), "REPOSITORY@sha256:…", ID ("sha256:" may precede it) or a unique
  // prefix of one with at least 3 digits. A name that is both is a reference.
  // NoSuchImage names it; InvalidArgument names the candidates of an ambiguous prefix.
  // The pointer is good until the next change of the store.
  Result<const ImageRecord*> find(std::string_view name) const;

  // A load or import: give the name to the worker, then call one of the other two exactly once.
  // While a job runs nothing is collected, so that the layers it relies on stay.
  Result<std::string> begin_job();
  // Publishes the worker's images and returns their IDs. A reference that another image had moves.
  // All or nothing as far as index.json goes; blobs and layers that are there already are kept.
  Result<std::vector<std::string>> finish_job(const std::string& job,
                                              const std::vector<ImageRecord>& images);
  void abandon_job(const std::string& job);

  // Gives the image one more name. InvalidReference; a reference with a digest is refused.
  Result<void> tag(std::string_view name, std::string_view reference);

  // Takes a name away; the image stays, untagged if that was the last. NoSuchImage.
  Result<void> untag(std::string_view reference);

  // By reference: takes it away, and the image too if that was the last. By ID: the image; Busy
  // where it has several references, unless All. Busy also where `users` names containers: their
  // overlays are mounted from its layers. A broken image is removed like any other.
  // Needs no free space. Layers and blobs that nothing refers to go to the trash.
  Result<RemovedImage> remove(std::string_view name, RemoveReferences references,
                              const ImageUsers& users);

  // Removes every untagged image that no container uses (Tagged::Keep), or every unused one.
  enum class Tagged { Keep, Remove };
  Result<std::vector<RemovedImage>> prune(Tagged tagged, const ImageUsers& users);

  // Absolute paths of the unpacked layers, topmost first, as overlay wants them. Corrupt for a
  // broken image.
  Result<std::vector<std::string>> layer_paths(const ImageRecord& image) const;

  // The raw config blob, for `inspect` and the bus; the caller passes it on unparsed.
  Result<std::string> read_config_blob(const ImageRecord& image) const;

  // What a worker's `remove` has to delete; ambitd runs one whenever this is not empty: after
  // open, finish_job, abandon_job, remove and prune. forget_trash() after it has ended: what could
  // not be deleted is found again by the next open.
  int trash_fd() const noexcept { return trash_fd_.get(); }
  const std::vector<std::string>& trash() const noexcept { return trash_; }
  void forget_trash(const std::vector<std::string>& names);

  // What open found damaged, one sentence each, for the log; handed out once.
  std::vector<std::string> take_problems();

 private:
  // One line of index.json.
  struct Entry {
    Descriptor manifest;
    std::string reference;  // "" for an untagged image
  };

  Store() = default;
  Result<void> open_folders(int data_fd);
  Result<void> load_index();
  Result<void> recover_index();
  void load_record(const Descriptor& manifest);
  Result<void> sweep_staging();
  void note_damage();
  void rebuild();
  std::string what_is_broken(const ImageRecord& record) const;

  Result<void> write_index();
  void set_reference(const Descriptor& manifest, const std::string& reference);
  void drop_reference(const std::string& reference);
  Result<void> publish_files(int job_fd, const ImageRecord& image);
  Result<void> publish_blob(int job_fd, const Descriptor& blob);
  Result<void> publish_layer(int job_fd, const Layer& layer);
  bool has_layer(const std::string& chain_id) const;
  void end_job(const std::string& job);
  void collect();
  void discard(int dir_fd, const std::string& name);

  const ImageRecord* image_of(const Descriptor& manifest) const;
  const ImageRecord* find_by_reference(std::string_view name) const;
  Result<const ImageRecord*> find_by_id(std::string_view name) const;
  std::uint64_t bytes_of_only(const ImageRecord& image) const;
  Result<RemovedImage> remove_image(const ImageRecord& image, const ImageUsers& users);

  std::string path_;
  UniqueFd data_fd_, layout_fd_, blobs_fd_, records_fd_, layers_fd_, staging_fd_, trash_fd_;
  std::vector<Entry> index_;
  std::map<std::string, ImageRecord> records_;  // by manifest digest
  std::vector<ImageRecord> images_;             // index_ and records_, grouped by ID
  std::vector<std::string> jobs_;
  std::vector<std::string> trash_;
  std::vector<std::string> problems_;
};

}  // namespace ambit::image
