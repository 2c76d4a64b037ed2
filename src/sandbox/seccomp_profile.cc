#include "sandbox/seccomp_profile.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/file.h"
#include "sandbox/capabilities.h"
#include "sandbox/seccomp_table.h"

namespace ambit::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the seccomp profile needs this architecture's AUDIT_ARCH_ value"
#endif
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "low_word() says where an int is");

constexpr std::size_t kMaxFilterBytes = 65536 * sizeof(sock_filter);

struct ReleaseFilter {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

Error failure(int negative_errno, const std::string& what) {
  return Error::from_errno(-negative_errno, "seccomp profile: " + what);
}

// Names that are not of this architecture, or of no libseccomp that we know, come to nothing.
int resolve(const char* name) {
  const int number = ::seccomp_syscall_resolve_name(name);
  if (number != __NR_SCMP_ERROR) return number;
  for (const NumberedCall& call : numbered_calls())
    if (std::string_view(call.name) == name) return call.number;
  return __NR_SCMP_ERROR;
}

Result<void> add(const Filter& filter, std::uint32_t action, const char* name) {
  const int number = resolve(name);
  if (number == __NR_SCMP_ERROR) return {};
  const int result = ::seccomp_rule_add(filter.get(), action, number, 0);
  if (result < 0 && result != -EDOM) return failure(result, name);
  return {};
}

// For a clone(2) whose flags, as far as `mask` covers them, are `flags`.
Result<void> add_clone_rule(const Filter& filter, std::uint32_t action, std::uint64_t mask,
                            std::uint64_t flags) {
  const scmp_arg_cmp comparison = {
      .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = flags};
  const int result =
      ::seccomp_rule_add_array(filter.get(), action, SCMP_SYS(clone), 1, &comparison);
  if (result < 0) return failure(result, "clone");
  return {};
}

// clone(2) without namespaces is how threads and processes are made.
Result<void> add_clone(const Filter& filter) {
  constexpr std::uint64_t kNamespaces[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                           CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                           CLONE_NEWNET};
  std::uint64_t all = 0;
  for (const std::uint64_t flag : kNamespaces) {
    all |= flag;
    AMBIT_TRY(add_clone_rule(filter, SCMP_ACT_ERRNO(EPERM), flag, flag));
  }
  return add_clone_rule(filter, SCMP_ACT_ALLOW, all, 0);
}

bool has_any(const std::vector<std::string>& held, std::span<const char* const> wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const char* name) {
    return std::find(held.begin(), held.end(), name) != held.end();
  });
}

Result<void> add_rules(const Filter& filter, const std::vector<std::string>& capabilities) {
  for (const char* name : allowed_calls()) AMBIT_TRY(add(filter, SCMP_ACT_ALLOW, name));
  for (const char* name : denied_calls()) AMBIT_TRY(add(filter, SCMP_ACT_ERRNO(EPERM), name));
  for (const ConditionalCalls& group : conditional_calls()) {
    const std::uint32_t action =
        has_any(capabilities, group.capabilities) ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
    for (const char* name : group.calls) AMBIT_TRY(add(filter, action, name));
  }
  constexpr const char* kAdmin[] = {"CAP_SYS_ADMIN"};
  if (!has_any(capabilities, kAdmin)) return add_clone(filter);
  AMBIT_TRY(add(filter, SCMP_ACT_ALLOW, "clone"));
  return add(filter, SCMP_ACT_ALLOW, "clone3");
}

Result<std::string> export_filter(const Filter& filter) {
  UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return Error::from_errno(errno, "memfd_create");
  if (const int result = ::seccomp_export_bpf(filter.get(), file.get()); result < 0)
    return failure(result, "exporting");
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return Error::from_errno(errno, "lseek");
  return os::read_all(file.get(), kMaxFilterBytes);
}

constexpr std::uint32_t low_word(unsigned argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                    argument * sizeof(std::uint64_t));
}

// A check of an argument that is an int to the kernel: only its low 32 bits count, and libseccomp
// can't say "the low half is not this" (its comparisons are of 64 bits, and a program sets the high
// half as it likes).
struct IntCheck {
  std::uint32_t call;
  unsigned argument;
  enum class Values { Denied, Allowed } listed;
  std::vector<std::uint32_t> values;
};

const IntCheck kIntChecks[] = {
    // Would type into the terminal of whoever looks at it.
    {SYS_ioctl, 1, IntCheck::Values::Denied, {TIOCSTI}},
    // Talks to the hypervisor past every network namespace.
    {SYS_socket, 0, IntCheck::Values::Denied, {AF_VSOCK}},
    // PER_LINUX, PER_LINUX32, with UNAME26, and the question which it is.
    {SYS_personality, 0, IntCheck::Values::Allowed, {0x0, 0x8, 0x20000, 0x20008, 0xffffffff}},
};

// ld nr; jne call, next; ld argument; jeq each value; ret. Falls through where the call may go on
// to the rest of the filter.
void append_check(const IntCheck& check, std::vector<sock_filter>& program) {
  constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | EPERM;
  const auto count = static_cast<std::uint8_t>(check.values.size());
  // After the values one instruction that denies or goes on, and one of the other kind.
  const auto rest = static_cast<std::uint8_t>(count + 3);
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, check.call, 0, rest));
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low_word(check.argument)));
  for (std::uint8_t i = 0; i < count; ++i)
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, check.values[i],
                               static_cast<std::uint8_t>(count - i), 0));
  if (check.listed == IntCheck::Values::Denied) {
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, kDeny));
  } else {
    program.push_back(BPF_STMT(BPF_RET | BPF_K, kDeny));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, 0));
  }
}

// What goes before libseccomp's program, which starts by loading what it needs. All its jumps are
// relative.
std::string argument_checks() {
  std::vector<sock_filter> checks;
  for (const IntCheck& check : kIntChecks) append_check(check, checks);
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 0,
                             static_cast<std::uint8_t>(checks.size())));
  program.insert(program.end(), checks.begin(), checks.end());
  return std::string(reinterpret_cast<const char*>(program.data()),
                     program.size() * sizeof(sock_filter));
}

}  // namespace

Result<std::string> compile_default_seccomp(const std::vector<std::string>& capabilities) {
  const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!filter) return Error(ErrorCode::Internal, "seccomp profile: seccomp_init");
  // Other ABIs, x32 included, look like a kernel that wasn't built with them.
  int result = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  if (result < 0) return failure(result, "bad architecture");
  // A tree instead of a list: a handful of comparisons for each call instead of hundreds.
  result = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (result < 0) return failure(result, "optimisation");
  AMBIT_TRY(add_rules(filter, capabilities));
  const std::string program = AMBIT_TRY(export_filter(filter));
  return argument_checks() + program;
}

}  // namespace ambit::sandbox
