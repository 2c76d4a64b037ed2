// The system call filter of config.json ("linux.seccomp"), and its compilation. What comes out is
// held against the rules by which the kernel takes a program.

#include <linux/filter.h>

#include <cstring>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "sandbox/seccomp_compile.h"
#include "spec/runtime_spec.h"

namespace ambit::fuzz {
namespace {

std::vector<sock_filter> program_of(const std::string& bpf) {
  if (bpf.empty() || bpf.size() % sizeof(sock_filter) != 0) fail("a filter has whole instructions");
  std::vector<sock_filter> program(bpf.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bpf.data(), bpf.size());
  return program;
}

// Jumps go forward, so a program whose jumps stay inside and whose last instruction returns ends.
void check(const std::vector<sock_filter>& program) {
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    const std::size_t left = program.size() - at - 1;
    if (BPF_CLASS(step.code) != BPF_JMP) continue;
    const bool always = BPF_OP(step.code) == BPF_JA;
    if (always ? step.k >= left : step.jt >= left || step.jf >= left)
      fail("a jump stays inside of the program");
  }
  if (BPF_CLASS(program.back().code) != BPF_RET) fail("the last instruction returns");
}

}  // namespace

void try_input(std::string_view input) {
  const auto spec =
      spec::parse_runtime_spec("{\"linux\":{\"seccomp\":" + std::string(input) + "}}");
  if (!spec || !(*spec).seccomp) return;
  const auto filter = sandbox::compile_seccomp(*(*spec).seccomp);
  if (!filter) return;
  check(program_of((*filter).bpf));
  if ((*filter).notifies && (*(*spec).seccomp).listener_path.empty())
    fail("a filter that notifies has a listener");
}

}  // namespace ambit::fuzz
