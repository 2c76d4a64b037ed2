#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

// Whole files and folders by descriptor. A `dir_fd` may be AT_FDCWD where the path is absolute and
// the caller's own; below an image or a container use os/path.h.
namespace ambit::os {

// Whether a write has to survive a power cut, or only a crash of ours.
enum class Durability { Crash, PowerLoss };

// Opens with O_CLOEXEC added. Errors name the path.
Result<UniqueFd> open_at(int dir_fd, const std::string& path, int flags, mode_t mode = 0);

// Another descriptor of the same file, CLOEXEC.
Result<UniqueFd> duplicate(int fd);

// Everything that is left in `fd`, at most `limit_bytes`; Corrupt where there is more.
Result<std::string> read_all(int fd, std::size_t limit_bytes);

// A whole file that is found by its name. Whoever can put something else in its place can't make us
// wait or touch a device: InvalidArgument for all that is no regular file.
Result<std::string> read_file_at(int dir_fd, const std::string& path, std::size_t limit_bytes);

// A whole file that the user names on a command line: may be a pipe too, as of "<(COMMAND)", and is
// waited for.
Result<std::string> read_given_file(const std::string& path, std::size_t limit_bytes);

// Writes all of `bytes`, going on after short writes and EINTR.
Result<void> write_all(int fd, std::string_view bytes);

// Opens an existing file and writes `text` in one write(2), as procfs and cgroupfs want it.
Result<void> write_value_at(int dir_fd, const std::string& path, std::string_view text);

// Puts a file in place so that readers see the old or the new content and never a part:
// temporary, (fsync,) rename, (fsync of the folder). Mode 0600 unless given.
Result<void> write_file_atomic(int dir_fd, const std::string& name, std::string_view bytes,
                               Durability durability, mode_t mode = 0600);

// mkdir -p; existing folders keep their mode.
Result<void> make_dirs(const std::string& path, mode_t mode);

// readlinkat(2) of any length up to PATH_MAX.
Result<std::string> read_link_at(int dir_fd, const std::string& path);

// A sealed memfd (F_SEAL_WRITE|GROW|SHRINK|SEAL) with `bytes`, positioned at the start. `name`
// shows in /proc/PID/fd.
Result<UniqueFd> sealed_memfd(const char* name, std::string_view bytes);

// The same with everything that is left in `source_fd`, a regular file.
Result<UniqueFd> sealed_copy(const char* name, int source_fd);

// Whether a descriptor refers to a memfd with these seals.
bool is_sealed(int fd);

}  // namespace ambit::os
