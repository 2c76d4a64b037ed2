#include "monitor/descriptors.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "base/strings.h"

namespace ambit::monitor {
namespace {

constexpr int kFirstFd = 3;

}  // namespace

Result<Descriptors> Descriptors::adopt(std::string_view names) {
  Descriptors descriptors;
  int number = kFirstFd;
  for (std::string& name : split(names, ':')) {
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) < 0)
      return Error::from_errno(errno, strf("descriptor %d (%s)", number, name.c_str()));
    descriptors.fds_[std::move(name)] = UniqueFd(number++);
  }
  return descriptors;
}

int Descriptors::get(const std::string& name) const {
  const auto found = fds_.find(name);
  return found == fds_.end() ? -1 : found->second.get();
}

UniqueFd Descriptors::take(const std::string& name) {
  const auto found = fds_.find(name);
  if (found == fds_.end()) return UniqueFd();
  UniqueFd fd = std::move(found->second);
  fds_.erase(found);
  return fd;
}

Result<int> Descriptors::hand_on(const std::string& prefix) const {
  int count = 0;
  for (std::string name = prefix + "0"; has(name); name = strf("%s%d", prefix.c_str(), count)) {
    const int fd = get(name);
    if (fd != kFirstFd + count)
      return Error(ErrorCode::InvalidArgument, strf("descriptor '%s' is %d", name.c_str(), fd));
    if (::fcntl(fd, F_SETFD, 0) < 0) return Error::from_errno(errno, name + ": fcntl");
    ++count;
  }
  return count;
}

void Descriptors::close_all(const std::string& prefix) {
  std::erase_if(fds_, [&prefix](const auto& entry) {
    return entry.first.compare(0, prefix.size(), prefix) == 0;
  });
}

Result<void> Descriptors::require(std::initializer_list<const char*> names) const {
  for (const char* name : names)
    if (!has(name)) return Error(ErrorCode::InvalidArgument, strf("no descriptor '%s'", name));
  return {};
}

}  // namespace ambit::monitor
