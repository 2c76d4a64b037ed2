#include "systemd/journal_access.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "systemd/journal_sender.h"

namespace ambit::systemd {
namespace {

constexpr std::uint64_t kLeastRoomBytes = 64 * 1024;

bool somebody_listens(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return fd &&
         ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool has_room(const std::string& folder) {
  struct statvfs st {};
  return ::statvfs(folder.c_str(), &st) == 0 &&
         std::uint64_t{st.f_bavail} * st.f_frsize >= kLeastRoomBytes;
}

bool has_readable_journal(const std::string& folder) {
  const std::string own = strf("/user-%u.journal", static_cast<unsigned>(::getuid()));
  for (const std::string& name : {own, std::string("/system.journal")})
    if (::faccessat(AT_FDCWD, (folder + name).c_str(), R_OK, AT_EACCESS) == 0)
      return has_room(folder);
  return false;
}

}  // namespace

JournalPlaces JournalPlaces::usual() {
  return {.socket_path = JournalSender::Options::from_environment().socket_path};
}

JournalAccess look_at_journal(const JournalPlaces& places) {
  if (!somebody_listens(places.socket_path)) return JournalAccess::Absent;
  sd_id128_t machine = {};
  char id[SD_ID128_STRING_MAX];
  if (sd_id128_get_machine(&machine) < 0) return JournalAccess::Unknown;
  (void)sd_id128_to_string(machine, id);
  for (const std::string& root : {places.persistent, places.in_memory})
    if (has_readable_journal(root + "/" + id)) return JournalAccess::Readable;
  return JournalAccess::Unknown;
}

}  // namespace ambit::systemd
