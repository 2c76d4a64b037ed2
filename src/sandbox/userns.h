#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "os/namespace.h"
#include "os/process.h"

// User namespaces that nobody lives in.
namespace ambit::sandbox {

// A process that does nothing but keep a new user namespace alive, for its maps to be written and
// its file to be opened; gone with this object.
class UsernsHolder {
 public:
  static Result<UsernsHolder> create();
  UsernsHolder(UsernsHolder&&) = default;
  UsernsHolder& operator=(UsernsHolder&&) = delete;
  ~UsernsHolder();

  pid_t pid() const { return process_.pid; }

 private:
  UsernsHolder() = default;
  os::Process process_;
};

struct UsernsMaps {
  std::vector<os::IdExtent> uids;
  std::vector<os::IdExtent> gids;
  bool setgroups_allowed = true;
};

// The maps of a user namespace that the caller may join. InvalidArgument where he may not. Forks.
Result<UsernsMaps> read_userns_maps(int userns_fd);

// A user namespace with these maps, of ids of the caller's: for ID-mapped mounts.
Result<UniqueFd> make_userns(const std::vector<os::IdExtent>& uids,
                             const std::vector<os::IdExtent>& gids);

}  // namespace ambit::sandbox
