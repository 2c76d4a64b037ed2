#include "oci/context.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace ambit::oci {

Result<std::string> default_root() {
  if (own_authority() == Authority::System) return std::string("/run/ambit-oci");
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime == nullptr || *runtime != '/')
    return Error(ErrorCode::HostUnsupported,
                 "XDG_RUNTIME_DIR is not set: log in with a session, or give --root");
  return std::string(runtime) + "/ambit-oci";
}

Result<std::string> only_id(Result<Arguments> parsed, const char* usage) {
  Arguments arguments = AMBIT_TRY(std::move(parsed));
  if (arguments.size() == 1 && !arguments.front().empty()) return std::move(arguments.front());
  return Error(ErrorCode::InvalidArgument, std::string("usage: ambit-oci ") + usage);
}

}  // namespace ambit::oci
