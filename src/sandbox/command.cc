#include "sandbox/command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace ambit::sandbox {
namespace {

constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// 0, or why the file can't be executed.
int check_executable(const std::string& path) {
  struct stat st = {};
  if (::stat(path.c_str(), &st) < 0) return errno;
  if (S_ISDIR(st.st_mode)) return EISDIR;
  if (!S_ISREG(st.st_mode)) return EACCES;
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) < 0) return errno;
  return 0;
}

Error not_executable(const std::string& path, int err, const std::string& why) {
  return Error::from_errno(err, "command '" + path + "' can't be executed" + why)
      .with_code(ErrorCode::CommandNotExecutable);
}

Error not_found(const std::string& name, const std::string& why) {
  return Error::from_errno(ENOENT, "command '" + name + "' " + why)
      .with_code(ErrorCode::CommandNotFound);
}

Error explain_check(const std::string& path, int err) {
  if (err == ENOENT || err == ENOTDIR) return not_found(path, "is not in the container");
  if (err == EISDIR) return not_executable(path, err, ": it is a folder");
  return not_executable(path, err, ": it is not executable for the container's user");
}

// The interpreter of a script, "" for what isn't one.
std::string script_interpreter(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  char buffer[256];
  const ssize_t n = fd ? ::read(fd.get(), buffer, sizeof buffer) : 0;
  std::string_view line(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  if (line.substr(0, 2) != "#!") return "";
  line = trim(line.substr(
      2, line.find('\n') == std::string_view::npos ? std::string_view::npos : line.find('\n') - 2));
  return std::string(line.substr(0, line.find(' ')));
}

// execve(2) says only ENOENT, as if the script itself were missing.
Result<void> check_interpreter(const std::string& path) {
  const std::string interpreter = script_interpreter(path);
  struct stat st = {};
  if (interpreter.empty() || ::stat(interpreter.c_str(), &st) == 0 || errno != ENOENT) return {};
  return not_found(path,
                   "needs the interpreter '" + interpreter + "', which is not in the container");
}

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Result<std::string> search_path(const std::string& name, const std::string& path_list) {
  std::optional<Error> denied;
  for (const std::string& folder : split(path_list, ':')) {
    const std::string path = (folder.empty() ? "." : folder) + "/" + name;
    const int err = check_executable(path);
    if (err == 0) return path;
    if (err != ENOENT && err != ENOTDIR && !denied) denied = explain_check(path, err);
  }
  if (denied) return *std::move(denied);
  return not_found(name, "is not in the container's PATH (" + path_list + ")");
}

}  // namespace

const std::string* find_env(const std::vector<std::string>& env, const std::string& name) {
  for (const std::string& variable : env)
    if (variable.size() > name.size() && variable[name.size()] == '=' &&
        variable.compare(0, name.size(), name) == 0)
      return &variable;
  return nullptr;
}

Result<Command> find_command(std::vector<std::string> args, std::vector<std::string> env) {
  if (args.empty() || args.front().empty())
    return Error(ErrorCode::InvalidArgument, "no command given");
  Command command;
  command.path = args.front();
  if (command.path.find('/') == std::string::npos) {
    const std::string* path = find_env(env, "PATH");
    command.path =
        AMBIT_TRY(search_path(command.path, path != nullptr ? path->substr(5) : kDefaultPath));
  } else if (const int err = check_executable(command.path); err != 0) {
    return explain_check(command.path, err);
  }
  AMBIT_TRY(check_interpreter(command.path));
  command.args = std::move(args);
  command.env = std::move(env);
  return command;
}

Error explain_exec(const std::string& path, int err) {
  if (err == ENOENT) return not_found(path, "needs a dynamic loader that is not in the container");
  if (err == ENOEXEC)
    return not_executable(path, err, ": not a program for this machine, nor a script with '#!'");
  if (err == E2BIG || err == ENOMEM)
    return Error::from_errno(err, "command '" + path + "': arguments and environment: execve");
  return not_executable(path, err, ": execve");
}

int execute(const Command& command) {
  const std::vector<char*> args = c_strings(command.args);
  const std::vector<char*> env = c_strings(command.env);
  (void)::execve(command.path.c_str(), args.data(), env.data());
  return errno;
}

}  // namespace ambit::sandbox
