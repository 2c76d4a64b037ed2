#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/given.h"
#include "spec/runtime_spec.h"

// The namespaces of a container: which are made, and which are joined by path.
namespace ambit::sandbox {

struct NamespaceKind {
  spec::NamespaceType type;
  int flag;          // CLONE_NEW*
  const char* name;  // in /proc/PID/ns
};
std::span<const NamespaceKind> namespace_kinds();

bool has_namespace(const spec::RuntimeSpec& spec, spec::NamespaceType type);

// Whether the container gets a namespace of this type that nobody else has yet.
bool has_new_namespace(const spec::RuntimeSpec& spec, spec::NamespaceType type);

struct JoinedNamespace {
  spec::NamespaceType type{};
  std::string path;
  UniqueFd fd;
};

struct NamespacePlan {
  std::uint64_t made = 0;  // CLONE_NEW* that clone(2) can make; the cgroup namespace comes later
  std::vector<JoinedNamespace> joined;
  bool makes_time = false;
  std::map<std::string, spec::TimeOffset> time_offsets;

  // Whether the first process can't be cloned right away: a PID or time namespace is entered by
  // children only, and others have to be joined with the rights of the caller.
  bool needs_step_between() const { return makes_time || !joined.empty(); }
  const JoinedNamespace* find(spec::NamespaceType type) const;
};

// Opens the paths that are not among `given`; those that lead to a namespace that the caller is in
// already are left out.
// InvalidArgument for one that is no namespace of that type, for a type that is named twice, for
// time offsets without a new time namespace, and for a container without a mount namespace.
Result<NamespacePlan> plan_namespaces(const spec::RuntimeSpec& spec, const GivenFds& given = {});

// For the process between: joins what can be joined with the caller's rights (namespaces that the
// user namespace which is about to be entered doesn't own). What is refused is tried again after.
Result<void> join_before_userns(const NamespacePlan& plan,
                                std::vector<const JoinedNamespace*>& left);

// The rest, and the namespaces that children of the calling process will be in.
Result<void> join_after_userns(const NamespacePlan& plan,
                               const std::vector<const JoinedNamespace*>& left, int procfs_fd);

}  // namespace ambit::sandbox
