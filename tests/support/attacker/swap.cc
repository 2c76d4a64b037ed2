#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <random>

#include "support/attacker/attack.h"

namespace attacker {
namespace {

volatile std::sig_atomic_t stopped = 0;

struct Pair {
  std::string name;
  std::string decoy;
};

// Awake, as a sleep would be longer than what is waited for.
void spin(std::chrono::microseconds pause) {
  const auto end = std::chrono::steady_clock::now() + pause;
  while (stopped == 0 && std::chrono::steady_clock::now() < end) continue;
}

bool make_decoy(int dir_fd, const Pair& pair, const std::string& target) {
  const int result = target == "-" ? ::mkdirat(dir_fd, pair.decoy.c_str(), 0755)
                                   : ::symlinkat(target.c_str(), dir_fd, pair.decoy.c_str());
  return result == 0 || errno == EEXIST;
}

}  // namespace

// swap FOLDER USEC NAME=TARGET...: exchanges each NAME in FOLDER with a link to TARGET, or with an
// empty folder where TARGET is "-", back and forth with up to USEC microseconds between, until
// SIGTERM.
int swap(const Arguments& arguments) {
  (void)::signal(SIGTERM, [](int) { stopped = 1; });
  const int dir_fd = ::open(arguments.at(0).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd < 0) return cant(arguments.at(0));
  std::minstd_rand random;
  std::uniform_int_distribution<int> pause(0, std::stoi(arguments.at(1)));
  std::vector<Pair> pairs;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    pairs.push_back({name, ".decoy-" + name});
    if (!make_decoy(dir_fd, pairs.back(), arguments[i].substr(equals + 1)))
      return cant("decoy of " + name);
  }
  (void)held("ready");
  long rounds = 0;
  while (stopped == 0) {
    for (const Pair& pair : pairs)
      if (::syscall(SYS_renameat2, dir_fd, pair.name.c_str(), dir_fd, pair.decoy.c_str(),
                    RENAME_EXCHANGE) != 0)
        return cant("exchanging " + pair.name);
    ++rounds;
    spin(std::chrono::microseconds(pause(random)));
  }
  return held("%ld rounds", rounds);
}

}  // namespace attacker
