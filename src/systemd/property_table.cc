#include "systemd/property_table.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/nearest.h"

namespace ambit::systemd {
namespace {

using Kind = PropertyKind;
constexpr PropertyTime kLive = PropertyTime::Live;
constexpr PropertyTime kAtStart = PropertyTime::AtStart;

constexpr PropertyRow kRows[] = {
    // systemd.resource-control(5)
    {"AllowedCPUs", Kind::Numbers, kLive, nullptr},
    {"AllowedMemoryNodes", Kind::Numbers, kLive, nullptr},
    {"CPUAccounting", Kind::Boolean, kLive, nullptr},
    {"CPUQuotaPerSecUSec", Kind::Quota, kLive, "CPUQuota"},
    {"CPUQuotaPeriodUSec", Kind::Duration, kLive, "CPUQuotaPeriodSec"},
    {"CPUWeight", Kind::CpuWeight, kLive, nullptr},
    {"CoredumpReceive", Kind::Boolean, kLive, nullptr},
    {"DefaultMemoryLow", Kind::Bytes, kLive, nullptr},
    {"DefaultMemoryMin", Kind::Bytes, kLive, nullptr},
    {"IOAccounting", Kind::Boolean, kLive, nullptr},
    {"IODeviceLatencyTargetUSec", Kind::DeviceLatencies, kLive, "IODeviceLatencyTargetSec"},
    {"IODeviceWeight", Kind::DeviceWeights, kLive, nullptr},
    {"IOReadBandwidthMax", Kind::DeviceRates, kLive, nullptr},
    {"IOReadIOPSMax", Kind::DeviceRates, kLive, nullptr},
    {"IOWeight", Kind::Weight, kLive, nullptr},
    {"IOWriteBandwidthMax", Kind::DeviceRates, kLive, nullptr},
    {"IOWriteIOPSMax", Kind::DeviceRates, kLive, nullptr},
    {"ManagedOOMMemoryPressure", Kind::Text, kLive, nullptr},
    {"ManagedOOMMemoryPressureDurationUSec", Kind::Duration, kLive,
     "ManagedOOMMemoryPressureDurationSec"},
    {"ManagedOOMMemoryPressureLimit", Kind::Share, kLive, nullptr},
    {"ManagedOOMPreference", Kind::Text, kLive, nullptr},
    {"ManagedOOMSwap", Kind::Text, kLive, nullptr},
    {"MemoryAccounting", Kind::Boolean, kLive, nullptr},
    {"MemoryHigh", Kind::Bytes, kLive, nullptr},
    {"MemoryLow", Kind::Bytes, kLive, nullptr},
    {"MemoryMax", Kind::Bytes, kLive, nullptr},
    {"MemoryMin", Kind::Bytes, kLive, nullptr},
    {"MemoryPressureThresholdUSec", Kind::Duration, kLive, "MemoryPressureThresholdSec"},
    {"MemoryPressureWatch", Kind::Text, kLive, nullptr},
    {"MemorySwapMax", Kind::Bytes, kLive, nullptr},
    {"MemoryZSwapMax", Kind::Bytes, kLive, nullptr},
    {"MemoryZSwapWriteback", Kind::Boolean, kLive, nullptr},
    {"StartupAllowedCPUs", Kind::Numbers, kLive, nullptr},
    {"StartupAllowedMemoryNodes", Kind::Numbers, kLive, nullptr},
    {"StartupCPUWeight", Kind::CpuWeight, kLive, nullptr},
    {"StartupIOWeight", Kind::Weight, kLive, nullptr},
    {"StartupMemoryHigh", Kind::Bytes, kLive, nullptr},
    {"StartupMemoryLow", Kind::Bytes, kLive, nullptr},
    {"StartupMemoryMax", Kind::Bytes, kLive, nullptr},
    {"StartupMemorySwapMax", Kind::Bytes, kLive, nullptr},
    {"StartupMemoryZSwapMax", Kind::Bytes, kLive, nullptr},
    {"TasksAccounting", Kind::Boolean, kLive, nullptr},
    {"TasksMax", Kind::Tasks, kLive, nullptr},

    // systemd.scope(5)
    {"OOMPolicy", Kind::Text, kAtStart, nullptr},
    {"RuntimeMaxUSec", Kind::Duration, kAtStart, "RuntimeMaxSec"},
    {"RuntimeRandomizedExtraUSec", Kind::Duration, kAtStart, "RuntimeRandomizedExtraSec"},
    {"SendSIGHUP", Kind::Boolean, kAtStart, nullptr},
    {"Slice", Kind::Text, kAtStart, nullptr},

    // systemd.unit(5)
    {"After", Kind::Words, kAtStart, nullptr},
    {"Before", Kind::Words, kAtStart, nullptr},
    {"BindsTo", Kind::Words, kAtStart, nullptr},
    {"Conflicts", Kind::Words, kAtStart, nullptr},
    {"DefaultDependencies", Kind::Boolean, kAtStart, nullptr},
    {"Documentation", Kind::Words, kAtStart, nullptr},
    {"FailureAction", Kind::Text, kAtStart, nullptr},
    {"IgnoreOnIsolate", Kind::Boolean, kAtStart, nullptr},
    {"JobRunningTimeoutUSec", Kind::Duration, kAtStart, "JobRunningTimeoutSec"},
    {"JobTimeoutUSec", Kind::Duration, kAtStart, "JobTimeoutSec"},
    {"OnFailure", Kind::Words, kAtStart, nullptr},
    {"OnFailureJobMode", Kind::Text, kAtStart, nullptr},
    {"OnSuccess", Kind::Words, kAtStart, nullptr},
    {"OnSuccessJobMode", Kind::Text, kAtStart, nullptr},
    {"PartOf", Kind::Words, kAtStart, nullptr},
    {"PropagatesStopTo", Kind::Words, kAtStart, nullptr},
    {"RefuseManualStop", Kind::Boolean, kAtStart, nullptr},
    {"Requires", Kind::Words, kAtStart, nullptr},
    {"RequiresMountsFor", Kind::Words, kAtStart, nullptr},
    {"Requisite", Kind::Words, kAtStart, nullptr},
    {"StopPropagatedFrom", Kind::Words, kAtStart, nullptr},
    {"StopWhenUnneeded", Kind::Boolean, kAtStart, nullptr},
    {"SuccessAction", Kind::Text, kAtStart, nullptr},
    {"SurviveFinalKillSignal", Kind::Boolean, kAtStart, nullptr},
    {"Upholds", Kind::Words, kAtStart, nullptr},
    {"Wants", Kind::Words, kAtStart, nullptr},
    {"WantsMountsFor", Kind::Words, kAtStart, nullptr},
};

constexpr char kNeedsBpf[] =
    "a user manager accepts it and does nothing, because it takes a BPF program at the cgroup, "
    "which "
    "only root may attach";
constexpr char kDevices[] =
    "a user manager accepts it and does nothing, because it takes a BPF program at the cgroup, "
    "which "
    "only root may attach; a container sees no device but those it is given";
constexpr char kMonitor[] = "ambit's stop depends on it; see --stop-signal and --stop-timeout";
constexpr char kOwn[] = "ambit sets it itself";

struct Refusal {
  const char* name;
  const char* reason;
};
constexpr Refusal kRefused[] = {
    {"BPFProgram", kNeedsBpf},
    {"DeviceAllow", kDevices},
    {"DevicePolicy", kDevices},
    {"IPAccounting", kNeedsBpf},
    {"IPAddressAllow", kNeedsBpf},
    {"IPAddressDeny", kNeedsBpf},
    {"IPEgressFilterPath", kNeedsBpf},
    {"IPIngressFilterPath", kNeedsBpf},
    {"NFTSet", "a user manager accepts it and does nothing, because only root may change nftables"},
    {"RestrictNetworkInterfaces", kNeedsBpf},
    {"SocketBindAllow", kNeedsBpf},
    {"SocketBindDeny", kNeedsBpf},
    {"BlockIODeviceWeight", "only cgroup v1 has it; use IODeviceWeight"},
    {"BlockIOReadBandwidth", "only cgroup v1 has it; use IOReadBandwidthMax"},
    {"BlockIOWeight", "only cgroup v1 has it; use IOWeight"},
    {"BlockIOWriteBandwidth", "only cgroup v1 has it; use IOWriteBandwidthMax"},
    {"CPUShares", "only cgroup v1 has it; use CPUWeight, or --cpu-shares"},
    {"MemoryLimit", "only cgroup v1 has it; use MemoryMax"},
    {"KillMode", kMonitor},
    {"KillSignal", kMonitor},
    {"SendSIGKILL", kMonitor},
    {"TimeoutStopSec", kMonitor},
    {"TimeoutStopUSec", kMonitor},
    {"AddRef", kOwn},
    {"CollectMode", kOwn},
    {"Controller", kOwn},
    {"Delegate", kOwn},
    {"DelegateControllers", kOwn},
    {"DelegateSubgroup", kOwn},
    {"Description", kOwn},
    {"DisableControllers", kOwn},
    {"PIDFDs", kOwn},
    {"PIDs", kOwn},
};

constexpr std::string_view kScale = "Scale";

Error unknown(std::string_view name) {
  std::vector<std::string> words;
  for (const PropertyRow& row : kRows) words.emplace_back(written_name(row));
  const std::string typed(name);
  const std::string guess = nearest(name, words);
  return Error(ErrorCode::InvalidArgument,
               "a scope has no property '" + typed + "'" +
                   (guess.empty() ? "; systemd.resource-control(5) lists those of resources"
                                  : "; did you mean '" + guess + "'?"));
}

}  // namespace

const char* written_name(const PropertyRow& row) {
  return row.written != nullptr ? row.written : row.name;
}

const PropertyRow* look_up(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kRows), std::end(kRows), [&](const auto& row) {
    return name == row.name || name == written_name(row);
  });
  return found == std::end(kRows) ? nullptr : found;
}

