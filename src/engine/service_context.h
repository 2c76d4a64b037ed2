#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/container_record.h"
#include "spec/runtime_spec.h"

namespace ambit::engine {

// What a service of the user's manager hands on to the container that it starts. For one run.
struct ServiceContext {
  std::vector<UniqueFd> listen_fds;       // sd_listen_fds(3): the command's from 3 on
  std::vector<std::string> listen_names;  // one for each, or none at all
  std::uint64_t watchdog_usec = 0;        // 0: nobody waits for WATCHDOG=1
  std::string unit;                       // the service's name: stopped before the container
  bool until_ready = false;               // the start is done when the container is ready
};

constexpr std::size_t kMaxListenFds = 64;

// InvalidArgument for too many sockets, and for names that are not one for each.
Result<void> check_service_context(const ServiceContext& context);

// Makes it, and the NOTIFY_SOCKET of a container that has one, known to the command alone: to its
// environment, which no further command gets, and to its mounts.
void add_service_context(const ServiceContext& context, const spec::ContainerRecord& record,
                         const std::string& runtime_path, spec::RuntimeSpec& spec);

}  // namespace ambit::engine
