#pragma once

#include <linux/bpf.h>

#include <vector>

#include "base/result.h"
#include "spec/resources.h"

// Device rules on cgroup v2: a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE) that the kernel asks at
// every open and mknod of a device node. With both managers: systemd's DeviceAllow= knows devices
// by paths that have to exist, and has no order.
//
// Only root of the initial user namespace may attach one (CAP_BPF, CAP_NET_ADMIN or CAP_SYS_ADMIN
// there). Elsewhere rules are skipped: nobody can make a device node in a user namespace, and those
// that are bound into it were the configuration's own choice.
namespace ambit::oci {

// The program. Rules count in their order, the last that speaks of an access decides; what no rule
// speaks of is denied, an empty list denies everything. Allowed always, after all rules: the
// default devices of the runtime specification (null, zero, full, random, urandom, tty, console,
// ptmx and the terminals of /dev/pts), and, as everywhere, making a node (not opening it) of any
// device. InvalidArgument names a rule that is wrong.
Result<std::vector<bpf_insn>> device_program(const std::vector<spec::DeviceRule>& rules);

// Puts the program for `rules` on the cgroup, in the place of the one that was put there before.
// The programs of others (systemd's) go on: an access needs the leave of all.
Result<void> set_device_rules(int cgroup_fd, const std::vector<spec::DeviceRule>& rules);

}  // namespace ambit::oci
