#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/log_budget.h"
#include "monitor/log_sink.h"

namespace ambit::monitor {

// One output stream of a container, cut into records. In the journal readers get the identical
// bytes back by this rule, whatever the bytes are (spec/log_line.h has that of files):
//
//   * only records with AMBIT_STREAM are output; others are notes of the monitor's
//   * a record without CONTAINER_PARTIAL_MESSAGE is MESSAGE and a newline. MESSAGE may itself have
//     newlines: a container that prints too many lines gets several into one record
//   * a record with CONTAINER_PARTIAL_MESSAGE=true is a part of a line: MESSAGE alone, and a
//   newline
//     where CONTAINER_PARTIAL_LAST=true. The parts of one line have one CONTAINER_PARTIAL_ID and
//     count CONTAINER_PARTIAL_ORDINAL from 1. A stream that ends without a newline ends with a part
//     of CONTAINER_PARTIAL_LAST=false
//
// A line becomes parts when it is longer than kPartBytes, or not complete after Options::patience:
// people who follow the journal want to see a prompt.
//
// Where the container has used up its budget of records (log_budget.h), as many lines as fit share
// one, and when there is none left has_room() says so: no byte is lost for it.
class LogStream {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kPartBytes = 48 * 1024;
  static constexpr std::size_t kGatheredBytes = 128 * 1024;  // of a record that lines share
  static constexpr std::chrono::milliseconds kGathering{100};

  struct Options {
    const char* name = "stdout";  // AMBIT_STREAM
    int priority = 6;
    std::chrono::milliseconds patience{1000};
  };

  // The budget is the container's, for all of its streams.
  LogStream(LogSink& sink, LogBudget& budget, Options options);

  // Whether what the container prints may be read. False: not before room_at().
  bool has_room(Clock::time_point now);
  std::optional<Clock::time_point> room_at() const;

  // Takes what was read from the container.
  void add(std::string_view bytes, Clock::time_point now);

  // When on_deadline() is to be called; none while nothing is held.
  std::optional<Clock::time_point> deadline() const { return deadline_; }
  void on_deadline(Clock::time_point now);

  // The stream has ended: queues what is left.
  void finish(Clock::time_point now);

 private:
  enum class Hold { Allowed, Over };

  std::size_t cut(std::string_view bytes, Hold hold);
  bool is_gathering() const { return !budget_.is_plentiful() && ordinal_ == 0; }
  void queue_rest();
  void queue_line(std::string_view line);
  void queue_part(std::string_view part, LogRecord::Kind kind);
  void add_record(LogRecord record);
  void release();

  LogSink& sink_;
  LogBudget& budget_;
  Options options_;
  std::string held_;  // the unfinished line, and while gathering the complete ones before it
  std::string partial_id_;
  int ordinal_ = 0;  // of the last part of the line under way; 0: no part of it is out
  std::optional<Clock::time_point> deadline_;
};

}  // namespace ambit::monitor
