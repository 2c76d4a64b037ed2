// A user's lookup: a line with "USER[:GROUP]", then /etc/passwd, a line "--", and /etc/group.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include "base/unique_fd.h"
#include "fuzz/fuzz.h"
#include "os/file.h"
#include "sandbox/user_lookup.h"

namespace ambit::fuzz {
namespace {

constexpr id_t kNoId = std::numeric_limits<id_t>::max();
constexpr std::size_t kMaxGroups = 65536;

UniqueFd must(Result<UniqueFd> fd) {
  if (!fd) fail(fd.error().message().c_str());
  return *std::move(fd);
}

// A root file system of two files, in $TMPDIR, which whoever runs the fuzzer cleans up.
class Root {
 public:
  Root() {
    const char* tmp = std::getenv("TMPDIR");
    std::string path = std::string(tmp != nullptr ? tmp : "/tmp") + "/ambit-fuzz-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr || !os::make_dirs(path + "/etc", 0700))
      fail("a folder for files can be made");
    fd_ = must(os::open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY));
    passwd_ = must(os::open_at(fd_.get(), "etc/passwd", O_RDWR | O_CREAT, 0600));
    group_ = must(os::open_at(fd_.get(), "etc/group", O_RDWR | O_CREAT, 0600));
  }

  int fd() const { return fd_.get(); }
  void fill(std::string_view passwd, std::string_view group) const {
    write(passwd_.get(), passwd);
    write(group_.get(), group);
  }

 private:
  static void write(int fd, std::string_view bytes) {
    if (::ftruncate(fd, 0) < 0 || ::lseek(fd, 0, SEEK_SET) < 0 || !os::write_all(fd, bytes))
      fail("the files can be written");
  }

  UniqueFd fd_, passwd_, group_;
};

std::string_view take_until(std::string_view& input, std::string_view end) {
  const std::string_view part = input.substr(0, input.find(end));
  input.remove_prefix(std::min(input.size(), part.size() + end.size()));
  return part;
}

void check(const sandbox::ContainerUser& user) {
  if (user.uid == kNoId || user.gid == kNoId) fail("no id is the one that is none");
  if (user.groups.size() > kMaxGroups) fail("a user has as many groups as the kernel takes");
  for (const gid_t gid : user.groups)
    if (gid == kNoId) fail("no group is the one that is none");
}

}  // namespace

void try_input(std::string_view input) {
  static const Root root;
  const std::string text(take_until(input, "\n"));
  const std::string_view passwd = take_until(input, "--\n");
  root.fill(passwd, input);
  if (const auto user = sandbox::find_user(root.fd(), text, {.uid = 1, .gid = 1})) check(*user);
}

}  // namespace ambit::fuzz
