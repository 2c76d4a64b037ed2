#include "oci/stats.h"

#include <cerrno>
#include <utility>

#include "base/unique_fd.h"
#include "os/cgroup.h"

namespace ambit::oci {

Result<Stats> read_stats(const Cgroup& cgroup) {
  if (cgroup.path.empty())
    return Error(ErrorCode::Unsupported,
                 "the container has no cgroup of its own, so nothing counts what it uses");
  const UniqueFd fd = AMBIT_TRY(os::open_cgroup(cgroup.path).context("cgroup " + cgroup.path));
  auto stats = os::read_cgroup_stats(fd.get());
  if (!stats && stats.error().sys_errno() == ENODEV)
    return std::move(stats).error().with_code(ErrorCode::NotFound);
  return stats;
}

}  // namespace ambit::oci
