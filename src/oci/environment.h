#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "spec/process_spec.h"

// What a container's environment takes from its runtime's.
namespace ambit::oci {

// "NAME=value", in the place of the variable where it is set already.
void set_variable(std::vector<std::string>& env, const std::string& variable);

// Socket activation (sd_listen_fds(3)): where the caller was given listening sockets, the
// container's first process gets them, with LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID=1. Returns
// how many, from descriptor 3 on. InvalidArgument where LISTEN_FDS is no number.
Result<int> pass_sockets_on(spec::ProcessSpec& process);

}  // namespace ambit::oci
