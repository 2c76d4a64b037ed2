#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "bus/event_loop.h"
#include "cli/client.h"
#include "cli/log_printer.h"
#include "cli/output_reader.h"

namespace ambit::cli {

// Shows a container's output as it was kept, once or until the container has ended.
class LogFollower {
 public:
  struct Options {
    std::int64_t since_usec = 0;
    std::int64_t until_usec = 0;
  };

  // All must outlive it. The reader stands where showing is to begin.
  LogFollower(Client& client, OutputReader& reader, LogPrinter& printer, Options options)
      : client_(client), reader_(reader), printer_(printer), options_(options) {}

  // What there is now.
  Result<void> show();

  // The same of the last lines alone.
  Result<void> show_last(std::size_t lines);

  // Everything until the container at `path` has exited; all its output is kept by then.
  Result<void> follow(const std::string& path);

  // True when something was there to show.
  bool has_shown() const noexcept { return has_shown_; }

 private:
  Result<std::optional<systemd::OutputPiece>> next_wanted();
  Result<void> ask_for_end();
  Result<void> come_back();
  Result<void> watch_output();
  void on_wait_answer(Result<bus::Message> answer);
  void on_news();
  void finish(Result<void> result);

  Client& client_;
  OutputReader& reader_;
  LogPrinter& printer_;
  Options options_;
  std::string path_;
  bus::EventLoop* loop_ = nullptr;  // while follow() runs
  bus::EventSource news_, timer_, retry_;
  bus::Slot wait_;
  int failed_waits_ = 0;
  bool has_shown_ = false;
  bool past_end_ = false;  // a piece of later than `until` came
  Result<void> result_;
};

}  // namespace ambit::cli
