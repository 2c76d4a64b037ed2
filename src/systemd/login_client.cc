#include "systemd/login_client.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "base/strings.h"
#include "bus/bus.h"

namespace ambit::systemd {
namespace {

constexpr char kService[] = "org.freedesktop.login1";
constexpr char kLingerFolder[] = "/var/lib/systemd/linger/";
constexpr std::chrono::seconds kTimeout{5};

Result<bool> ask_logind(uid_t uid) {
  bus::Bus bus = AMBIT_TRY(bus::Bus::open_system());
  const std::string path = strf("/org/freedesktop/login1/user/_%u", static_cast<unsigned>(uid));
  bus::Message call =
      AMBIT_TRY(bus.new_call({kService, path, "org.freedesktop.DBus.Properties", "Get"}));
  AMBIT_TRY(call.append(std::string("org.freedesktop.login1.User"), std::string("Linger")));
  bus::Message answer = AMBIT_TRY(bus.call(call, kTimeout));
  return AMBIT_TRY(answer.read<bus::Variant<bool>>()).value;
}

Result<bool> look_for_file(uid_t uid) {
  std::vector<char> buffer(16384);
  passwd entry = {};
  passwd* found = nullptr;
  const int r = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  if (r != 0) return Error::from_errno(r, "looking up the user's name");
  if (found == nullptr)
    return Error(ErrorCode::NotFound, strf("no user has uid %u", static_cast<unsigned>(uid)));
  const std::string path = std::string(kLingerFolder) + found->pw_name;
  if (::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0) return true;
  if (errno == ENOENT) return false;
  return Error::from_errno(errno, path);
}

}  // namespace

Result<bool> user_lingers(uid_t uid) {
  const Result<bool> answer = ask_logind(uid);
  return answer ? answer : look_for_file(uid);
}

}  // namespace ambit::systemd
