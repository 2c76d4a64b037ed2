#include "sandbox/seccomp_table.h"

namespace ambit::sandbox {
namespace {

// Nothing for a container, whatever its capabilities: keyrings belong to the host's user, the rest
// to the host or to the past.
constexpr const char* kDenied[] = {
    "_sysctl",     "add_key", "create_module", "get_kernel_syms", "kexec_file_load",
    "kexec_load",  "keyctl",  "nfsservctl",    "pivot_root",      "query_module",
    "request_key", "swapoff", "swapon",        "sysfs",           "uselib",
    "userfaultfd", "ustat",   "vm86",          "vm86old"};

constexpr const char* kCapabilitiesForAdminister[] = {"CAP_SYS_ADMIN"};
constexpr const char* kAdministerCalls[] = {"fanotify_init",
                                            "fsconfig",
                                            "fsmount",
                                            "fsopen",
                                            "fspick",
                                            "lookup_dcookie",
                                            "lsm_get_self_attr",
                                            "lsm_list_modules",
                                            "lsm_set_self_attr",
                                            "mount",
                                            "mount_setattr",
                                            "move_mount",
                                            "open_tree",
                                            "open_tree_attr",
                                            "quotactl",
                                            "quotactl_fd",
                                            "setdomainname",
                                            "sethostname",
                                            "setns",
                                            "umount",
                                            "umount2",
                                            "unshare"};

constexpr const char* kCapabilitiesForBpf[] = {"CAP_SYS_ADMIN", "CAP_BPF"};
constexpr const char* kBpfCalls[] = {"bpf"};

constexpr const char* kCapabilitiesForPerf[] = {"CAP_SYS_ADMIN", "CAP_PERFMON"};
constexpr const char* kPerfCalls[] = {"perf_event_open"};

constexpr const char* kCapabilitiesForSyslog[] = {"CAP_SYS_ADMIN", "CAP_SYSLOG"};
constexpr const char* kSyslogCalls[] = {"syslog"};

constexpr const char* kCapabilitiesForHandle[] = {"CAP_DAC_READ_SEARCH"};
constexpr const char* kHandleCalls[] = {"open_by_handle_at"};

constexpr const char* kCapabilitiesForBoot[] = {"CAP_SYS_BOOT"};
constexpr const char* kBootCalls[] = {"reboot"};

constexpr const char* kCapabilitiesForChroot[] = {"CAP_SYS_CHROOT"};
constexpr const char* kChrootCalls[] = {"chroot"};

constexpr const char* kCapabilitiesForModule[] = {"CAP_SYS_MODULE"};
constexpr const char* kModuleCalls[] = {"delete_module", "finit_module", "init_module"};

constexpr const char* kCapabilitiesForAccount[] = {"CAP_SYS_PACCT"};
constexpr const char* kAccountCalls[] = {"acct"};

constexpr const char* kCapabilitiesForTrace[] = {"CAP_SYS_PTRACE"};
constexpr const char* kTraceCalls[] = {"kcmp", "pidfd_getfd", "process_madvise"};

constexpr const char* kCapabilitiesForPort[] = {"CAP_SYS_RAWIO"};
constexpr const char* kPortCalls[] = {"ioperm", "iopl"};

constexpr const char* kCapabilitiesForTime[] = {"CAP_SYS_TIME"};
constexpr const char* kTimeCalls[] = {"clock_settime", "clock_settime64", "settimeofday", "stime"};

constexpr const char* kCapabilitiesForTty[] = {"CAP_SYS_TTY_CONFIG"};
constexpr const char* kTtyCalls[] = {"vhangup"};

constexpr const char* kCapabilitiesForNuma[] = {"CAP_SYS_NICE"};
constexpr const char* kNumaCalls[] = {"get_mempolicy", "mbind",         "migrate_pages",
                                      "move_pages",    "set_mempolicy", "set_mempolicy_home_node"};

constexpr ConditionalCalls kConditional[] = {
    {kCapabilitiesForAdminister, kAdministerCalls},
    {kCapabilitiesForBpf, kBpfCalls},
    {kCapabilitiesForPerf, kPerfCalls},
    {kCapabilitiesForSyslog, kSyslogCalls},
    {kCapabilitiesForHandle, kHandleCalls},
    {kCapabilitiesForBoot, kBootCalls},
    {kCapabilitiesForChroot, kChrootCalls},
    {kCapabilitiesForModule, kModuleCalls},
    {kCapabilitiesForAccount, kAccountCalls},
    {kCapabilitiesForTrace, kTraceCalls},
    {kCapabilitiesForPort, kPortCalls},
    {kCapabilitiesForTime, kTimeCalls},
    {kCapabilitiesForTty, kTtyCalls},
    {kCapabilitiesForNuma, kNumaCalls},
};

constexpr NumberedCall kNumbered[] = {
    {"set_mempolicy_home_node", 450},
    {"cachestat", 451},
    {"fchmodat2", 452},
    {"map_shadow_stack", 453},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"statmount", 457},
    {"listmount", 458},
    {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
    {"mseal", 462},
    {"setxattrat", 463},
    {"getxattrat", 464},
    {"listxattrat", 465},
    {"removexattrat", 466},
    {"open_tree_attr", 467},
    {"file_getattr", 468},
    {"file_setattr", 469},
};

}  // namespace

std::span<const char* const> denied_calls() { return kDenied; }
std::span<const ConditionalCalls> conditional_calls() { return kConditional; }
std::span<const NumberedCall> numbered_calls() { return kNumbered; }

}  // namespace ambit::sandbox
