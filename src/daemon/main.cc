#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "base/log.h"
#include "base/paths.h"
#include "daemon/daemon.h"
#include "daemon/host_report.h"
#include "daemon/idle_exit.h"
#include "os/file.h"

namespace ambit::daemon {
namespace {

// Where the other programs are: beside this one, so that an installation can be moved.
Result<std::string> libexec_dir() {
  if (const char* set = std::getenv("AMBIT_LIBEXEC_DIR")) return std::string(set);
  const std::string self = AMBIT_TRY(os::read_link_at(AT_FDCWD, "/proc/self/exe"));
  return self.substr(0, self.rfind('/'));
}

Result<int> serve() {
  Daemon::Options options;
  options.paths = AMBIT_TRY(user_paths());
  options.libexec_dir = AMBIT_TRY(libexec_dir());
  options.idle_limit = AMBIT_TRY(idle_limit());
  const auto daemon = AMBIT_TRY(Daemon::start(std::move(options)));
  return daemon->run();
}

Result<int> check_host() {
  const Paths paths = AMBIT_TRY(user_paths());
  AMBIT_TRY(write_host_report(STDOUT_FILENO, paths));
  return 0;
}

Result<int> run(const std::string& verb) {
  if (verb.empty()) return serve();
  if (verb == "check-host") return check_host();
  if (verb == "--version") {
    std::printf("ambitd %s\n", AMBIT_VERSION);
    return 0;
  }
  return Error(ErrorCode::InvalidArgument,
               "usage: ambitd [--version|check-host]; without an argument it serves "
               "org.ambit.Ambit1 on the session bus");
}

}  // namespace
}  // namespace ambit::daemon

int main(int argc, char** argv) try {
  const auto result = ambit::daemon::run(argc > 1 ? argv[1] : "");
  if (result) return *result;
  ambit::log(ambit::LogLevel::Error, "ambitd: %s", result.error().message().c_str());
  return EXIT_FAILURE;
} catch (const std::exception& e) {
  ambit::log(ambit::LogLevel::Error, "ambitd: %s", e.what());
  return EXIT_FAILURE;
}
