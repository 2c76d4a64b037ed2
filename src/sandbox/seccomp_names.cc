#include "sandbox/seccomp_names.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ambit::sandbox {
namespace {

constexpr std::uint32_t kMaxErrno = 4095;
constexpr std::uint32_t kMaxTraceData = 0xffff;

constexpr ActionName kActions[] = {
    {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, 0},
    {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, kMaxErrno},
    {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, 0},
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, 0},
    {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, 0},
    {"SCMP_ACT_LOG", SECCOMP_RET_LOG, 0},
    {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, 0},
    {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, kMaxTraceData},
    {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, 0},
};

constexpr OperatorName kOperators[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV  // Linux 5.19
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

constexpr FlagName kFlags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC, 0},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, 0},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
     SECCOMP_FILTER_FLAG_NEW_LISTENER},
};

// All that the specification lists.
constexpr std::string_view kArchitectures[] = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",
};

struct NamedLocal {
  std::string_view name;
  LocalArchitecture architecture;
};

// The native one first.
#if defined(__x86_64__)
constexpr std::uint32_t kX32Bit = 0x40000000;  // __X32_SYSCALL_BIT, of <asm/unistd.h>
constexpr NamedLocal kLocal[] = {
    {"SCMP_ARCH_X86_64", {SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, UINT64_MAX}},
    {"SCMP_ARCH_X86", {SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, UINT32_MAX}},
    {"SCMP_ARCH_X32", {SCMP_ARCH_X32, AUDIT_ARCH_X86_64, kX32Bit, UINT64_MAX}},
};
#elif defined(__aarch64__)
constexpr NamedLocal kLocal[] = {
    {"SCMP_ARCH_AARCH64", {SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, UINT64_MAX}},
    {"SCMP_ARCH_ARM", {SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, UINT32_MAX}},
};
#else
#error "which architectures can occur on this machine?"
#endif

template <typename Names>
auto find(const Names& names, std::string_view name) {
  const auto* end = std::end(names);
  const auto* found =
      std::find_if(std::begin(names), end, [&](const auto& item) { return item.name == name; });
  return found == end ? nullptr : found;
}

}  // namespace

std::span<const ActionName> seccomp_actions() { return kActions; }
std::span<const OperatorName> seccomp_operators() { return kOperators; }
std::span<const FlagName> seccomp_flags() { return kFlags; }
std::span<const std::string_view> seccomp_architectures() { return kArchitectures; }

const ActionName* find_seccomp_action(std::string_view name) { return find(kActions, name); }
const OperatorName* find_seccomp_operator(std::string_view name) { return find(kOperators, name); }
const FlagName* find_seccomp_flag(std::string_view name) { return find(kFlags, name); }

bool is_seccomp_architecture(std::string_view name) {
  return std::find(std::begin(kArchitectures), std::end(kArchitectures), name) !=
         std::end(kArchitectures);
}

const LocalArchitecture& native_architecture() { return kLocal[0].architecture; }

const LocalArchitecture* find_local_architecture(std::string_view name) {
  const NamedLocal* found = find(kLocal, name);
  return found == nullptr ? nullptr : &found->architecture;
}

bool kernel_has_flag(const FlagName& flag) {
  // The kernel looks at the flags before it looks for the filter, which isn't there (seccomp(2)).
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag.value | flag.needed, nullptr) < 0 &&
         errno == EFAULT;
}

}  // namespace ambit::sandbox
