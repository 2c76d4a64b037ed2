#pragma once

#include <string>

#include "base/result.h"

namespace ambit {

// Where ambit keeps things for the calling user. Nothing is created here.
struct Paths {
  std::string data;     // $XDG_DATA_HOME/ambit, or ~/.local/share/ambit: images, layers, containers
  std::string runtime;  // $XDG_RUNTIME_DIR/ambit: sockets and run state, stamped with the boot id
  std::string config;   // $XDG_CONFIG_HOME/ambit, or ~/.config/ambit
};

// Reads the environment; the home directory falls back to the passwd entry. HostUnsupported where
// XDG_RUNTIME_DIR is unset: the message says that a systemd user session is needed.
// Relative values are ignored, as the XDG base directory specification says.
Result<Paths> user_paths();

}  // namespace ambit
