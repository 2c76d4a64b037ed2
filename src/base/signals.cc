#include "base/signals.h"

#include <csignal>

#include "base/strings.h"

namespace ambit {
namespace {

constexpr int kRtMin = 34;
constexpr int kRtMax = 64;

struct Named {
  const char* name;
  int number;
};

constexpr Named kSignals[] = {
    {"hup", SIGHUP},       {"int", SIGINT},     {"quit", SIGQUIT}, {"ill", SIGILL},
    {"trap", SIGTRAP},     {"abrt", SIGABRT},   {"iot", SIGABRT},  {"bus", SIGBUS},
    {"fpe", SIGFPE},       {"kill", SIGKILL},   {"usr1", SIGUSR1}, {"segv", SIGSEGV},
    {"usr2", SIGUSR2},     {"pipe", SIGPIPE},   {"alrm", SIGALRM}, {"term", SIGTERM},
    {"stkflt", SIGSTKFLT}, {"chld", SIGCHLD},   {"cld", SIGCHLD},  {"cont", SIGCONT},
    {"stop", SIGSTOP},     {"tstp", SIGTSTP},   {"ttin", SIGTTIN}, {"ttou", SIGTTOU},
    {"urg", SIGURG},       {"xcpu", SIGXCPU},   {"xfsz", SIGXFSZ}, {"vtalrm", SIGVTALRM},
    {"prof", SIGPROF},     {"winch", SIGWINCH}, {"io", SIGIO},     {"poll", SIGPOLL},
    {"pwr", SIGPWR},       {"sys", SIGSYS},
};

Error unknown(std::string_view text) {
  return Error(ErrorCode::InvalidArgument, "no such signal: '" + std::string(text) + "'");
}

// "rtmin", "rtmin+3", "rtmax-1".
Result<int> parse_realtime(std::string_view name, std::string_view text) {
  const int base = name.substr(0, 5) == "rtmin" ? kRtMin : kRtMax;
  const std::string_view rest = name.substr(5);
  if (rest.empty()) return base;
  const char sign = base == kRtMin ? '+' : '-';
  const auto offset = parse_uint(rest.substr(1));
  if (rest.front() != sign || !offset || *offset > kRtMax - kRtMin) return unknown(text);
  const int distance = static_cast<int>(*offset);
  return base == kRtMin ? kRtMin + distance : kRtMax - distance;
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  if (const auto number = parse_uint(text); number) {
    if (*number < 1 || *number > kRtMax) return unknown(text);
    return static_cast<int>(*number);
  }
  const std::string lower = to_lower(text);
  std::string_view name = lower;
  if (name.substr(0, 3) == "sig") name.remove_prefix(3);
  for (const Named& signal : kSignals)
    if (name == signal.name) return signal.number;
  if (name.substr(0, 5) == "rtmin" || name.substr(0, 5) == "rtmax")
    return parse_realtime(name, text);
  return unknown(text);
}

std::string signal_name(int signal) {
  for (const Named& named : kSignals) {
    if (named.number != signal) continue;
    std::string name = "SIG";
    for (const char* c = named.name; *c != '\0'; ++c)
      name += *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
    return name;
  }
  if (signal == kRtMin) return "SIGRTMIN";
  if (signal > kRtMin && signal < kRtMax) return strf("SIGRTMIN+%d", signal - kRtMin);
  if (signal == kRtMax) return "SIGRTMAX";
  return strf("signal %d", signal);
}

}  // namespace ambit
