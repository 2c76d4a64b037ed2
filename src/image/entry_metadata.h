#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "image/id_ranges.h"
#include "image/worker_call.h"

struct archive_entry;

namespace ambit::image {

// Owner, mode, times and extended attributes of one object.
struct Metadata {
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  mode_t mode = 0755;
  timespec mtime = {};
  std::vector<std::pair<std::string, std::string>> attributes;
};

Metadata metadata_of(archive_entry* entry);
Metadata metadata_of(const struct stat& st);

// Holds the owner against the mapped ids. Refuse: InvalidArgument, with the owner and the ranges.
// Squash: an owner outside becomes root, and is kept in the attribute user.ambit.owner.
Result<void> fit_owner(Metadata& metadata, const IdMaps& maps, ForeignIds foreign_ids);

// What couldn't be kept, for a note to the user.
struct Losses {
  std::uint64_t devices = 0;
  std::uint64_t attributes = 0;
};

// To an open file or folder: owner, mode, attributes, time, in the order in which none undoes
// another (chown clears setuid bits and capabilities). Attributes that the kernel refuses here,
// and those that would speak to the overlay or to the host (user.overlay.*, trusted.*,
// security.* but the capability), are left out and counted.
Result<void> apply_metadata(int fd, const Metadata& metadata, Losses& losses);

// Only what may be set before a folder is filled: owner and attributes.
Result<void> apply_owner_and_attributes(int fd, const Metadata& metadata, Losses& losses);

// To something that can't be opened for it: a link or a FIFO. No attributes.
Result<void> apply_metadata_at(int dir_fd, const std::string& name, const Metadata& metadata);

// The attributes that a copy of an open file takes along.
std::vector<std::pair<std::string, std::string>> read_attributes(int fd);

}  // namespace ambit::image
