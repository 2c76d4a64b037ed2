#include "worker/arguments.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"

namespace ambit::worker {
namespace {

constexpr int kFirstFd = 3;

Result<std::map<std::string, int>> take_fds(const std::string& list) {
  std::map<std::string, int> fds;
  int fd = kFirstFd;
  for (const std::string& name : split(list, ',')) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
      return Error::from_errno(errno, strf("descriptor %d (%s)", fd, name.c_str()));
    fds[name] = fd++;
  }
  if (::syscall(SYS_close_range, fd, ~0U, 0) < 0) return Error::from_errno(errno, "close_range");
  return fds;
}

}  // namespace

Result<int> Arguments::fd(const std::string& name) const {
  const auto found = fds.find(name);
  if (found == fds.end())
    return Error(ErrorCode::Internal, "ambit-worker " + verb + ": no descriptor named " + name);
  return found->second;
}

std::string Arguments::option(const std::string& name) const {
  const auto found = options.find(name);
  return found == options.end() ? "" : found->second;
}

Result<Arguments> parse_arguments(int argc, char** argv) {
  if (argc < 3)
    return Error(ErrorCode::InvalidArgument,
                 "usage: ambit-worker VERB FDNAMES [OPTION=VALUE]... [NAME]...; it is started by "
                 "ambitd");
  Arguments arguments;
  arguments.verb = argv[1];
  arguments.fds = AMBIT_TRY(take_fds(argv[2]));
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    // What `remove` is given are names, whatever is in them.
    if (arguments.verb == "remove" || equals == std::string::npos)
      arguments.names.push_back(text);
    else
      arguments.options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return arguments;
}

}  // namespace ambit::worker
