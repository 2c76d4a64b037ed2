#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// What ambitd and ambit-monitor say to each other: one message a packet on a SEQPACKET socket, a
// fixed header and a text. The same on the inherited control socket and on connections to
// monitor.sock, over which a new ambitd adopts a running container.
namespace ambit::spec {

// In the runtime folder of a container, and of each further command of it.
constexpr char kMonitorSocketName[] = "monitor.sock";

enum class MonitorMessageType : std::uint32_t {
  // ambitd to monitor
  Go = 1,       // text: the scope's cgroup path, verified. The monitor makes supervisor/ and
                // payload/ below it, moves itself and the child, lets the child execute.
  Abort = 2,    // give up a start: kill the child, no exit record
  Stop = 3,     // a: stop timeout in µs, or -1 for the container's own. Idempotent; a shorter
                // timeout than the one under way replaces it.
  Kill = 4,     // a: signal, sent to PID 1 alone; SIGKILL ends everything in payload/
  Attach = 5,   // text: "stdin", "stdout", "stderr" separated by spaces, or "tty".
                // Answer: Attached with a descriptor for each, in that order.
  Resize = 6,   // a: rows, b: columns
  Hello = 7,    // asks for a State message; makes the sender the one that is told of changes
  SetStop = 8,  // a: signal or 0 to keep, b: timeout in µs or -1 to keep

  // monitor to ambitd
  Ready = 32,      // the child has done every step that needs no cgroup; waits for Go
  Started = 33,    // the command has been executed. a: its PID as ambitd sees it, b: µs since 1970
  Failed = 34,     // the start failed and nothing is left. code, sys_errno, text
  Exited = 35,     // output delivered, exit record on disk, payload/ empty. a: exit code as shown
                   // (128+n for signal n), b: µs since 1970; text: reason (exited signal oom
                   // timeout)
  Attached = 36,   // with descriptors
  Refused = 37,    // answer to Attach and others. code, text
  State = 38,      // answer to Hello. a: PID, 0 before Started; b: start in µs since 1970;
                   // text: "starting", "running", "stopping"
  Stopping = 39,   // a stop has begun: by Stop, or by systemd
  Notified = 40,   // text: what the container has said over its NOTIFY_SOCKET, as
                   // spec/notify_message.h writes it; after State: what of it holds on
  OomKilled = 41,  // the kernel has killed a process for want of memory; after State: it had
  Given = 42,      // of a pod's holder, to whoever connects: with descriptors; text: their names,
                   // separated by spaces (spec/holder_settings.h). Failed in its place: there are
                   // none, and why
};

struct MonitorMessage {
  MonitorMessageType type{};
  std::int64_t a = 0;
  std::int64_t b = 0;
  ErrorCode code = ErrorCode::Internal;  // Failed and Refused
  int sys_errno = 0;
  std::string text;
};

std::string write_monitor_message(const MonitorMessage& message);

// Corrupt where the packet is short or of another version.
Result<MonitorMessage> parse_monitor_message(std::string_view packet);

}  // namespace ambit::spec
