#include "sandbox/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "base/strings.h"

namespace ambit::sandbox {
namespace {

// Index: the capability's number.
constexpr const char* kNames[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};
constexpr int kCount = static_cast<int>(std::size(kNames));

constexpr std::uint64_t bit(int number) { return std::uint64_t{1} << number; }

constexpr std::uint64_t kDefault = bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) |
                                   bit(CAP_FSETID) | bit(CAP_KILL) | bit(CAP_NET_BIND_SERVICE) |
                                   bit(CAP_SETFCAP) | bit(CAP_SETGID) | bit(CAP_SETPCAP) |
                                   bit(CAP_SETUID) | bit(CAP_SYS_CHROOT);

std::vector<std::string> names_of(std::uint64_t bits) {
  std::vector<std::string> names;
  for (int number = 0; number < 64; ++number)
    if ((bits & bit(number)) != 0) names.push_back(capability_name(number));
  return names;
}

Result<std::uint64_t> bits_of(const std::vector<std::string>& names) {
  std::uint64_t bits = 0;
  for (const std::string& name : names) bits |= bit(AMBIT_TRY(parse_capability(name)));
  return bits;
}

// The bits of a --cap-add or --cap-drop list; "ALL" is every one that has a name.
Result<std::uint64_t> option_bits(const std::vector<std::string>& names) {
  std::uint64_t bits = 0;
  for (const std::string& name : names) {
    const std::string lower = to_lower(name);
    if (lower == "all" || lower == "cap_all")
      bits |= bit(kCount) - 1;
    else
      bits |= bit(AMBIT_TRY(parse_capability(name)));
  }
  return bits;
}

bool names_all(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (const std::string lower = to_lower(name); lower == "all" || lower == "cap_all") return true;
  return false;
}

}  // namespace

Result<int> parse_capability(std::string_view text) {
  std::string name = to_lower(text);
  if (name.substr(0, 4) == "cap_") name.erase(0, 4);
  for (int number = 0; number < kCount; ++number)
    if (name == to_lower(kNames[number])) return number;
  return Error(ErrorCode::InvalidArgument, "no such capability: '" + std::string(text) + "'");
}

std::string capability_name(int number) {
  if (number >= 0 && number < kCount) return std::string("CAP_") + kNames[number];
  return strf("CAP_%d", number);
}

std::vector<std::string> known_capabilities() { return names_of(bit(kCount) - 1); }

std::vector<std::string> default_capabilities() { return names_of(kDefault); }

Result<std::vector<std::string>> apply_capability_options(const std::vector<std::string>& add,
                                                          const std::vector<std::string>& drop) {
  const std::uint64_t added = AMBIT_TRY(option_bits(add));
  const std::uint64_t dropped = AMBIT_TRY(option_bits(drop));
  // "--cap-add ALL --cap-drop X" is all but X; "--cap-drop ALL --cap-add X" is X alone, also where
  // X is ALL.
  if (names_all(add) && !names_all(drop)) return names_of(added & ~dropped);
  return names_of((kDefault & ~dropped) | added);
}

spec::Capabilities capability_sets(const std::vector<std::string>& granted,
                                   const std::vector<std::string>& for_user) {
  spec::Capabilities sets;
  sets.bounding = granted;
  sets.effective = granted;
  sets.permitted = granted;
  sets.inheritable = for_user;
  sets.ambient = for_user;
  return sets;
}

Result<CapabilityBits> capability_bits(const spec::Capabilities& sets) {
  CapabilityBits bits;
  bits.bounding = AMBIT_TRY(bits_of(sets.bounding).context("bounding set"));
  bits.effective = AMBIT_TRY(bits_of(sets.effective).context("effective set"));
  bits.inheritable = AMBIT_TRY(bits_of(sets.inheritable).context("inheritable set"));
  bits.permitted = AMBIT_TRY(bits_of(sets.permitted).context("permitted set"));
  bits.ambient = AMBIT_TRY(bits_of(sets.ambient).context("ambient set"));
  return bits;
}

Result<void> limit_bounding_set(std::uint64_t bounding) {
  // Every number that the kernel has, also one that is newer than our names.
  for (int number = 0; number < 64; ++number) {
    const int held = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (held < 0) break;
    if (held == 0 || (bounding & bit(number)) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
      return Error::from_errno(
          errno, "dropping " + capability_name(number) + " from the bounding set: prctl");
  }
  return {};
}

Result<void> lower_capabilities(const CapabilityBits& bits) {
  __user_cap_header_struct header = {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; ++word) {
    data[word].effective = static_cast<std::uint32_t>(bits.effective >> (32 * word));
    data[word].permitted = static_cast<std::uint32_t>(bits.permitted >> (32 * word));
    data[word].inheritable = static_cast<std::uint32_t>(bits.inheritable >> (32 * word));
  }
  if (::syscall(SYS_capset, &header, data) < 0)
    return Error::from_errno(errno, "setting the capabilities: capset");
  return {};
}

Result<void> set_capabilities(const CapabilityBits& bits) {
  AMBIT_TRY(lower_capabilities(bits));
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    return Error::from_errno(errno, "clearing the ambient capabilities: prctl");
  for (int number = 0; number < 64; ++number) {
    if ((bits.ambient & bits.permitted & bits.inheritable & bit(number)) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
      return Error::from_errno(errno, "ambient " + capability_name(number) + ": prctl");
  }
  return {};
}

}  // namespace ambit::sandbox
