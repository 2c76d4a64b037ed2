#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ambit::spec {

// What of sd_notify(3) a container's word means here. MAINPID is not among it: a container's life
// is that of its PID 1. Nor are descriptors to keep.
struct NotifyMessage {
  bool ready = false;
  bool reloading = false;  // until the next READY
  bool stopping = false;
  bool alive = false;                 // WATCHDOG=1
  bool failed = false;                // WATCHDOG=trigger
  std::optional<std::string> status;  // printable, at most kMaxStatusBytes
  std::optional<std::uint64_t> extend_timeout_usec;
  std::optional<std::uint64_t> watchdog_usec;

  bool empty() const;
  // As if both had been one: what came later wins.
  void add(const NotifyMessage& later);
};

constexpr std::size_t kMaxStatusBytes = 1024;

// Lines that are none of these, or have no sense, are left out.
NotifyMessage parse_notify_message(std::string_view text);
std::string write_notify_message(const NotifyMessage& message);

}  // namespace ambit::spec
