#include "oci/cgroup_devices.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace ambit::oci {
namespace {

struct Access {
  std::uint32_t type;
  std::uint32_t major, minor;
  std::uint32_t kind;
};

constexpr std::uint32_t kChar = BPF_DEVCG_DEV_CHAR;
constexpr std::uint32_t kBlock = BPF_DEVCG_DEV_BLOCK;
constexpr std::uint32_t kMake = BPF_DEVCG_ACC_MKNOD;
constexpr std::uint32_t kRead = BPF_DEVCG_ACC_READ;
constexpr std::uint32_t kWrite = BPF_DEVCG_ACC_WRITE;

// Runs the instructions that a device program has; -1 for one that it can't have, or no end.
long run(const std::vector<bpf_insn>& program, const Access& access) {
  const std::uint32_t context[] = {access.type | access.kind << 16, access.major, access.minor};
  std::uint64_t registers[16] = {};
  for (std::size_t at = 0, steps = 0; at < program.size() && steps < 10'000; at++, steps++) {
    const bpf_insn& each = program[at];
    std::uint64_t& target = registers[each.dst_reg];
    const auto value = static_cast<std::uint64_t>(static_cast<std::int64_t>(each.imm));
    const auto skip = static_cast<std::size_t>(each.off);
    switch (each.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        target = context[each.off / 4];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        target = value;
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X:
        target = registers[each.src_reg];
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        target &= value;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        target >>= value;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (target != value) at += skip;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        if (target == value) at += skip;
        break;
      case BPF_JMP | BPF_EXIT:
        return static_cast<long>(registers[0]);
      default:
        return -1;
    }
  }
  return -1;
}

using Rules = std::vector<spec::DeviceRule>;

bool allows(const Rules& rules, const Access& access) {
  const auto program = device_program(rules);
  EXPECT_TRUE(program) << program.error().message();
  if (!program) return false;
  const long verdict = run(*program, access);
  EXPECT_TRUE(verdict == 0 || verdict == 1) << verdict;
  return verdict == 1;
}

const spec::DeviceRule kDenyAll{.allow = false, .access = "rwm"};

TEST(DeviceRules, WhatNoRuleSpeaksOfIsDenied) {
  EXPECT_FALSE(allows({}, {kBlock, 8, 0, kRead}));
  EXPECT_FALSE(allows({kDenyAll}, {kChar, 10, 200, kRead | kWrite}));
}

TEST(DeviceRules, DefaultDevicesAreAlwaysAllowed) {
  constexpr std::uint32_t kDefaults[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8},   {1, 9},
                                            {5, 0}, {5, 1}, {5, 2}, {136, 0}, {136, 77}};
  for (const auto& [major, minor] : kDefaults)
    EXPECT_TRUE(allows({kDenyAll}, {kChar, major, minor, kRead | kWrite | kMake}))
        << major << ":" << minor;
  EXPECT_FALSE(allows({kDenyAll}, {kBlock, 1, 3, kRead}));
}

TEST(DeviceRules, ANodeMayBeMadeAndNotOpened) {
  EXPECT_TRUE(allows({kDenyAll}, {kBlock, 8, 0, kMake}));
  EXPECT_FALSE(allows({kDenyAll}, {kBlock, 8, 0, kMake | kRead}));
}

TEST(DeviceRules, TheLastRuleThatSpeaksOfAnAccessDecides) {
  const spec::DeviceRule allow{.allow = true, .type = "b", .major = 8, .minor = 0, .access = "rw"};
  const spec::DeviceRule deny{.allow = false, .type = "b", .major = 8, .minor = 0, .access = "w"};
  EXPECT_TRUE(allows({kDenyAll, allow}, {kBlock, 8, 0, kRead | kWrite}));
  EXPECT_FALSE(allows({kDenyAll, allow, deny}, {kBlock, 8, 0, kRead | kWrite}));
  EXPECT_TRUE(allows({kDenyAll, allow, deny}, {kBlock, 8, 0, kRead}));
  EXPECT_TRUE(allows({kDenyAll, deny, allow}, {kBlock, 8, 0, kWrite}));
  EXPECT_FALSE(allows({allow, kDenyAll}, {kBlock, 8, 0, kRead}));
}

TEST(DeviceRules, RulesForPartsOfAnAccessAddUp) {
  const spec::DeviceRule read{.allow = true, .type = "c", .major = 10, .minor = 229, .access = "r"};
  const spec::DeviceRule write{
      .allow = true, .type = "c", .major = 10, .minor = 229, .access = "w"};
  EXPECT_TRUE(allows({read, write}, {kChar, 10, 229, kRead | kWrite}));
  EXPECT_FALSE(allows({read}, {kChar, 10, 229, kRead | kWrite}));
}

TEST(DeviceRules, ANumberThatIsLeftOutIsAny) {
  const spec::DeviceRule major{.allow = true, .type = "b", .major = 8, .access = "r"};
  EXPECT_TRUE(allows({major}, {kBlock, 8, 33, kRead}));
  EXPECT_FALSE(allows({major}, {kBlock, 9, 33, kRead}));
  EXPECT_FALSE(allows({major}, {kChar, 8, 33, kRead}));
  const spec::DeviceRule minor{.allow = true, .type = "b", .major = -1, .minor = 33, .access = "r"};
  EXPECT_TRUE(allows({minor}, {kBlock, 9, 33, kRead}));
  EXPECT_FALSE(allows({minor}, {kBlock, 9, 34, kRead}));
}

TEST(DeviceRules, ARuleForEverythingEndsTheProgram) {
  EXPECT_TRUE(allows({{.allow = true, .type = "a"}}, {kBlock, 8, 0, kRead | kWrite}));
  EXPECT_TRUE(allows({kDenyAll, {.allow = true}}, {kBlock, 8, 0, kRead | kWrite}));
}

TEST(DeviceRules, WrongOnesAreRefused) {
  for (const spec::DeviceRule& rule :
       {spec::DeviceRule{.type = "x"}, spec::DeviceRule{.access = "rx"},
        spec::DeviceRule{.type = "c", .major = std::int64_t{1} << 40}}) {
    const auto program = device_program({rule});
    ASSERT_FALSE(program);
    EXPECT_EQ(program.error().code(), ErrorCode::InvalidArgument);
  }
}

TEST(DeviceRules, TheKernelsVerifierTakesThem) {
  const Rules kPrograms[] = {{},
                             {kDenyAll},
                             {{.allow = true, .type = "a"}},
                             {kDenyAll,
                              {.allow = true, .type = "b", .major = 8, .minor = 0, .access = "rw"},
                              {.allow = false, .type = "b", .major = 8, .access = "w"},
                              {.allow = true, .minor = 3}}};
  for (const Rules& rules : kPrograms) {
    auto program = device_program(rules);
    ASSERT_TRUE(program);
    std::string log(65536, '\0');
    bpf_attr attr = {};
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = reinterpret_cast<std::uintptr_t>(program->data());
    attr.insn_cnt = static_cast<std::uint32_t>(program->size());
    attr.license = reinterpret_cast<std::uintptr_t>("GPL");
    attr.log_buf = reinterpret_cast<std::uintptr_t>(log.data());
    attr.log_size = static_cast<std::uint32_t>(log.size());
    attr.log_level = 1;
    const long fd = ::syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
    if (fd < 0 && errno == EPERM && ::geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_GE(fd, 0) << log.c_str();
    ::close(static_cast<int>(fd));
  }
}

}  // namespace
}  // namespace ambit::oci
