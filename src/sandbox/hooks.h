#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/hooks.h"

namespace ambit::sandbox {

// Runs the hooks one after the other, in the caller's namespaces and root, each with `state` (JSON)
// on its standard input, its own environment (the caller's where it has none), the caller's other
// standard streams and no further descriptor. Waits for each; one that takes longer than its
// timeout is killed.
//
// `confine` is for hooks whose programs are the container's: it is called in each one's process,
// last before it is executed, and one without an environment of its own gets an empty one.
//
// An error names kind and path, and says how the hook ended; the hooks after it are not run. `kind`
// is the specification's word: "createRuntime".
using Confine = std::function<Result<void>()>;
Result<void> run_hooks(const std::vector<spec::Hook>& hooks, std::string_view kind,
                       const std::string& state, const Confine& confine = {});

// All of them, also after one that failed; the first error. For poststart and poststop.
Result<void> run_all_hooks(const std::vector<spec::Hook>& hooks, std::string_view kind,
                           const std::string& state);

}  // namespace ambit::sandbox
