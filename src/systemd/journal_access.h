#pragma once

#include <string>

namespace ambit::systemd {

// Whether what this user's processes log can be read back by him, as far as a few system calls
// tell. Users whose id is below 1000 or above 61183, and those of a machine whose journal is in
// memory only, have no journal of their own and may not read the system's.
enum class JournalAccess {
  Readable,
  Unknown,  // his first record may make the file that he can read: probe_journal() finds out
  Absent,   // nobody listens at journald's socket
};

// Where to look.
struct JournalPlaces {
  std::string socket_path;
  std::string persistent = "/var/log/journal";
  std::string in_memory = "/run/log/journal";

  // With the socket that the monitors use.
  static JournalPlaces usual();
};

// Looks whether somebody listens at the socket, and for a journal of this machine that the user may
// read, his own or the system's, on a file system with room.
JournalAccess look_at_journal(const JournalPlaces& places = JournalPlaces::usual());

}  // namespace ambit::systemd
