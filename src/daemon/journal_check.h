#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/event_loop.h"
#include "systemd/journal_position.h"

namespace ambit::daemon {

// Whether the user can read in the journal what his containers print. On most machines a few system
// calls tell (systemd/journal_access.h); else a record is sent and waited for, as the loop runs.
class JournalCheck {
 public:
  // "": yes; else why not.
  using Answer = std::function<void(const std::string& reason)>;

  explicit JournalCheck(bus::EventLoop& loop) : loop_(loop) {}
  JournalCheck(const JournalCheck&) = delete;
  JournalCheck& operator=(const JournalCheck&) = delete;
  ~JournalCheck() = default;

  // Calls `answer` at once where that is possible, and within kLimit otherwise. A yes of a probe is
  // kept; a no for kKeepNo.
  void ask(Answer answer);

  static constexpr std::chrono::milliseconds kLimit{1000};
  static constexpr std::chrono::seconds kKeepNo{60};

 private:
  using Clock = std::chrono::steady_clock;

  Result<void> begin_probe();
  void look();
  void finish(const std::string& reason);

  bus::EventLoop& loop_;
  bool is_readable_ = false;
  std::string reason_;  // the last no
  Clock::time_point reason_holds_until_{};
  std::vector<Answer> waiting_;
  std::optional<systemd::JournalPosition> journal_;  // while a probe is under way
  bus::EventSource news_, again_, limit_;
};

}  // namespace ambit::daemon
