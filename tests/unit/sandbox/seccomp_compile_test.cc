#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bpf_machine.h"
#include "sandbox/seccomp_compile.h"

namespace ambit::sandbox {
namespace {

using spec::Seccomp;
using spec::SeccompArgument;
using spec::SeccompRule;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kDenied = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kNewer = SECCOMP_RET_ERRNO | ENOSYS;

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kCompatible = AUDIT_ARCH_I386;
constexpr const char* kCompatibleName = "SCMP_ARCH_X86";
#else
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kCompatible = AUDIT_ARCH_ARM;
constexpr const char* kCompatibleName = "SCMP_ARCH_ARM";
#endif

SeccompRule rule(const char* name, const char* action, std::vector<SeccompArgument> args = {}) {
  return {.names = {name}, .action = action, .errno_ret = {}, .args = std::move(args)};
}

SeccompArgument argument(const char* op, std::uint64_t value, std::uint64_t value_two = 0,
                         std::uint32_t index = 0) {
  return {.index = index, .value = value, .value_two = value_two, .op = op};
}

Seccomp profile(const char* default_action, std::vector<SeccompRule> rules) {
  Seccomp seccomp;
  seccomp.default_action = default_action;
  seccomp.syscalls = std::move(rules);
  return seccomp;
}

seccomp_data call(long number, std::vector<std::uint64_t> args = {}, std::uint32_t arch = kNative) {
  seccomp_data data = {};
  data.nr = static_cast<int>(number);
  data.arch = arch;
  std::copy(args.begin(), args.end(), std::begin(data.args));
  return data;
}

// What becomes of a call. The text of the error where the profile is refused.
std::string outcome(const Seccomp& seccomp, const seccomp_data& data) {
  const auto filter = compile_seccomp(seccomp);
  if (!filter) return filter.error().message();
  const auto result = run_bpf((*filter).bpf, data);
  return result ? nlohmann::json(*result).dump() : "ran off the end";
}

std::string text(std::uint32_t action) { return nlohmann::json(action).dump(); }

Error refused(const Seccomp& seccomp) {
  auto filter = compile_seccomp(seccomp);
  return filter ? Error(ErrorCode::Internal, "accepted") : filter.error();
}

TEST(SeccompCompileTest, EveryActionIsWhatTheKernelCallsIt) {
  const std::map<std::string, std::uint32_t> actions = {
      {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
      {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
      {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO | EPERM},
      {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE | EPERM},
      {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
      {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
      {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF},
  };
  for (const auto& [name, value] : actions) {
    Seccomp as_rule = profile(value == kAllow ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW",
                              {rule("getpid", name.c_str())});
    as_rule.listener_path = "/run/agent";
    EXPECT_EQ(outcome(as_rule, call(SYS_getpid)), text(value)) << name;
    Seccomp as_default = profile(name.c_str(), {});
    as_default.listener_path = "/run/agent";
    EXPECT_EQ(outcome(as_default, call(SYS_getpid)), text(value)) << name;
    EXPECT_EQ(compile_seccomp(as_default)->notifies, name == "SCMP_ACT_NOTIFY");
    EXPECT_EQ(compile_seccomp(as_rule)->notifies, name == "SCMP_ACT_NOTIFY");
  }
}

TEST(SeccompCompileTest, ErrnoIsForErrnoAndTraceAlone) {
  Seccomp seccomp = profile("SCMP_ACT_ERRNO", {rule("getpid", "SCMP_ACT_TRACE")});
  seccomp.default_errno_ret = 95;
  seccomp.syscalls[0].errno_ret = 0xffff;
  EXPECT_EQ(outcome(seccomp, call(SYS_getppid)), text(SECCOMP_RET_ERRNO | 95));
  EXPECT_EQ(outcome(seccomp, call(SYS_getpid)), text(SECCOMP_RET_TRACE | 0xffff));
  seccomp.syscalls[0].errno_ret = 0x10000;
  EXPECT_EQ(refused(seccomp).code(), ErrorCode::InvalidArgument);
  seccomp.syscalls[0] = rule("getpid", "SCMP_ACT_ALLOW");
  seccomp.syscalls[0].errno_ret = 1;
  EXPECT_EQ(refused(seccomp).message(), "seccomp profile: SCMP_ACT_ALLOW has no errno");
  seccomp = profile("SCMP_ACT_KILL", {});
  seccomp.default_errno_ret = 1;
  EXPECT_EQ(refused(seccomp).code(), ErrorCode::InvalidArgument);
  seccomp = profile("SCMP_ACT_ERRNO", {});
  seccomp.default_errno_ret = 4096;
  EXPECT_EQ(refused(seccomp).code(), ErrorCode::InvalidArgument);
}

struct Comparison {
  const char* op;
  bool (*holds)(std::uint64_t argument, std::uint64_t value, std::uint64_t value_two);
};

constexpr Comparison kComparisons[] = {
    {"SCMP_CMP_NE", [](std::uint64_t a, std::uint64_t v, std::uint64_t) { return a != v; }},
    {"SCMP_CMP_LT", [](std::uint64_t a, std::uint64_t v, std::uint64_t) { return a < v; }},
    {"SCMP_CMP_LE", [](std::uint64_t a, std::uint64_t v, std::uint64_t) { return a <= v; }},
    {"SCMP_CMP_EQ", [](std::uint64_t a, std::uint64_t v, std::uint64_t) { return a == v; }},
    {"SCMP_CMP_GE", [](std::uint64_t a, std::uint64_t v, std::uint64_t) { return a >= v; }},
    {"SCMP_CMP_GT", [](std::uint64_t a, std::uint64_t v, std::uint64_t) { return a > v; }},
    {"SCMP_CMP_MASKED_EQ",
     [](std::uint64_t a, std::uint64_t v, std::uint64_t w) { return (a & v) == (w & v); }},
};

// Numbers whose halves are less, equal and more than each other's.
std::vector<std::uint64_t> numbers_to_compare() {
  std::vector<std::uint64_t> numbers;
  for (const std::uint64_t high : {0U, 1U, 5U, 0xffffffffU})
    for (const std::uint64_t low : {0U, 1U, 4U, 5U, 6U, 0x80000000U, 0xffffffffU})
      numbers.push_back(high << 32 | low);
  return numbers;
}

// mseal: a call that libseccomp 2.5 has no name for, so that the comparison is ours.
TEST(SeccompCompileTest, OperatorsCompareWholeArguments) {
  constexpr long kMseal = 462;
  for (const Comparison& comparison : kComparisons)
    for (const std::uint64_t value : numbers_to_compare()) {
      const std::uint64_t value_two = value ^ 0x500000004;
      const auto filter = compile_seccomp(profile(
          "SCMP_ACT_KILL",
          {rule("getpriority", "SCMP_ACT_ALLOW", {argument(comparison.op, value, value_two, 1)}),
           rule("mseal", "SCMP_ACT_ALLOW", {argument(comparison.op, value, value_two, 1)})}));
      ASSERT_TRUE(filter) << filter.error().message();
      for (const std::uint64_t given : numbers_to_compare())
        for (const long number : {static_cast<long>(SYS_getpriority), kMseal})
          EXPECT_EQ(run_bpf((*filter).bpf, call(number, {7, given})) == kAllow,
                    comparison.holds(given, value, value_two))
              << number << ": " << given << " " << comparison.op << " " << value;
    }
}

TEST(SeccompCompileTest, ConditionsOnDifferentArgumentsMustAllHold) {
  for (const char* name : {"getpriority", "mseal"}) {
    const long number = std::string(name) == "mseal" ? 462 : static_cast<long>(SYS_getpriority);
    const Seccomp seccomp = profile(
        "SCMP_ACT_KILL", {rule(name, "SCMP_ACT_ALLOW",
                               {argument("SCMP_CMP_EQ", 1, 0, 0), argument("SCMP_CMP_GT", 5, 0, 5),
                                argument("SCMP_CMP_NE", 9, 0, 3)})});
    EXPECT_EQ(outcome(seccomp, call(number, {1, 0, 0, 0, 0, 6})), text(kAllow));
    EXPECT_EQ(outcome(seccomp, call(number, {1, 0, 0, 0, 0, 5})), text(SECCOMP_RET_KILL_THREAD));
    EXPECT_EQ(outcome(seccomp, call(number, {2, 0, 0, 0, 0, 6})), text(SECCOMP_RET_KILL_THREAD));
    EXPECT_EQ(outcome(seccomp, call(number, {1, 0, 0, 9, 0, 6})), text(SECCOMP_RET_KILL_THREAD));
  }
}

TEST(SeccompCompileTest, ConditionsOnTheSameArgumentAreAlternatives) {
  const Seccomp seccomp =
      profile("SCMP_ACT_ERRNO", {rule("getpriority", "SCMP_ACT_ALLOW",
                                      {argument("SCMP_CMP_EQ", 1), argument("SCMP_CMP_EQ", 2),
                                       argument("SCMP_CMP_EQ", 3, 0, 1)})});
  EXPECT_EQ(outcome(seccomp, call(SYS_getpriority, {1, 0})), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(SYS_getpriority, {2, 0})), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(SYS_getpriority, {9, 3})), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(SYS_getpriority, {9, 0})), text(kDenied));
}

// libseccomp alone forgets the conditions, or refuses.
TEST(SeccompCompileTest, ConditionsComeBeforeTheRuleWithoutAny) {
  const SeccompRule general = rule("ioctl", "SCMP_ACT_ALLOW");
  const SeccompRule special = rule("ioctl", "SCMP_ACT_KILL", {argument("SCMP_CMP_EQ", 7, 0, 1)});
  for (const Seccomp& seccomp : {profile("SCMP_ACT_ERRNO", {general, special}),
                                 profile("SCMP_ACT_ERRNO", {special, general})}) {
    EXPECT_EQ(outcome(seccomp, call(SYS_ioctl, {1, 7})), text(SECCOMP_RET_KILL_THREAD));
    EXPECT_EQ(outcome(seccomp, call(SYS_ioctl, {1, 8})), text(kAllow));
  }
  // Also where the action is the default one.
  const Seccomp exception =
      profile("SCMP_ACT_ERRNO",
              {general, rule("ioctl", "SCMP_ACT_ERRNO", {argument("SCMP_CMP_EQ", 7, 0, 1)})});
  EXPECT_EQ(outcome(exception, call(SYS_ioctl, {1, 7})), text(kDenied));
  EXPECT_EQ(outcome(exception, call(SYS_ioctl, {1, 8})), text(kAllow));
}

TEST(SeccompCompileTest, TheFirstOfSeveralConditionsDecides) {
  const Seccomp seccomp = profile(
      "SCMP_ACT_ALLOW", {rule("ioctl", "SCMP_ACT_LOG", {argument("SCMP_CMP_LT", 5, 0, 1)}),
                         rule("ioctl", "SCMP_ACT_ERRNO", {argument("SCMP_CMP_LT", 9, 0, 1)})});
  EXPECT_EQ(outcome(seccomp, call(SYS_ioctl, {1, 4})), text(SECCOMP_RET_LOG));
  EXPECT_EQ(outcome(seccomp, call(SYS_ioctl, {1, 8})), text(kDenied));
  EXPECT_EQ(outcome(seccomp, call(SYS_ioctl, {1, 9})), text(kAllow));
}

TEST(SeccompCompileTest, TheFirstOfSeveralRulesDecides) {
  const Seccomp seccomp =
      profile("SCMP_ACT_KILL", {rule("setns", "SCMP_ACT_LOG"), rule("setns", "SCMP_ACT_ERRNO"),
                                rule("mseal", "SCMP_ACT_LOG"), rule("mseal", "SCMP_ACT_ERRNO")});
  EXPECT_EQ(outcome(seccomp, call(SYS_setns)), text(SECCOMP_RET_LOG));
  EXPECT_EQ(outcome(seccomp, call(462)), text(SECCOMP_RET_LOG));
}

TEST(SeccompCompileTest, RulesThatSayNothingNewAreSkipped) {
  const Seccomp seccomp = profile(
      "SCMP_ACT_ERRNO", {rule("getpid", "SCMP_ACT_ERRNO"), rule("getppid", "SCMP_ACT_ALLOW"),
                         rule("getppid", "SCMP_ACT_ALLOW"), rule("no_such_call", "SCMP_ACT_KILL"),
                         rule("getppid", "SCMP_ACT_ALLOW", {argument("SCMP_CMP_EQ", 1)})});
  EXPECT_EQ(outcome(seccomp, call(SYS_getpid)), text(kDenied));
  EXPECT_EQ(outcome(seccomp, call(SYS_getppid)), text(kAllow));
}

TEST(SeccompCompileTest, WhatCannotBeMeantIsRefused) {
  const auto code = [](const Seccomp& seccomp) { return refused(seccomp).code(); };
  EXPECT_EQ(code(profile("", {})), ErrorCode::InvalidArgument);
  EXPECT_EQ(code(profile("SCMP_ACT_MAYBE", {})), ErrorCode::InvalidArgument);
  EXPECT_EQ(code(profile("SCMP_ACT_ALLOW", {rule("getpid", "allow")})), ErrorCode::InvalidArgument);
  EXPECT_EQ(code(profile("SCMP_ACT_ALLOW",
                         {rule("getpid", "SCMP_ACT_KILL", {argument("SCMP_CMP_SOME", 1)})})),
            ErrorCode::InvalidArgument);
  EXPECT_EQ(code(profile("SCMP_ACT_ALLOW",
                         {rule("getpid", "SCMP_ACT_KILL", {argument("SCMP_CMP_EQ", 1, 0, 6)})})),
            ErrorCode::InvalidArgument);
  EXPECT_EQ(code(profile("SCMP_ACT_ALLOW",
                         {{.names = {}, .action = "SCMP_ACT_KILL", .errno_ret = {}, .args = {}}})),
            ErrorCode::InvalidArgument);
  Seccomp seccomp = profile("SCMP_ACT_ALLOW", {});
  seccomp.flags = {"SECCOMP_FILTER_FLAG_SOME"};
  EXPECT_EQ(code(seccomp), ErrorCode::InvalidArgument);
  seccomp.flags = {};
  seccomp.architectures = {"SCMP_ARCH_VAX"};
  EXPECT_EQ(code(seccomp), ErrorCode::InvalidArgument);
}

TEST(SeccompCompileTest, NotifyNeedsAListener) {
  Seccomp seccomp = profile("SCMP_ACT_ALLOW", {rule("getpid", "SCMP_ACT_NOTIFY")});
  EXPECT_EQ(refused(seccomp).code(), ErrorCode::InvalidArgument);
  seccomp.listener_path = "/run/agent";
  seccomp.listener_metadata = "x";
  EXPECT_TRUE(compile_seccomp(seccomp));
  seccomp = profile("SCMP_ACT_ALLOW", {});
  seccomp.listener_metadata = "x";
  EXPECT_EQ(refused(seccomp).code(), ErrorCode::InvalidArgument);
}

TEST(SeccompCompileTest, FlagsAreTheKernels) {
  Seccomp seccomp = profile("SCMP_ACT_ALLOW", {});
  seccomp.flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                   "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  EXPECT_EQ(compile_seccomp(seccomp)->flags, 0b111U);
  seccomp.syscalls = {rule("getpid", "SCMP_ACT_NOTIFY")};
  seccomp.listener_path = "/run/agent";
  EXPECT_EQ(compile_seccomp(seccomp)->flags, 0b100111U);
}

TEST(SeccompCompileTest, OtherArchitecturesAreKilledUnlessListed) {
  Seccomp seccomp = profile("SCMP_ACT_ALLOW", {rule("getpid", "SCMP_ACT_ERRNO")});
  const int compatible_getpid = 20;
  EXPECT_EQ(outcome(seccomp, call(compatible_getpid, {}, kCompatible)),
            text(SECCOMP_RET_KILL_PROCESS));
  // Those of other machines don't matter, and the native one needn't be named.
  seccomp.architectures = {kCompatibleName, "SCMP_ARCH_S390X", "SCMP_ARCH_MIPS"};
  EXPECT_EQ(outcome(seccomp, call(compatible_getpid, {}, kCompatible)), text(kDenied));
  EXPECT_EQ(outcome(seccomp, call(compatible_getpid + 1, {}, kCompatible)), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(SYS_getpid)), text(kDenied));
}

TEST(SeccompCompileTest, ValuesAreNarrowedForThirtyTwoBits) {
  Seccomp seccomp = profile(
      "SCMP_ACT_ALLOW", {rule("close", "SCMP_ACT_KILL", {argument("SCMP_CMP_EQ", UINT64_MAX)})});
  seccomp.architectures = {kCompatibleName};
  const int compatible_close = 6;
  EXPECT_EQ(outcome(seccomp, call(compatible_close, {UINT32_MAX}, kCompatible)),
            text(SECCOMP_RET_KILL_THREAD));
  EXPECT_EQ(outcome(seccomp, call(SYS_close, {UINT32_MAX})), text(kAllow));
}

TEST(SeccompCompileTest, CallsThatLibseccompDoesNotKnowAreFilteredEverywhere) {
  constexpr long kMseal = 462;
  Seccomp seccomp = profile("SCMP_ACT_ALLOW", {rule("mseal", "SCMP_ACT_ERRNO")});
  seccomp.architectures = {kCompatibleName};
  EXPECT_EQ(outcome(seccomp, call(kMseal)), text(kDenied));
  EXPECT_EQ(outcome(seccomp, call(kMseal, {}, kCompatible)), text(kDenied));
  EXPECT_EQ(outcome(seccomp, call(kMseal + 1)), text(kAllow));
}

TEST(SeccompCompileTest, CallsNewerThanTheProfileAreNotImplemented) {
  Seccomp seccomp =
      profile("SCMP_ACT_ERRNO", {rule("openat2", "SCMP_ACT_ALLOW"), rule("read", "SCMP_ACT_ALLOW"),
                                 rule("faccessat2", "SCMP_ACT_ERRNO")});
  EXPECT_EQ(outcome(seccomp, call(SYS_faccessat2)), text(kDenied));
  EXPECT_EQ(outcome(seccomp, call(SYS_faccessat2 + 1)), text(kNewer));
  EXPECT_EQ(outcome(seccomp, call(SYS_mount)), text(kDenied));
  // Who wants another errno or an end, or names ENOSYS, gets it.
  seccomp.default_errno_ret = EACCES;
  EXPECT_EQ(outcome(seccomp, call(1000)), text(SECCOMP_RET_ERRNO | EACCES));
  seccomp.default_errno_ret = EPERM;
  EXPECT_EQ(outcome(seccomp, call(1000)), text(kNewer));
  seccomp.default_action = "SCMP_ACT_KILL";
  seccomp.default_errno_ret = {};
  EXPECT_EQ(outcome(seccomp, call(1000)), text(SECCOMP_RET_KILL_THREAD));
}

TEST(SeccompCompileTest, WhatIsNewerIsToldByArchitecture) {
  Seccomp seccomp = profile("SCMP_ACT_ERRNO", {rule("socket", "SCMP_ACT_ALLOW")});
  seccomp.architectures = {kCompatibleName};
  EXPECT_EQ(outcome(seccomp, call(SYS_socket + 1)), text(kNewer));
#if defined(__x86_64__)
  constexpr long kCompatibleSocket = 359;  // beside socketcall, 102
  EXPECT_EQ(outcome(seccomp, call(kCompatibleSocket, {}, kCompatible)), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(kCompatibleSocket + 1, {}, kCompatible)), text(kNewer));
  EXPECT_EQ(outcome(seccomp, call(102, {1}, kCompatible)), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(102, {2}, kCompatible)), text(kDenied));
#endif
}

