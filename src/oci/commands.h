#pragma once

#include "oci/context.h"

// The commands of ambit-oci: each reads its own options from `arguments`, which start after its
// name. Named as the runtime specification and runc(8) have them.
namespace ambit::oci {

Result<int> run_checkpoint(const Context& context, const Arguments& arguments);
Result<int> run_create(const Context& context, const Arguments& arguments);
Result<int> run_delete(const Context& context, const Arguments& arguments);
Result<int> run_events(const Context& context, const Arguments& arguments);
Result<int> run_exec(const Context& context, const Arguments& arguments);
Result<int> run_features(const Context& context, const Arguments& arguments);
Result<int> run_kill(const Context& context, const Arguments& arguments);
Result<int> run_list(const Context& context, const Arguments& arguments);
Result<int> run_pause(const Context& context, const Arguments& arguments);
Result<int> run_ps(const Context& context, const Arguments& arguments);
Result<int> run_resume(const Context& context, const Arguments& arguments);
Result<int> run_run(const Context& context, const Arguments& arguments);
Result<int> run_spec(const Context& context, const Arguments& arguments);
Result<int> run_start(const Context& context, const Arguments& arguments);
Result<int> run_state(const Context& context, const Arguments& arguments);
Result<int> run_update(const Context& context, const Arguments& arguments);

}  // namespace ambit::oci
