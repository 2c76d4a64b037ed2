#pragma once

#include <string>

#include "base/result.h"
#include "oci/cgroup.h"
#include "os/cgroup_stats.h"

namespace ambit::oci {

using os::BlockIoCount;
using Stats = os::CgroupStats;

// NotFound where the cgroup is gone; Unsupported where the container has none of its own.
Result<Stats> read_stats(const Cgroup& cgroup);

// {"type":"stats","id":ID,"data":{...}} in the shape of `runc events --stats`, in one line without
// an end: what podman and containerd's tools read.
std::string write_stats_json(const Stats& stats, const std::string& container_id);

}  // namespace ambit::oci
