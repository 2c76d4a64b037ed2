#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "support/attacker/attack.h"

extern char** environ;

namespace attacker {
namespace {

constexpr int kMaxDepth = 6;

bool connects(int type, const sockaddr_un& address, std::size_t length) {
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                                   static_cast<socklen_t>(length)) == 0;
  (void)::close(fd);
  return connected;
}

// `name` as it is in sun_path; an abstract one begins with a NUL.
bool is_reachable(const std::string& name) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::min(name.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, name.data(), size);
  const std::size_t length = offsetof(sockaddr_un, sun_path) + size;
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET})
    if (connects(type, address, length)) return true;
  return false;
}

// The first socket below `path` that somebody listens at, "" for none.
std::string find_socket(const std::string& path, int depth) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return "";
  std::string found;
  while (const dirent* entry = found.empty() ? ::readdir(dir) : nullptr) {
    const std::string name = entry->d_name;
    struct stat st = {};
    const std::string below = path + "/" + name;
    if (name == "." || name == ".." || ::lstat(below.c_str(), &st) < 0) continue;
    if (S_ISSOCK(st.st_mode) && is_reachable(below)) found = below;
    if (S_ISDIR(st.st_mode) && depth > 0) found = find_socket(below, depth - 1);
  }
  (void)::closedir(dir);
  return found;
}

const char* leading_variable() {
  for (const char* name : {"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "NOTIFY_SOCKET",
                           "LISTEN_FDS", "JOURNAL_STREAM", "MANAGERPID", "SSH_AUTH_SOCK"})
    if (::getenv(name) != nullptr) return name;
  return nullptr;
}

}  // namespace

// reach-file MARKER: an absolute path of the host, by every way up that there is.
int reach_file(const Arguments& arguments) {
  std::string up;
  for (int i = 0; i < 16; ++i) {
    const std::string path = up + "." + arguments.at(0);
    for (const char* base :
         {"", "/", "/proc/self/cwd/", "/proc/1/cwd/", "/proc/self/root/", "/proc/1/root/"})
      if (::access((base + path).c_str(), F_OK) == 0) return escaped("%s%s", base, path.c_str());
    for (int fd = 0; fd < 64; ++fd)
      if (::faccessat(fd, path.c_str(), F_OK, 0) == 0) return escaped("%s of %d", path.c_str(), fd);
    up += "../";
  }
  if (const char* const home = ::getenv("HOME"); home != nullptr && ::chdir(home) == 0)
    if (::access(("../../../../../../.." + arguments.at(0)).c_str(), F_OK) == 0)
      return escaped("by HOME, which is %s", home);
  return held("%s is nowhere", arguments.at(0).c_str());
}

// reach-sockets [NAME...]: the bus, systemd, the journal; NAME is an abstract one.
int reach_sockets(const Arguments& arguments) {
  if (const char* const name = leading_variable(); name != nullptr)
    return escaped("%s=%s", name, ::getenv(name));
  for (const char* folder : {"/run", "/var/run", "/tmp", "/dev", "/var/lib"})
    if (const std::string path = find_socket(folder, kMaxDepth); !path.empty())
      return escaped("somebody listens at %s", path.c_str());
  for (const std::string& name : arguments)
    if (is_reachable(std::string(1, '\0') + name))
      return escaped("somebody listens at @%s", name.c_str());
  return held("nobody listens");
}

// reach-port PORT: of the host's loopback, and of what a host is often called.
int reach_port(const Arguments& arguments) {
  for (const char* host : {"127.0.0.1", "127.0.0.2", "10.0.2.2", "10.0.2.3", "0.0.0.0"}) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(arguments.at(0).c_str())));
    (void)::inet_pton(AF_INET, host, &address.sin_addr);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return cant("socket");
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return escaped("connected to %s", host);
    (void)::close(fd);
  }
  return held("nobody is there");
}

}  // namespace attacker
