#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "bpf_machine.h"
#include "os/file.h"
#include "sandbox/seccomp_compile.h"
#include "spec/runtime_spec.h"

// Whole profiles: what becomes of each call, beside what the profile says about it.
namespace ambit::sandbox {
namespace {

using spec::Seccomp;
using spec::SeccompArgument;
using spec::SeccompRule;

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
#endif
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kNewer = SECCOMP_RET_ERRNO | ENOSYS;

seccomp_data call(long number, std::vector<std::uint64_t> args = {}) {
  seccomp_data data = {};
  data.nr = static_cast<int>(number);
  data.arch = kNative;
  std::copy(args.begin(), args.end(), std::begin(data.args));
  return data;
}

// A list that engines write, without what depends on capabilities.
Result<Seccomp> profile_of_engine(const char* path) {
  const std::string text_of_file = AMBIT_TRY(os::read_file_at(AT_FDCWD, path, 1 << 20));
  nlohmann::json document = nlohmann::json::parse(text_of_file);
  nlohmann::json linux_seccomp = {
      {"defaultAction", document["defaultAction"]},
      {"defaultErrnoRet", document["defaultErrnoRet"]},
      {"architectures",
       {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"}}};
  for (nlohmann::json& item : document["syscalls"]) {
    if (item["includes"].contains("caps") || item["includes"].contains("arches")) continue;
    nlohmann::json kept = {{"names", item["names"]}, {"action", item["action"]}};
    if (item.contains("errnoRet")) kept["errnoRet"] = item["errnoRet"];
    for (nlohmann::json& argument_of_item : item["args"]) kept["args"].push_back(argument_of_item);
    linux_seccomp["syscalls"].push_back(kept);
  }
  const nlohmann::json config = {{"ociVersion", "1.0.2"},
                                 {"root", {{"path", "rootfs"}}},
                                 {"process", {{"cwd", "/"}, {"args", {"sh"}}}},
                                 {"linux", {{"seccomp", linux_seccomp}}}};
  const spec::RuntimeSpec parsed = AMBIT_TRY(spec::parse_runtime_spec(config.dump()));
  if (!parsed.seccomp) return Error(ErrorCode::Internal, "no seccomp");
  return *parsed.seccomp;
}

// Each call that has a number, against what the list says about its name.
TEST(SeccompWholeTest, TheProfileOfOtherEnginesIsWhatItSays) {
  constexpr const char* kPath = "/usr/share/containers/seccomp.json";
  if (::access(kPath, R_OK) < 0) GTEST_SKIP() << kPath;
  const auto seccomp = profile_of_engine(kPath);
  ASSERT_TRUE(seccomp) << seccomp.error().message();
  const auto filter = compile_seccomp(*seccomp);
  ASSERT_TRUE(filter) << filter.error().message();
  std::map<std::string, std::uint32_t> plain;
  std::map<std::string, bool> conditional;
  for (const SeccompRule& item : (*seccomp).syscalls)
    for (const std::string& name : item.names) {
      if (!item.args.empty()) conditional[name] = true;
      if (item.args.empty())
        plain.try_emplace(name, item.action == "SCMP_ACT_ALLOW"
                                    ? kAllow
                                    : SECCOMP_RET_ERRNO | item.errno_ret.value_or(EPERM));
    }
  int compared = 0;
  for (int number = 0; number < 460; ++number) {
    char* const name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (name == nullptr) continue;
    if (!conditional.contains(name)) {
      const std::uint32_t expected = plain.contains(name) ? plain[name] : kNewer;
      EXPECT_EQ(run_bpf((*filter).bpf, call(number)), expected) << name;
      ++compared;
    }
    std::free(name);
  }
  EXPECT_GT(compared, 300);
  EXPECT_EQ(run_bpf((*filter).bpf, call(SYS_personality, {0x20000})), kAllow);
  EXPECT_EQ(run_bpf((*filter).bpf, call(SYS_personality, {0x40000})), kNewer);
}

struct Call {
  const char* name;
  long number;
};

// With two that libseccomp 2.5 has no name for.
constexpr Call kCalls[] = {
    {"ioctl", SYS_ioctl},   {"getpriority", SYS_getpriority}, {"fcntl", SYS_fcntl},
    {"socket", SYS_socket}, {"openat2", SYS_openat2},         {"cachestat", 451},
    {"mseal", 462}};

struct Action {
  const char* name;
  std::uint32_t value;
};

constexpr Action kActions[] = {{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
                               {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO | EPERM},
                               {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
                               {"SCMP_ACT_LOG", SECCOMP_RET_LOG}};

std::uint32_t value_of(const std::string& action) {
  const auto* found = std::find_if(std::begin(kActions), std::end(kActions),
                                   [&](const Action& item) { return item.name == action; });
  return found == std::end(kActions) ? 0 : found->value;
}

bool holds(const SeccompArgument& argument, const seccomp_data& data) {
  const std::uint64_t given = data.args[argument.index];
  if (argument.op == "SCMP_CMP_NE") return given != argument.value;
  if (argument.op == "SCMP_CMP_EQ") return given == argument.value;
  if (argument.op == "SCMP_CMP_LT") return given < argument.value;
  if (argument.op == "SCMP_CMP_GE") return given >= argument.value;
  return (given & argument.value) == (argument.value_two & argument.value);
}

bool applies(const SeccompRule& rule, const seccomp_data& data) {
  std::map<std::uint32_t, int> indexes;
  std::size_t holding = 0;
  for (const SeccompArgument& argument : rule.args) {
    ++indexes[argument.index];
    if (holds(argument, data)) ++holding;
  }
  return indexes.size() == rule.args.size() ? holding == rule.args.size() : holding > 0;
}

// What the contract of compile_seccomp() says.
std::uint32_t expected(const Seccomp& seccomp, const Call& made, const seccomp_data& data) {
  const std::uint32_t by_default = value_of(seccomp.default_action);
  std::vector<const SeccompRule*> with;
  std::vector<const SeccompRule*> without;
  long highest = -1;
  for (const SeccompRule& rule : seccomp.syscalls) {
    for (const Call& known : kCalls)
      if (rule.names[0] == known.name) highest = std::max(highest, known.number);
    if (rule.names[0] != made.name) continue;
    if (!rule.args.empty())
      with.push_back(&rule);
    else if (value_of(rule.action) != by_default)
      without.push_back(&rule);
  }
  // Conditions of the default action are an exception from another rule, or say nothing.
  for (const SeccompRule* rule : with)
    if (applies(*rule, data)) return value_of(rule->action);
  if (!without.empty()) return value_of(without.front()->action);
  const bool newer = highest >= 0 && made.number > highest;
  return newer && by_default == (SECCOMP_RET_ERRNO | EPERM) ? kNewer : by_default;
}

std::string describe(const Seccomp& seccomp, const seccomp_data& data) {
  std::string text = "(" + std::to_string(data.args[0]) + ", " + std::to_string(data.args[1]) +
                     ", " + std::to_string(data.args[2]) + ") below " + seccomp.default_action;
  for (const SeccompRule& rule : seccomp.syscalls) {
    text += "\n  " + rule.names[0] + " " + rule.action;
    for (const SeccompArgument& argument : rule.args)
      text += " [" + std::to_string(argument.index) + " " + argument.op + " " +
              std::to_string(argument.value) + " " + std::to_string(argument.value_two) + "]";
  }
  return text;
}

class Dice {
 public:
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  std::uint64_t number() {
    constexpr std::uint64_t kNumbers[] = {0, 1, 5, 6, 0x100000000, 0x100000005, 0xffffffffffffffff};
    return kNumbers[below(std::size(kNumbers))];
  }

  Seccomp profile() {
    Seccomp seccomp;
    seccomp.default_action = kActions[below(std::size(kActions))].name;
    const std::size_t rules = below(2) == 0 ? below(8) : below(50);
    for (std::size_t i = 0; i < rules; ++i) seccomp.syscalls.push_back(rule());
    return seccomp;
  }

 private:
  SeccompRule rule() {
    constexpr const char* kOperators[] = {"SCMP_CMP_NE", "SCMP_CMP_EQ", "SCMP_CMP_LT",
                                          "SCMP_CMP_GE", "SCMP_CMP_MASKED_EQ"};
    SeccompRule made = {.names = {kCalls[below(std::size(kCalls))].name},
                        .action = kActions[below(std::size(kActions))].name,
                        .errno_ret = {},
                        .args = {}};
    for (std::size_t i = below(4); i > 0; --i)
      made.args.push_back({.index = static_cast<std::uint32_t>(below(3)),
                           .value = number(),
                           .value_two = number(),
                           .op = kOperators[below(std::size(kOperators))]});
    return made;
  }

  std::mt19937 engine_{1};
};

TEST(SeccompWholeTest, AnyProfileIsWhatItSays) {
  Dice dice;
  for (int round = 0; round < 2000; ++round) {
    const Seccomp seccomp = dice.profile();
    const auto filter = compile_seccomp(seccomp);
    ASSERT_TRUE(filter) << filter.error().message();
    for (const Call& made : kCalls)
      for (int i = 0; i < 10; ++i) {
        const seccomp_data data = call(made.number, {dice.number(), dice.number(), dice.number()});
        ASSERT_EQ(run_bpf((*filter).bpf, data), expected(seccomp, made, data))
            << "round " << round << ": " << made.name << describe(seccomp, data);
      }
  }
}

}  // namespace
}  // namespace ambit::sandbox
