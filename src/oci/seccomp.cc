#include "oci/seccomp.h"

#include "oci/console.h"

namespace ambit::oci {

sandbox::Seccomp SeccompPlan::borrow() const {
  return {.bpf = filter.bpf,
          .flags = filter.flags,
          .listener_fd = listener.get(),
          .listener_metadata = metadata};
}

Result<SeccompPlan> plan_seccomp(const spec::RuntimeSpec& spec) {
  SeccompPlan plan;
  if (!spec.seccomp) return plan;
  plan.filter = AMBIT_TRY(sandbox::compile_seccomp(*spec.seccomp).context("seccomp"));
  // Whoever waits there wants the descriptor, also of a filter that notifies nothing.
  if (spec.seccomp->listener_path.empty()) return plan;
  plan.listener = AMBIT_TRY(
      connect_stream(spec.seccomp->listener_path).context("failed to connect with seccomp agent"));
  plan.metadata = spec.seccomp->listener_metadata;
  return plan;
}

}  // namespace ambit::oci
