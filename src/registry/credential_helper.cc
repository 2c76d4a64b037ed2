#include "registry/credential_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "os/file.h"
#include "os/process.h"
#include "registry/user_files.h"
#include "spec/json_reader.h"

namespace ambit::registry {
namespace {

constexpr std::chrono::seconds kPatience(30);
constexpr std::size_t kMaxAnswerBytes = 65536;

Result<std::string> find_program(const std::string& program) {
  for (const std::string& folder : split(environment("PATH"), ':')) {
    std::string path = folder + "/" + program;
    if (path.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return Error(ErrorCode::NotFound, program + " is not in $PATH");
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

// What it writes until it closes the pipe, in time.
Result<std::string> read_answer(int fd) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string answer;
  while (answer.size() <= kMaxAnswerBytes) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting = {.fd = fd, .events = POLLIN, .revents = 0};
    const int ready =
        ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Error::from_errno(errno, "poll");
    if (ready == 0) return Error(ErrorCode::Timeout, "no answer within 30 seconds");
    char buffer[4096];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::from_errno(errno, "read");
    if (n == 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  return Error(ErrorCode::Corrupt, "the answer is too long");
}

Result<int> reap(const os::Process& process) {
  siginfo_t info = {};
  while (::waitid(P_PIDFD, static_cast<id_t>(process.pidfd.get()), &info, WEXITED) < 0)
    if (errno != EINTR) return Error::from_errno(errno, "waitid");
  return info.si_code == CLD_EXITED ? info.si_status : -1;
}

Result<Credentials> parse_answer(const std::string& answer) {
  spec::JsonReader read("its answer");
  const nlohmann::json object = AMBIT_TRY(read.parse(answer));
  Credentials found{.user = read.string(object, "Username"),
                    .password = read.string(object, "Secret")};
  AMBIT_TRY(read.check());
  if (found.user == "<token>") {
    found.identity_token = std::move(found.password);
    found.user.clear();
    found.password.clear();
  }
  return found;
}

Result<Credentials> ask(const std::string& program, const std::string& server) {
  const std::string path = AMBIT_TRY(find_program(program));
  // Executed by its name, since it may be a script, which no descriptor that is closed can run.
  const UniqueFd env = AMBIT_TRY(os::open_at(AT_FDCWD, "/usr/bin/env", O_PATH));
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  const UniqueFd its_input(to[0]);
  UniqueFd input(to[1]);
  if (::pipe2(from, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  const UniqueFd output(from[0]);
  UniqueFd its_output(from[1]);
  const os::Process process = AMBIT_TRY(os::spawn({.exe_fd = env.get(),
                                                   .argv = {"env", path, "get"},
                                                   .env = own_environment(),
                                                   .stdin_fd = its_input.get(),
                                                   .stdout_fd = its_output.get()}));
  its_output.reset();
  (void)os::write_all(input.get(), server + "\n");  // one that does not read says why it ended
  input.reset();
  const auto answer = read_answer(output.get());
  if (!answer) (void)os::send_signal(process.pidfd.get(), SIGKILL);
  const int code = AMBIT_TRY(reap(process));
  if (!answer) return answer.error();
  if (code == 0) return parse_answer(*answer);
  const std::string words(trim(*answer));
  if (words.find("credentials not found") != std::string::npos) return Credentials();
  return Error(ErrorCode::PermissionDenied, words.empty() ? strf("ended with %d", code) : words);
}

}  // namespace

Result<Credentials> ask_helper(const std::string& name, const std::string& server) {
  if (!is_valid_name(name))
    return Error(ErrorCode::InvalidArgument, "not the name of a credential helper: " + name);
  const std::string program = "docker-credential-" + name;
  return ask(program, server).context(program);
}

}  // namespace ambit::registry
