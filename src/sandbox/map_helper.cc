#include "sandbox/map_helper.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/clone.h"
#include "os/file.h"
#include "os/process.h"
#include "sandbox/userns_host.h"

namespace ambit::sandbox {

Result<void> run_map_helper(const std::string& name, pid_t pid,
                            const std::vector<os::IdExtent>& extents) {
  const std::string path = AMBIT_TRY(find_map_helper(name));
  UniqueFd program = AMBIT_TRY(os::open_at(AT_FDCWD, path, O_PATH));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  os::SpawnOptions options;
  options.exe_fd = program.get();
  options.argv = {path, std::to_string(pid)};
  for (const os::IdExtent& extent : extents)
    for (const std::uint32_t number : {extent.inside, extent.outside, extent.count})
      options.argv.push_back(std::to_string(number));
  options.stderr_fd = write_end.get();
  const os::Process process = AMBIT_TRY(os::spawn(options));
  write_end.reset();
  const std::string words = AMBIT_TRY(os::read_all(read_end.get(), 65536));
  const int status = AMBIT_TRY(os::reap(process.pidfd.get()));
  if (status == 0) return {};
  // What keeps it from working is better told than what it says of it.
  AMBIT_TRY(check_map_helper(name));
  return Error(ErrorCode::HostUnsupported,
               path + " " + os::describe_wait_status(status) + ": " + std::string(trim(words)));
}

}  // namespace ambit::sandbox