#if defined(__x86_64__)
// ipc, 117, whose first argument has a version above its 16 bits.
TEST(SeccompCompileTest, CallsBehindAnotherAreToldByItsArgument) {
  Seccomp seccomp =
      profile("SCMP_ACT_ALLOW", {rule("shmget", "SCMP_ACT_KILL"), rule("recvmsg", "SCMP_ACT_LOG")});
  seccomp.architectures = {kCompatibleName};
  EXPECT_EQ(outcome(seccomp, call(117, {23}, kCompatible)), text(SECCOMP_RET_KILL_THREAD));
  EXPECT_EQ(outcome(seccomp, call(117, {0x10017}, kCompatible)), text(SECCOMP_RET_KILL_THREAD));
  EXPECT_EQ(outcome(seccomp, call(117, {24}, kCompatible)), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(102, {17}, kCompatible)), text(SECCOMP_RET_LOG));
  EXPECT_EQ(outcome(seccomp, call(102, {16}, kCompatible)), text(kAllow));
}

TEST(SeccompCompileTest, X32IsAnArchitectureOfItsOwn) {
  constexpr long kX32 = 0x40000000;
  Seccomp seccomp = profile("SCMP_ACT_ERRNO",
                            {rule("getpid", "SCMP_ACT_ALLOW"), rule("mseal", "SCMP_ACT_ALLOW")});
  EXPECT_EQ(outcome(seccomp, call(kX32 | SYS_getpid)), text(SECCOMP_RET_KILL_PROCESS));
  EXPECT_EQ(outcome(seccomp, call(kX32 | 1000)), text(SECCOMP_RET_KILL_PROCESS));
  // What a tracer leaves that cancels a call.
  EXPECT_EQ(outcome(seccomp, call(-1)), text(kDenied));
  seccomp.architectures = {"SCMP_ARCH_X32"};
  EXPECT_EQ(outcome(seccomp, call(kX32 | SYS_getpid)), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(kX32 | SYS_getppid)), text(kDenied));
  EXPECT_EQ(outcome(seccomp, call(kX32 | 462)), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(kX32 | 1000)), text(kNewer));
  EXPECT_EQ(outcome(seccomp, call(SYS_getpid)), text(kAllow));
  EXPECT_EQ(outcome(seccomp, call(463)), text(kNewer));
}
#endif

}  // namespace
}  // namespace ambit::sandbox
