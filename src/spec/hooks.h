#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Programs that whoever wrote the specification wants to be run around the life of a container
// (runtime specification, config.md, "POSIX-platform Hooks").
namespace ambit::spec {

struct Hook {
  std::string path;                           // absolute
  std::vector<std::string> args;              // args[0] included; empty: the path
  std::vector<std::string> env;               // the whole environment; empty: the caller's
  std::optional<std::uint32_t> timeout_secs;  // none: as long as it takes
};

struct Hooks {
  std::vector<Hook> prestart;          // outside, before the container's root is entered
  std::vector<Hook> create_runtime;    // outside, after those
  std::vector<Hook> create_container;  // in the container's namespaces, in the host's root
  std::vector<Hook> start_container;   // in the container, before its command
  std::vector<Hook> poststart;         // outside, after the command was started
  std::vector<Hook> poststop;          // outside, after the container was deleted
};

}  // namespace ambit::spec
