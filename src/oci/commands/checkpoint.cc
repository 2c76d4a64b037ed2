#include "oci/commands.h"

namespace ambit::oci {

Result<int> run_checkpoint(const Context&, const Arguments&) {
  return Error(
      ErrorCode::Unsupported,
      "checkpoint and restore are unsupported: they need CRIU with rights that an ordinary "
      "user has not");
}

}  // namespace ambit::oci
