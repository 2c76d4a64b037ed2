#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ambit::sandbox {

// A command in the container, ready for execve(2).
struct Command {
  std::string path;
  std::vector<std::string> args;
  std::vector<std::string> env;
};

// Finds args[0] as a shell does, but in the PATH of `env`: with a slash in it, it is a path from
// the working folder. With the rights of the caller, so to be called after they were dropped.
//
// CommandNotFound, CommandNotExecutable: the message names the command and the reason.
Result<Command> find_command(std::vector<std::string> args, std::vector<std::string> env);

// The variable as it stands, "NAME=value"; nullptr where it is not set.
const std::string* find_env(const std::vector<std::string>& env, const std::string& name);

// What a failed execve(2) of a command that find_command() found means. Looks at nothing: it may
// be called outside the container.
Error explain_exec(const std::string& path, int err);

// execve(2) of `path`; returns the errno of its failure. The vectors are those of the command.
int execute(const Command& command);

}  // namespace ambit::sandbox