Result<const PropertyRow*> find_row(std::string_view name) {
  if (const PropertyRow* row = look_up(name)) return row;
  for (const Refusal& refusal : kRefused)
    if (name == refusal.name)
      return Error(ErrorCode::InvalidArgument,
                   std::string("property ") + refusal.name + " is refused: " + refusal.reason);
  return unknown(name);
}

const PropertyRow* find_scale_row(std::string_view name) {
  if (name.size() <= kScale.size() || name.substr(name.size() - kScale.size()) != kScale)
    return nullptr;
  const std::string_view base = name.substr(0, name.size() - kScale.size());
  const auto* const found = std::find_if(std::begin(kRows), std::end(kRows), [&](const auto& row) {
    return base == row.name && (row.kind == Kind::Bytes || row.kind == Kind::Tasks);
  });
  return found == std::end(kRows) ? nullptr : found;
}

std::string signature_of(PropertyKind kind) {
  switch (kind) {
    case Kind::Boolean:
      return "b";
    case Kind::Share:
      return "u";
    case Kind::Numbers:
      return "ay";
    case Kind::DeviceRates:
    case Kind::DeviceWeights:
    case Kind::DeviceLatencies:
      return "a(st)";
    case Kind::Text:
      return "s";
    case Kind::Words:
      return "as";
    case Kind::Bytes:
    case Kind::Tasks:
    case Kind::CpuWeight:
    case Kind::Weight:
    case Kind::Quota:
    case Kind::Duration:
      return "t";
  }
  return "";
}

}  // namespace ambit::systemd
