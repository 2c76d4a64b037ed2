// config.json, and what is planned from it without asking the kernel.

#include <cstdint>
#include <string>

#include "fuzz/fuzz.h"
#include "sandbox/capabilities.h"
#include "sandbox/id_map.h"
#include "sandbox/mount_options.h"
#include "sandbox/namespaces.h"
#include "sandbox/scheduling.h"
#include "spec/runtime_spec.h"

namespace ambit::fuzz {
namespace {

// What an ordinary user has, and what root has.
const std::vector<os::IdExtent> kOfUser = {{.inside = 0, .outside = 1000, .count = 1},
                                           {.inside = 1, .outside = 100000, .count = 65536}};
const std::vector<os::IdExtent> kOfRoot = {{.inside = 0, .outside = 0, .count = UINT32_MAX}};

void check_mappings(const std::vector<spec::IdMapping>& wanted,
                    const std::vector<os::IdExtent>& held) {
  const auto extents = sandbox::split_mappings(wanted, held);
  if (!extents) return;
  std::uint64_t ids = 0;
  for (const os::IdExtent& extent : *extents) {
    ids += extent.count;
    if (extent.count == 0) fail("a line of an id map has ids");
    if (std::uint64_t{extent.inside} + extent.count > UINT32_MAX)
      fail("ids of a map end before the one that is none");
    if (!sandbox::is_mapped(held, extent.outside)) fail("only ids that are held are mapped");
  }
  std::uint64_t wanted_ids = 0;
  for (const spec::IdMapping& mapping : wanted) wanted_ids += mapping.size;
  if (!wanted.empty() && ids != wanted_ids) fail("all ids that are wanted are mapped");
}

// Without the paths of others' namespaces, which would be opened.
void check_namespaces(spec::RuntimeSpec spec) {
  for (spec::Namespace& item : spec.namespaces) item.path.clear();
  (void)sandbox::plan_namespaces(spec);
}

void check_plans(const spec::RuntimeSpec& spec) {
  check_namespaces(spec);
  for (const auto* held : {&kOfUser, &kOfRoot}) {
    check_mappings(spec.uid_mappings, *held);
    check_mappings(spec.gid_mappings, *held);
    for (const spec::Mount& mount : spec.mounts) check_mappings(mount.uid_mappings, *held);
  }
  (void)sandbox::plan_mounts(spec.mounts);
  (void)sandbox::parse_propagation(spec.rootfs_propagation);
  (void)sandbox::capability_bits(spec.process.capabilities);
  (void)sandbox::check_scheduling(spec.process);
  if (spec.personality) (void)sandbox::check_personality(*spec.personality);
}

// A text with a NUL would be another one to the kernel.
void check_no_nul(std::string_view json) {
  constexpr std::string_view kNul = "\\u0000";
  for (std::size_t at = 0; (at = json.find(kNul, at)) != std::string_view::npos; ++at) {
    std::size_t escapes = 0;
    while (escapes < at && json[at - escapes - 1] == '\\') ++escapes;
    if (escapes % 2 == 0) fail("no text has a NUL");
  }
}

}  // namespace

void try_input(std::string_view input) {
  // Parts of it are documents of their own.
  (void)spec::parse_process_spec(input);
  (void)spec::parse_resources(input);
  const auto spec = spec::parse_runtime_spec(input);
  if (!spec) return;
  check_plans(*spec);
  const std::string text = spec::write_runtime_spec(*spec);
  check_no_nul(text);
  const auto again = spec::parse_runtime_spec(text);
  if (!again) fail("what was written is parsed");
  expect_same(text, spec::write_runtime_spec(*again), "config.json keeps its content");
}

}  // namespace ambit::fuzz
