#include "oci/cgroup_devices.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::oci {
namespace {

constexpr char kProgramName[] = "ambit_devices";  // 15 characters at most: BPF_OBJ_NAME_LEN
constexpr std::uint32_t kAnyAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

// Registers of the program.
constexpr std::uint8_t kResult = BPF_REG_0;
constexpr std::uint8_t kContext = BPF_REG_1;
constexpr std::uint8_t kType = BPF_REG_2;
constexpr std::uint8_t kAccess = BPF_REG_3;  // what is asked for and no rule has allowed yet
constexpr std::uint8_t kMajor = BPF_REG_4;
constexpr std::uint8_t kMinor = BPF_REG_5;

struct Rule {
  bool allow = false;
  std::optional<std::int32_t> type;  // BPF_DEVCG_DEV_*; unset: any
  std::optional<std::int32_t> major, minor;
  std::uint32_t access = kAnyAccess;

  bool is_total() const { return !type && !major && !minor && access == kAnyAccess; }
};

std::vector<Rule> default_rules() {
  constexpr std::int32_t kChar = BPF_DEVCG_DEV_CHAR;
  std::vector<Rule> rules = {
      {.allow = true, .type = kChar, .access = BPF_DEVCG_ACC_MKNOD},
      {.allow = true, .type = BPF_DEVCG_DEV_BLOCK, .access = BPF_DEVCG_ACC_MKNOD},
      {.allow = true, .type = kChar, .major = 136},  // /dev/pts/*
  };
  constexpr std::int32_t kDevices[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8},
                                          {1, 9}, {5, 0}, {5, 1}, {5, 2}};
  for (const auto& [major, minor] : kDevices)
    rules.push_back({.allow = true, .type = kChar, .major = major, .minor = minor});
  return rules;
}

// A negative number is any, as one that is not there.
Result<std::optional<std::int32_t>> device_number(const std::optional<std::int64_t>& number) {
  if (!number || *number < 0) return std::optional<std::int32_t>();
  if (*number > INT32_MAX)
    return Error(ErrorCode::InvalidArgument,
                 strf("%lld is no device number", static_cast<long long>(*number)));
  return std::optional<std::int32_t>(static_cast<std::int32_t>(*number));
}

Result<Rule> parse_rule(const spec::DeviceRule& given) {
  Rule rule{.allow = given.allow};
  if (given.type == "b")
    rule.type = BPF_DEVCG_DEV_BLOCK;
  else if (given.type == "c" || given.type == "u")
    rule.type = BPF_DEVCG_DEV_CHAR;
  else if (!given.type.empty() && given.type != "a")
    return Error(ErrorCode::InvalidArgument, "\"" + given.type + "\" is no type of a device");
  rule.major = AMBIT_TRY(device_number(given.major));
  rule.minor = AMBIT_TRY(device_number(given.minor));
  if (given.access.empty()) return rule;
  rule.access = 0;
  for (const char letter : given.access) {
    if (letter != 'r' && letter != 'w' && letter != 'm')
      return Error(ErrorCode::InvalidArgument, "access \"" + given.access + "\" is not of rwm");
    rule.access |= letter == 'r'   ? BPF_DEVCG_ACC_READ
                   : letter == 'w' ? BPF_DEVCG_ACC_WRITE
                                   : BPF_DEVCG_ACC_MKNOD;
  }
  return rule;
}

bpf_insn instruction(int code, std::uint8_t target, std::uint8_t source, std::int16_t offset,
                     std::int32_t value) {
  bpf_insn made = {};
  made.code = static_cast<std::uint8_t>(code);
  made.dst_reg = target & 0xf;
  made.src_reg = source & 0xf;
  made.off = offset;
  made.imm = value;
  return made;
}

bpf_insn load_word(std::uint8_t target, std::size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, target, kContext, static_cast<std::int16_t>(offset),
                     0);
}

bpf_insn move_value(std::uint8_t target, std::int32_t value) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, target, 0, 0, value);
}

bpf_insn exit_program() { return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

// The instructions of one rule; what it says nothing about runs on behind them.
void append_rule(const Rule& rule, std::vector<bpf_insn>& program) {
  std::vector<bpf_insn> verdict;
  const auto access = static_cast<std::int32_t>(rule.access);
  if (rule.access != kAnyAccess && rule.allow) {
    verdict.push_back(instruction(BPF_ALU64 | BPF_AND | BPF_K, kAccess, 0, 0, ~access));
    verdict.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, kAccess, 0, 2, 0));
  } else if (rule.access != kAnyAccess) {
    verdict.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_X, kResult, kAccess, 0, 0));
    verdict.push_back(instruction(BPF_ALU64 | BPF_AND | BPF_K, kResult, 0, 0, access));
    verdict.push_back(instruction(BPF_JMP | BPF_JEQ | BPF_K, kResult, 0, 2, 0));
  }
  verdict.push_back(move_value(kResult, rule.allow ? 1 : 0));
  verdict.push_back(exit_program());

  struct Condition {
    std::uint8_t source;
    std::optional<std::int32_t> wanted;
  };
  std::vector<Condition> conditions = {
      {kType, rule.type}, {kMajor, rule.major}, {kMinor, rule.minor}};
  std::erase_if(conditions, [](const Condition& each) { return !each.wanted; });
  std::size_t left = conditions.size() + verdict.size();
  for (const Condition& each : conditions)
    program.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, each.source, 0,
                                  static_cast<std::int16_t>(--left), *each.wanted));
  program.insert(program.end(), verdict.begin(), verdict.end());
}

