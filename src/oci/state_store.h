#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/stored_state.h"
#include "spec/runtime_spec.h"

// The containers that were created and not deleted: a folder each, named by the ID.
namespace ambit::oci {

// A container's folder. While it is locked no other command changes the container.
class StateFolder {
 public:
  StateFolder(std::string id, UniqueFd fd) : id_(std::move(id)), fd_(std::move(fd)) {}

  const std::string& id() const { return id_; }
  int fd() const { return fd_.get(); }

  // Waits for another command to be done with it; until unlock(), or until this object ends.
  // NoSuchContainer where the other one has removed it: the ID may be a new container's by now.
  Result<void> lock();
  void unlock();

  Result<void> write_state(const StoredState& state) const;
  Result<StoredState> state() const;
  Result<void> write_config(const spec::RuntimeSpec& spec) const;
  Result<spec::RuntimeSpec> config() const;

  // The socket that a created container waits on.
  static constexpr char kStartSocket[] = "start";

  // Of the socket that the container speaks to its caller's service manager over (notify.h).
  static constexpr char kNotifyFolder[] = "notify";

 private:
  std::string id_;
  UniqueFd fd_;
};

class StateStore {
 public:
  // Makes the folder ("": default_root()) where it is missing, for its owner alone.
  // PermissionDenied where it belongs to somebody else, or others can write in it.
  static Result<StateStore> open(const std::string& folder);

  // A new, locked folder. InvalidArgument for an ID that is no good name; AlreadyExists.
  Result<StateFolder> create(const std::string& id) const;

  // NoSuchContainer; PermissionDenied where the folder is not ours alone.
  Result<StateFolder> find(const std::string& id) const;

  std::vector<std::string> ids() const;

  Result<void> remove(const std::string& id) const;

 private:
  explicit StateStore(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace ambit::oci
