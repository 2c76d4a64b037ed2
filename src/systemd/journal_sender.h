#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

// journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), spoken without libsystemd: one
// record a datagram, values of any bytes.
namespace ambit::systemd {

constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

// Appends one field: "NAME=value\n", or the binary form where the value has a newline or another
// control byte. The name is the caller's to get right: [A-Z0-9_], not beginning with '_'.
void append_journal_field(std::string& record, std::string_view name, std::string_view value);

// Sends records in order and never blocks. Two ways of falling behind, treated differently:
//
//   journald is slow   (EAGAIN) nothing is lost: has_room() turns false, and the caller stops
//                      producing until poll_events() are there and flush() was called
//   journald is gone   (no socket, nobody listens) the caller may go on; records are kept up to
//                      Options::buffer_bytes, then dropped and counted, and a record of the sender
//                      says how many as soon as there is a journald again
class JournalSender {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::string socket_path = kJournalSocket;
    std::size_t buffer_bytes = 1 << 20;  // kept while journald is gone
    std::size_t window_bytes = 1 << 16;  // unsent bytes from which has_room() is false

    // With the socket of AMBIT_JOURNAL_SOCKET, where that is set: tests have a journal of their
    // own.
    static Options from_environment();
  };

  // `common_fields`, from append_journal_field, go with every record.
  JournalSender(std::string common_fields, Options options);

  // Puts a record at the end of the queue. Nothing is sent before flush() or a full batch.
  void queue(std::string_view record);

  // Sends as much as journald takes now; connects first, unless the last attempt was just before.
  void flush();

  bool has_room() const;
  bool is_empty() const { return next_ == ends_.size(); }

  // What to wait for while records are queued: poll() on fd() (-1: none), or the time of the next
  // attempt to connect.
  int fd() const { return fd_.get(); }
  short poll_events() const { return is_empty() ? short{0} : short{POLLOUT}; }
  std::optional<Clock::time_point> retry_at() const;

  // The last flush. begin_drain() queues a mark behind all records; is_drained() is true when
  // journald has handled (not merely received) everything before it, and looks at /proc of this
  // process no more. There is no event for that: ask again every millisecond or so.
  void begin_drain();
  bool is_drained();

  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t system_calls() const { return system_calls_; }
  std::size_t memory_bytes() const { return bytes_.capacity(); }

 private:
  enum class Outcome { Sent, Full, Gone };

  bool connect();
  void disconnect();
  Outcome send_batch();
  Outcome send_as_memfd(std::string_view record);
  Outcome outcome_of(int err);
  std::string_view record_at(std::size_t index) const;
  std::size_t unsent_bytes() const;
  void append(std::string_view record);
  void report_dropped();
  void forget_sent();
  void drop_sent_prefix();

  std::string common_;
  Options options_;
  UniqueFd fd_;
  std::string bytes_;  // the queue: records back to back, each without the common fields
  std::vector<std::size_t> ends_;
  std::size_t next_ = 0;  // the first that is unsent
  Clock::time_point retry_at_{};
  Clock::duration backoff_{};
  std::uint64_t dropped_ = 0;
  std::uint64_t unreported_ = 0;
  std::uint64_t system_calls_ = 0;
  bool is_full_ = false;  // journald has not taken enough yet
  bool is_used_ = false;
  bool mark_wanted_ = false;
};

}  // namespace ambit::systemd