long bpf(bpf_cmd command, bpf_attr& attr) {
  return ::syscall(SYS_bpf, command, &attr, sizeof attr);
}

template <typename T>
std::uint64_t address(const T* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

Result<UniqueFd> load_program(const std::vector<bpf_insn>& program) {
  bpf_attr attr = {};
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.insns = address(program.data());
  attr.insn_cnt = static_cast<std::uint32_t>(program.size());
  attr.license = address("GPL");
  static_assert(sizeof kProgramName <= BPF_OBJ_NAME_LEN);
  std::memcpy(attr.prog_name, kProgramName, sizeof kProgramName);
  UniqueFd fd(static_cast<int>(bpf(BPF_PROG_LOAD, attr)));
  if (!fd) return Error::from_errno(errno, "bpf: loading the program of device rules");
  return fd;
}

// Ours among the programs that are attached to the cgroup itself; empty where there is none.
Result<UniqueFd> find_program(int cgroup_fd) {
  std::uint32_t ids[64] = {};
  bpf_attr query = {};
  query.query.target_fd = static_cast<std::uint32_t>(cgroup_fd);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = address(ids);
  query.query.prog_cnt = sizeof ids / sizeof ids[0];
  if (bpf(BPF_PROG_QUERY, query) < 0)
    return Error::from_errno(errno, "bpf: asking for the cgroup's programs");
  for (std::uint32_t i = 0; i < query.query.prog_cnt; i++) {
    bpf_attr get = {};
    get.prog_id = ids[i];
    UniqueFd fd(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, get)));
    if (!fd) continue;  // detached meanwhile
    bpf_prog_info info = {};
    bpf_attr describe = {};
    describe.info.bpf_fd = static_cast<std::uint32_t>(fd.get());
    describe.info.info_len = sizeof info;
    describe.info.info = address(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, describe) < 0)
      return Error::from_errno(errno, "bpf: asking what a program is");
    if (std::strncmp(info.name, kProgramName, sizeof info.name) == 0) return fd;
  }
  return UniqueFd();
}

}  // namespace

Result<std::vector<bpf_insn>> device_program(const std::vector<spec::DeviceRule>& rules) {
  std::vector<Rule> parsed;
  for (const spec::DeviceRule& rule : rules)
    parsed.push_back(AMBIT_TRY(parse_rule(rule).context("resources.devices")));
  for (const Rule& rule : default_rules()) parsed.push_back(rule);

  std::vector<bpf_insn> program;
  program.push_back(load_word(kType, offsetof(bpf_cgroup_dev_ctx, access_type)));
  program.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_X, kAccess, kType, 0, 0));
  program.push_back(instruction(BPF_ALU64 | BPF_AND | BPF_K, kType, 0, 0, 0xffff));
  program.push_back(instruction(BPF_ALU64 | BPF_RSH | BPF_K, kAccess, 0, 0, 16));
  program.push_back(load_word(kMajor, offsetof(bpf_cgroup_dev_ctx, major)));
  program.push_back(load_word(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)));
  // The last that matches decides: it comes first.
  for (auto rule = parsed.rbegin(); rule != parsed.rend(); ++rule) {
    append_rule(*rule, program);
    // The verifier refuses instructions that nothing leads to.
    if (rule->is_total()) return program;
  }
  program.push_back(move_value(kResult, 0));
  program.push_back(exit_program());
  return program;
}

Result<void> set_device_rules(int cgroup_fd, const std::vector<spec::DeviceRule>& rules) {
  const auto program = AMBIT_TRY(device_program(rules));
  UniqueFd loaded = AMBIT_TRY(load_program(program));
  // bpf(2) wants a descriptor that was opened, which O_PATH is not.
  UniqueFd cgroup = AMBIT_TRY(os::open_at(cgroup_fd, ".", O_RDONLY | O_DIRECTORY));
  const UniqueFd old = AMBIT_TRY(find_program(cgroup.get()));
  bpf_attr attach = {};
  attach.target_fd = static_cast<std::uint32_t>(cgroup.get());
  attach.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (old) {
    // In one step (Linux 5.6), so that at no moment there are no rules.
    attach.attach_flags |= BPF_F_REPLACE;
    attach.replace_bpf_fd = static_cast<std::uint32_t>(old.get());
  }
  if (bpf(BPF_PROG_ATTACH, attach) < 0)
    return Error::from_errno(errno, "bpf: attaching the device rules to the cgroup");
  return {};
}

}  // namespace ambit::oci
