#pragma once

#include <string>
#include <vector>

namespace ambit::sandbox {

// The member "linux.seccomp" of the features structure (runtime specification, features-linux.md).
struct SeccompFeatures {
  std::vector<std::string> actions;  // known to us and to the running kernel
  std::vector<std::string> operators;
  std::vector<std::string> architectures;
  std::vector<std::string> known_flags;
  std::vector<std::string> supported_flags;  // by the running kernel
};

// Asks the kernel; changes nothing about the caller. All empty where the kernel has no filters.
SeccompFeatures seccomp_features();

}  // namespace ambit::sandbox
