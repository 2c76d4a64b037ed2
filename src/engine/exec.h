#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ambit::engine {

// A further command in a container, as others may see it.
struct Exec {
  std::string id;
  std::string container_id;
  std::vector<std::string> command;
  pid_t pid = 0;
  bool terminal = false;
  bool is_check = false;  // of a health check: nobody else sees it
  bool running = false;
  int exit_code = 0;
};

}  // namespace ambit::engine
