#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/runtime_spec.h"

namespace ambit::spec {

// How ambitd hands a pod to its holder, the process that keeps what the pod's containers share. It
// is the monitor's program, executed from the same sealed memfd as
//
//   ambit-monitor hold POD CONTROL:LISTEN:...      (argv, the last one names its descriptors)
//
// with the named descriptors at 3, 4, 5, ... in that order:
//
//   control   connected SEQPACKET socket to ambitd, see monitor_message.h: Ready or Failed from the
//             holder, then Go from ambitd, when it is in its scope. Until then the holder ends with
//             this connection; afterwards it is on its own
//   listen    listening SEQPACKET socket; whoever connects is sent one message, Given or Failed
//   settings  sealed memfd, this struct
//   userns    the base user namespace; absent where the holder is to stay in its own (as root)
struct HolderSettings {
  std::vector<NamespaceType> share;         // of Network, Ipc, Uts
  std::string hostname;                     // of a uts namespace
  std::uint64_t shm_size_bytes = 64 << 20;  // of /dev/shm, with an ipc namespace
};

// In the runtime folder of a pod.
constexpr char kHolderSocketName[] = "holder.sock";

// What a holder gives, and what stands for it in the specification of a pod's container in the
// place of a path (sandbox/given.h): a namespace; a mount that is attached nowhere, new each time.
constexpr char kGivenNetwork[] = "pod:net";
constexpr char kGivenIpc[] = "pod:ipc";
constexpr char kGivenUts[] = "pod:uts";
constexpr char kGivenShm[] = "pod:shm";        // the tmpfs for /dev/shm
constexpr char kGivenMqueue[] = "pod:mqueue";  // the queues of the ipc namespace

// "net", "ipc", "uts": as people write them.
const char* share_name(NamespaceType type);
// The way back; InvalidArgument names what can be shared.
Result<NamespaceType> parse_share(std::string_view text);

std::string write_holder_settings(const HolderSettings& settings);
// Corrupt names the line.
Result<HolderSettings> parse_holder_settings(std::string_view text);

}  // namespace ambit::spec
