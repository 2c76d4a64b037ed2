#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::spec {

// How ambitd hands a container to ambit-monitor. The monitor is executed from a sealed memfd as
//
//   ambit-monitor run NAME CONTROL:SPEC:SETTINGS:...      (argv, the last one names its
//   descriptors)
//
// with the named descriptors at 3, 4, 5, ... in that order:
//
//   control   connected SEQPACKET socket to ambitd, see monitor_message.h
//   spec      sealed memfd, the runtime specification (config.json)
//   settings  sealed memfd, this struct
//   userns    the base user namespace; absent where the monitor is to stay in its own (as root)
//   run       O_PATH folder $XDG_RUNTIME_DIR/ambit/containers/ID, for monitor.sock
//   data      O_PATH folder .../containers/ID, for exit.json
//   pod       connection to the holder of the container's pod, see holder_settings.h
//   seccomp   memfd with the BPF program (array of struct sock_filter); absent: unconfined
//   listen0 listen1 ...   sockets that are the command's from 3 on, before all others
//   stdin stdout stderr   pipe ends of the client that started it; absent: nobody attached
//   tty       stream socket of the client that started it, for a container with a terminal
struct MonitorSettings {
  std::string id;
  std::string name;
  std::string image;  // as the user named it, for the journal
  int stop_signal = 15;
  std::uint64_t stop_timeout_usec = 10'000'000;
  std::uint64_t runtime_max_usec = 0;  // systemd stops it after so long; 0: never
  bool oom_group = false;  // where the kernel kills one for memory, it kills all of the container
  bool transient = false;  // removed at exit: its exit record need not outlive a power cut
  bool notify = false;     // the container has a NOTIFY_SOCKET: notify.sock in `run`
  // The terminal is the container's console, and its clients have pipes: log and clients get lines
  // that end as they do in files.
  bool console = false;
  bool delegate = false;    // the container makes cgroups: payload/ gets the scope's controllers
  bool open_stdin = false;  // keep stdin open while nobody is attached
  std::string log_driver = "journald";                         // or "file" or "none"
  std::uint64_t log_max_size_bytes = std::uint64_t{10} << 20;  // of a file
  std::uint32_t log_max_files = 3;
  std::string log_tag;        // SYSLOG_IDENTIFIER; "": the name
  std::string transient_dir;  // where systemd keeps what is set of a transient unit
  std::string unit;           // the scope's name
  std::string labels;         // a JSON object of texts for the journal, "" for none
};

// One "key=value" a line, with "\\" and "\n" for what can't be in the value of an image; parsing in
// the monitor touches next to no memory. Corrupt names the key.
std::string write_monitor_settings(const MonitorSettings& settings);
Result<MonitorSettings> parse_monitor_settings(std::string_view text);

}  // namespace ambit::spec
