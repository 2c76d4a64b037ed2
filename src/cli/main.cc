#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "base/nearest.h"
#include "base/strings.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

void print_help() {
  std::string text =
      "Usage: ambit VERB [OPTIONS] ...\n"
      "\n"
      "Containers as scopes of the systemd user manager.\n"
      "\n"
      "Verbs:\n";
  for (const Verb& verb : verbs()) text += strf("  %-11s %s\n", verb.name, verb.summary);
  text +=
      "\n"
      "'ambit VERB --help' tells of one. The same over D-Bus: busctl --user introspect\n"
      "org.ambit.Ambit1 /org/ambit/Ambit1. A container is also the unit ambit-NAME.scope:\n"
      "systemctl --user status ambit-NAME.scope, journalctl --user -u ambit-NAME.scope.\n";
  print(text);
}

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : verbs())
    if (name == verb.name) return &verb;
  return nullptr;
}

int unknown_verb(const std::string& name) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) names.emplace_back(verb.name);
  const std::string guess = nearest(name, names);
  if (guess.empty())
    print_error("there is no verb '%s'; 'ambit --help' lists them", name.c_str());
  else
    print_error("there is no verb '%s'; did you mean '%s'?", name.c_str(), guess.c_str());
  return kExitFailure;
}

int run_verb(const Verb& verb, int argc, char** argv) try {
  return verb.run(argc, argv);
} catch (const std::exception& e) {
  // We throw nothing; the libraries may.
  print_error("%s: %s", verb.name, e.what());
  return kExitFailure;
}

int help(int argc, char** argv) {
  if (argc < 3) {
    print_help();
    return 0;
  }
  const Verb* verb = find_verb(argv[2]);
  if (verb == nullptr) return unknown_verb(argv[2]);
  char option[] = "--help";
  char* arguments[] = {argv[2], option, nullptr};
  return run_verb(*verb, 2, arguments);
}

// A caller may have closed 0, 1 or 2: what is opened next must not become one of them.
void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
}

int run(int argc, char** argv) {
  if (argc < 2) {
    print_help();
    return kExitFailure;
  }
  const std::string_view first = argv[1];
  if (first == "--version" || first == "-V") {
    print("ambit version " AMBIT_VERSION "\n");
    return 0;
  }
  if (first == "--help" || first == "-h" || first == "help") return help(argc, argv);
  const Verb* verb = find_verb(first);
  if (verb == nullptr) return unknown_verb(argv[1]);
  return run_verb(*verb, argc - 1, argv + 1);
}

}  // namespace
}  // namespace ambit::cli

int main(int argc, char** argv) {
  ambit::cli::open_standard_streams();
  // A reader that goes away is an error of write(2), which each place treats in its own way.
  ::signal(SIGPIPE, SIG_IGN);
  return ambit::cli::run(argc, argv);
}
