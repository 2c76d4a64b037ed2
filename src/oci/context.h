#pragma once

#include <string>

#include "base/result.h"
#include "oci/cgroup.h"
#include "oci/log.h"
#include "oci/options.h"

// What every command of ambit-oci gets: the options that stand before its name, understood.
namespace ambit::oci {

struct Context {
  std::string root;  // folder of the state folders; "": default_root()
  CgroupManager manager = CgroupManager::Filesystem;
  Log log;
};

// $XDG_RUNTIME_DIR/ambit-oci, or /run/ambit-oci for root in the initial user namespace.
// HostUnsupported where there is no XDG_RUNTIME_DIR.
Result<std::string> default_root();

// The only argument that Options::parse() left, or InvalidArgument with the command's usage.
Result<std::string> only_id(Result<Arguments> parsed, const char* usage);

// Commands return the exit status of the program.
using Command = Result<int> (*)(const Context& context, const Arguments& arguments);

}  // namespace ambit::oci
