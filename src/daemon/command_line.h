#pragma once

#include <sys/types.h>

#include <string>

namespace ambit::daemon {

// A process's command line, its arguments separated by spaces; its short name in brackets where it
// has none (a kernel thread, a zombie); "" where it is gone.
std::string command_line_of(pid_t pid);
// The same by the folder of the process in /proc.
std::string command_line_at(int proc_dir_fd);

}  // namespace ambit::daemon
