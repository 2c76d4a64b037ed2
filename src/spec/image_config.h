#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/health_options.h"

namespace ambit::spec {

// What an image says of how to run it, and of itself (OCI image configuration; docker's is the
// same but for names).
struct ImageConfig {
  std::string architecture;
  std::string os;
  std::int64_t created_usec = 0;  // since 1970; 0 where the image doesn't say
  std::string author;

  std::string user;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string working_dir;
  std::string stop_signal;  // as the image has it: "SIGTERM", "15", "RTMIN+3", or ""
  std::vector<std::string> volumes;
  std::vector<std::string> exposed_ports;
  std::map<std::string, std::string> labels;
  HealthOptions health;

  std::vector<std::string> diff_ids;  // "sha256:…", lowest layer first
};

// Corrupt where it isn't JSON of the right types; NotAnImage where rootfs.diff_ids is missing.
Result<ImageConfig> parse_image_config(std::string_view json);

// In the form of the OCI image configuration, with history left out.
std::string write_image_config(const ImageConfig& config);

}  // namespace ambit::spec
