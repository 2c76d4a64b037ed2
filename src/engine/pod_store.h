#pragma once

#include <string>
#include <vector>

#include "base/paths.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/pod_record.h"

namespace ambit::engine {

// The pods' records, DATA/pods/NAME.json, and their folders RUNTIME/pods/NAME (holder.sock). One
// writer: ambitd.
class PodStore {
 public:
  // Makes what is missing; both are 0700.
  static Result<PodStore> open(const Paths& paths);

  struct Listing {
    std::vector<spec::PodRecord> records;
    std::vector<std::string> problems;  // one line each: a record that can't be read is left out
  };
  Result<Listing> list() const;

  // To disk, so that a power cut does not lose it.
  Result<void> save(const spec::PodRecord& record) const;
  Result<void> remove(const std::string& name) const;

  // O_PATH; made where it is missing.
  Result<UniqueFd> open_runtime_dir(const std::string& name) const;
  void remove_runtime_dir(const std::string& name) const;

 private:
  UniqueFd data_;
  UniqueFd runtime_;
};

}  // namespace ambit::engine
