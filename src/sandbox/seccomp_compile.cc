#include "sandbox/seccomp_compile.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "sandbox/seccomp_program.h"
#include "sandbox/seccomp_rules.h"
#include "sandbox/seccomp_table.h"

namespace ambit::sandbox {
namespace {

constexpr std::uint32_t kDenied = SECCOMP_RET_ERRNO | EPERM;

// The direct calls of i386 beside socketcall(2) and ipc(2): libseccomp has negative numbers for
// them.
constexpr int kFirstDirectCall = 359;
constexpr int kLastDirectCall = 402;

struct ReleaseName {
  void operator()(char* name) const { std::free(name); }
};

std::optional<int> numbered_call(const std::string& name) {
  for (const NumberedCall& call : numbered_calls())
    if (name == call.name) return call.number;
  return std::nullopt;
}

// The numbers of calls on one architecture, as a filter sees them.
class CallNumbers {
 public:
  explicit CallNumbers(const LocalArchitecture& architecture) : architecture_(&architecture) {}

  // Negative for a call that this architecture has not, or not directly.
  int of_library(const std::string& name) const {
    return ::seccomp_syscall_resolve_name_arch(architecture_->token, name.c_str());
  }

  // Nothing where the architecture has no such call.
  std::optional<std::uint32_t> of(const std::string& name) {
    const int number = of_library(name);
    if (number >= 0) return static_cast<std::uint32_t>(number);
    if (number != __NR_SCMP_ERROR) return direct_call(name);
    const std::optional<int> ours = numbered_call(name);
    if (!ours) return std::nullopt;
    return static_cast<std::uint32_t>(*ours) + architecture_->number_base;
  }

 private:
  std::optional<std::uint32_t> direct_call(const std::string& name) {
    if (architecture_->token != SCMP_ARCH_X86) return std::nullopt;
    if (direct_names_.empty())
      for (int number = kFirstDirectCall; number <= kLastDirectCall; ++number) {
        const std::unique_ptr<char, ReleaseName> found(
            ::seccomp_syscall_resolve_num_arch(architecture_->token, number));
        direct_names_.emplace_back(found ? found.get() : "");
      }
    const auto found = std::find(direct_names_.begin(), direct_names_.end(), name);
    if (found == direct_names_.end()) return std::nullopt;
    return static_cast<std::uint32_t>(kFirstDirectCall + (found - direct_names_.begin()));
  }

  const LocalArchitecture* architecture_;
  std::vector<std::string> direct_names_;
};

// Behind one call of i386 are many, told by its first argument; libseccomp has a number for each.
struct Multiplexer {
  std::uint32_t number;
  int first;  // libseccomp's number of the call that the argument 1 is
  int last;
  std::uint64_t mask;  // of the argument
};

constexpr Multiplexer kMultiplexers[] = {
    {102 /*socketcall*/, -101, -120, 0xffffffff},
    {117 /*ipc*/, -201, -224, 0xffff},  // a version above
};

void add_multiplexed(ArchitectureCalls& part, int library_number, std::uint32_t action) {
  for (const Multiplexer& item : kMultiplexers)
    if (library_number <= item.first && library_number >= item.last) {
      const auto argument = static_cast<std::uint64_t>(item.first - library_number + 1);
      part.calls[item.number].conditionals.push_back(
          {action,
           {{.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = item.mask, .datum_b = argument}}});
    }
}

// A value of 64 bits, like -1, is meant for 32-bit arguments too.
ConditionalAction narrowed(ConditionalAction conditional, std::uint64_t argument) {
  for (scmp_arg_cmp& condition : conditional.conditions) {
    condition.datum_a &= argument;
    condition.datum_b &= argument;
  }
  return conditional;
}

void add_call(ArchitectureCalls& part, CallNumbers& numbers, const CallRules& rules) {
  if (const std::optional<std::uint32_t> number = numbers.of(rules.name)) {
    CallRule& call = part.calls[*number];
    for (const ConditionalAction& conditional : rules.conditionals)
      call.conditionals.push_back(narrowed(conditional, part.architecture->argument));
    if (!call.unconditional) call.unconditional = rules.unconditional;
  }
  if (part.architecture->token == SCMP_ARCH_X86 && rules.unconditional)
    add_multiplexed(part, numbers.of_library(rules.name), *rules.unconditional);
}

Result<std::string> compile(const SeccompRules& rules) {
  std::vector<ArchitectureCalls> parts;
  for (const LocalArchitecture* architecture : rules.architectures) {
    ArchitectureCalls& part = parts.emplace_back();
    part.architecture = architecture;
    CallNumbers numbers(*architecture);
    for (const CallRules& call : rules.calls) add_call(part, numbers, call);
  }
  const bool denies = rules.default_action == kDenied;
  std::string program = seccomp_program(
      parts, {.default_action = rules.default_action,
              .newer_action = denies ? SECCOMP_RET_ERRNO | ENOSYS : rules.default_action,
              .foreign_action = SECCOMP_RET_KILL_PROCESS});
  const std::size_t count = program.size() / sizeof(sock_filter);
  if (count > BPF_MAXINSNS)
    return Error(ErrorCode::InvalidArgument,
                 strf("seccomp profile: too long: %zu instructions, the kernel takes %d", count,
                      BPF_MAXINSNS));
  return program;
}

}  // namespace

Result<SeccompFilter> compile_seccomp(const spec::Seccomp& seccomp) {
  const SeccompRules rules = AMBIT_TRY(understand_seccomp(seccomp));
  SeccompFilter filter;
  filter.bpf = AMBIT_TRY(compile(rules));
  filter.flags = rules.flags;
  filter.notifies = rules.notifies;
  return filter;
}

}  // namespace ambit::sandbox
