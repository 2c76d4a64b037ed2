#include "dbus/address.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>

namespace ambit::dbus {
namespace {

// The sockets, an abstract one with '@'.
std::vector<std::string> sockets(const std::string& text) {
  auto addresses = parse_address(text);
  if (!addresses) return {"error"};
  std::vector<std::string> paths;
  for (const Address& each : *addresses) {
    std::string path(each.socket.sun_path, each.size - offsetof(sockaddr_un, sun_path));
    if (path[0] == '\0')
      path[0] = '@';
    else
      path.pop_back();
    paths.push_back(path);
  }
  return paths;
}

using Paths = std::vector<std::string>;

TEST(DbusAddress, APathIsASocket) {
  EXPECT_EQ(sockets("unix:path=/run/user/1000/bus"), (Paths{"/run/user/1000/bus"}));
}

TEST(DbusAddress, OtherKeysSayNothingOfThePlace) {
  EXPECT_EQ(sockets("unix:path=/run/bus,guid=0123"), (Paths{"/run/bus"}));
  EXPECT_EQ(sockets("unix:guid=0123,path=/run/bus"), (Paths{"/run/bus"}));
}

TEST(DbusAddress, AListIsTriedInItsOrder) {
  EXPECT_EQ(sockets("unix:path=/a;tcp:host=x;unix:abstract=b"), (Paths{"/a", "@b"}));
}

TEST(DbusAddress, BytesMayBeEscaped) {
  EXPECT_EQ(sockets("unix:path=/a%20b%2c%3B"), (Paths{"/a b,;"}));
  EXPECT_EQ(sockets("unix:path=/a%2"), (Paths{"error"}));
  EXPECT_EQ(sockets("unix:path=/a%zz"), (Paths{"error"}));
}

TEST(DbusAddress, TheRuntimeFolderHasAWellKnownOne) {
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(sockets("unix:runtime=yes"), (Paths{"/run/user/7/bus"}));
}

TEST(DbusAddress, WhereNoSocketIsNamedItIsAnError) {
  for (const char* text : {"", "tcp:host=x", "unix:", "unix:path", "unix:path=", "/run/bus"})
    EXPECT_EQ(sockets(text), (Paths{"error"})) << text;
}

TEST(DbusAddress, APathThatIsTooLongForASocketIsAnError) {
  EXPECT_EQ(sockets("unix:path=/" + std::string(107, 'a')), (Paths{"error"}));
  EXPECT_EQ(sockets("unix:path=/" + std::string(106, 'a')), (Paths{"/" + std::string(106, 'a')}));
}

}  // namespace
}  // namespace ambit::dbus
