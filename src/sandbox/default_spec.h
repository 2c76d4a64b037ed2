#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/runtime_spec.h"

namespace ambit::sandbox {

enum class NetworkMode {
  None,  // a network namespace of its own, with loopback up
  Host,  // the caller's
};

struct DefaultSpecOptions {
  NetworkMode network = NetworkMode::None;
  std::uint64_t shm_size_bytes = 64ULL << 20;
};

// A container as ambit makes it when nothing else is asked for: namespaces, mounts, masked and
// read-only paths, default capabilities, a PATH, no_new_privileges. What is missing is what the
// caller knows: root, command, user, environment, hostname, further mounts.
//
// The order of mounts matters: the caller appends its own.
spec::RuntimeSpec default_spec(const DefaultSpecOptions& options = {});

// For a container that is to be unconfined in this respect, these lists are left out.
std::vector<std::string> default_masked_paths();
std::vector<std::string> default_readonly_paths();

}  // namespace ambit::sandbox
