#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/descriptors.h"
#include "monitor/file_log.h"
#include "monitor/input.h"
#include "monitor/journal_log.h"
#include "monitor/log_stream.h"
#include "monitor/output.h"
#include "monitor/poll_set.h"
#include "monitor/redraw.h"
#include "sandbox/child.h"
#include "spec/monitor_settings.h"
#include "systemd/journal_sender.h"

namespace ambit::monitor {

enum class LogKind { Journal, File, None };

// A container's standard streams: three pipes, or one terminal, between the container, the journal
// and any number of attached clients.
class Streams {
 public:
  using Clock = PollSet::Clock;
  // Console: a terminal whose clients have pipes, see MonitorSettings.
  enum class Form { Pipes, Terminal, Console };

  Streams(const spec::MonitorSettings& settings, Form form);
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // Makes the pipes, and takes the starting client's ends of its own (stdin, stdout, stderr, tty).
  Result<void> open(Descriptors& descriptors);

  // The container's ends, borrowed, valid until close_container_ends(). Nothing for a terminal.
  sandbox::Stdio container_ends() const;
  void close_container_ends();

  // The master of the terminal that the container's child has made.
  Result<void> adopt_console(UniqueFd master);

  // Ends for a further client, in the order of `names`: "stdin", "stdout", "stderr" separated by
  // spaces, or "tty". InvalidArgument for other names and for those that this form doesn't have;
  // NotRunning for a stdin that is closed.
  Result<std::vector<UniqueFd>> attach(const std::string& names);

  Result<void> resize(unsigned short rows, unsigned short columns);

  // A record of the container's life, whatever the log driver.
  void tell(std::string_view record) { sender_.queue(record); }

  // A record among the output that is not output, see LogStream.
  void note(int priority, std::string_view message);

  void prepare(PollSet& polls) const;
  void dispatch(const PollSet& polls);

  // After the container's end, in this order: read what is left, hand it over, let go.
  void begin_drain();
  bool is_read() const;
  void begin_delivery();
  bool is_delivered(Clock::time_point now);

 private:
  void add_output(UniqueFd source, LogStream& log);
  Result<UniqueFd> attach_one(const std::string& name);
  Result<UniqueFd> attach_terminal();
  void adopt_first_clients();
  LogSink& sink();
  void tell_lost(FileLog::Moment moment);

  Form form_;
  std::string unit_;
  Input::AtLastEnd at_last_end_;
  LogKind log_kind_;
  systemd::JournalSender sender_;  // of output, and of the container's life whatever the log driver
  JournalLog journal_log_;
  FileLog file_log_;
  LogBudget budget_;
  LogStream log_out_;
  LogStream log_err_;
  std::list<Output> outputs_;  // stdout, stderr; or the terminal
  std::optional<Input> input_;
  UniqueFd container_stdin_, container_stdout_, container_stderr_;
  UniqueFd first_tty_;  // until there is a console
  UniqueFd first_stdin_, first_stdout_;
  UniqueFd console_;
  Redraw redraw_;
  UniqueFd console_peer_;
  bool is_delivering_ = false;
  bool is_journal_done_ = false;
  Clock::time_point delivery_began_{};
};

}  // namespace ambit::monitor
