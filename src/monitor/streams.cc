#include "monitor/streams.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "spec/log_driver.h"
#include "systemd/event.h"

namespace ambit::monitor {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPipePatience{1000};
constexpr milliseconds kTerminalPatience{50};

// How long the end of a container waits for those who take its output.
constexpr seconds kPrimaryGrace{10};
constexpr seconds kLateGrace{1};
constexpr seconds kJournalGrace{1};       // journald hangs, or there is none
constexpr seconds kSlowJournalGrace{10};  // it takes records, only slowly
constexpr microseconds kJournalCheck{200};
constexpr milliseconds kClientCheck{50};

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> duplicate(const UniqueFd& fd) {
  UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy) return Error::from_errno(errno, "duplicating a descriptor");
  return copy;
}

std::string common_fields(const spec::MonitorSettings& settings) {
  std::string fields;
  const std::string& tag = settings.log_tag;
  systemd::append_journal_field(fields, "SYSLOG_IDENTIFIER", tag.empty() ? settings.name : tag);
  systemd::append_journal_field(fields, "CONTAINER_NAME", settings.name);
  systemd::append_journal_field(fields, "CONTAINER_ID", short_id(settings.id));
  systemd::append_journal_field(fields, "CONTAINER_ID_FULL", settings.id);
  systemd::append_journal_field(fields, "IMAGE_NAME", settings.image);
  return fields;
}

LogKind kind_of(const std::string& driver) {
  if (driver == spec::kLogJournald) return LogKind::Journal;
  return driver == spec::kLogFile ? LogKind::File : LogKind::None;
}

}  // namespace

Streams::Streams(const spec::MonitorSettings& settings, Form form)
    : form_(form),
      unit_(settings.unit),
      at_last_end_(settings.open_stdin ? Input::AtLastEnd::KeepOpen : Input::AtLastEnd::Close),
      log_kind_(kind_of(settings.log_driver)),
      sender_(common_fields(settings), systemd::JournalSender::Options::from_environment()),
      journal_log_(sender_),
      file_log_(
          {.max_size_bytes = settings.log_max_size_bytes, .max_files = settings.log_max_files}),
      budget_(log_kind_ == LogKind::Journal ? LogBudget::Limit::Journal : LogBudget::Limit::None),
      log_out_(sink(), budget_,
               {.name = "stdout",
                .priority = 6,
                .patience = form != Form::Pipes ? kTerminalPatience : kPipePatience}),
      log_err_(sink(), budget_, {.name = "stderr", .priority = 3, .patience = kPipePatience}) {}

LogSink& Streams::sink() {
  if (log_kind_ == LogKind::File) return file_log_;
  return journal_log_;
}

Result<void> Streams::open(Descriptors& descriptors) {
  file_log_.set_folder(descriptors.get("data"));
  if (form_ == Form::Terminal) {
    first_tty_ = descriptors.take("tty");
    return {};
  }
  if (form_ == Form::Console) {
    first_stdin_ = descriptors.take("stdin");
    first_stdout_ = descriptors.take("stdout");
    (void)descriptors.take("stderr");  // all of a console's output is one stream
    return {};
  }
  UniqueFd client_stdin = descriptors.take("stdin");
  if (client_stdin || at_last_end_ == Input::AtLastEnd::KeepOpen) {
    Pipe pipe = AMBIT_TRY(make_pipe());
    container_stdin_ = std::move(pipe.read_end);
    // A container that was started with somebody at its input sees that input end.
    input_.emplace(std::move(pipe.write_end),
                   client_stdin ? Input::AtLastEnd::Close : Input::AtLastEnd::KeepOpen);
    if (client_stdin) input_->add_client(std::move(client_stdin));
  }
  Pipe out = AMBIT_TRY(make_pipe());
  Pipe err = AMBIT_TRY(make_pipe());
  container_stdout_ = std::move(out.write_end);
  container_stderr_ = std::move(err.write_end);
  add_output(std::move(out.read_end), log_out_);
  add_output(std::move(err.read_end), log_err_);
  for (const char* name : {"stdout", "stderr"})
    if (UniqueFd fd = descriptors.take(name))
      (name[3] == 'o' ? outputs_.front() : outputs_.back())
          .add_client(std::move(fd), ClientSink::Kind::Primary);
  return {};
}

void Streams::add_output(UniqueFd source, LogStream& log) {
  outputs_.emplace_back(
      std::move(source), log_kind_ != LogKind::None ? &log : nullptr,
      form_ == Form::Console ? Output::LineEnds::OfFiles : Output::LineEnds::Kept);
}

sandbox::Stdio Streams::container_ends() const {
  return {.stdin_fd = container_stdin_.get(),
          .stdout_fd = container_stdout_.get(),
          .stderr_fd = container_stderr_.get()};
}

void Streams::close_container_ends() {
  container_stdin_.reset();
  container_stdout_.reset();
  container_stderr_.reset();
}

Result<void> Streams::adopt_console(UniqueFd master) {
  console_ = std::move(master);
  // Kept open, so that a container that closes its terminal for a moment does not end it.
  console_peer_.reset(::ioctl(console_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!console_peer_) return Error::from_errno(errno, "opening the terminal's other end");
  UniqueFd source = AMBIT_TRY(duplicate(console_));
  UniqueFd sink = AMBIT_TRY(duplicate(console_));
  add_output(std::move(source), log_out_);
  input_.emplace(std::move(sink), Input::AtLastEnd::KeepOpen);
  adopt_first_clients();
  if (!first_tty_) return {};
  UniqueFd writing = AMBIT_TRY(duplicate(first_tty_));
  outputs_.front().add_client(std::move(writing), ClientSink::Kind::Primary);
  input_->add_client(std::move(first_tty_));
  return {};
}

void Streams::adopt_first_clients() {
  if (first_stdout_)
    outputs_.front().add_client(std::move(first_stdout_), ClientSink::Kind::Primary);
  if (first_stdin_) input_->add_client(std::move(first_stdin_));
}

Result<std::vector<UniqueFd>> Streams::attach(const std::string& names) {
  std::vector<UniqueFd> ends;
  for (const std::string& name : split(names, ' ')) {
    UniqueFd end = AMBIT_TRY(attach_one(name));
    ends.push_back(std::move(end));
  }
  return ends;
}

Result<UniqueFd> Streams::attach_one(const std::string& name) {
  if (form_ == Form::Terminal && name == "tty") return attach_terminal();
  if (form_ == Form::Terminal)
    return Error(ErrorCode::InvalidArgument, "the container has a terminal, and no " + name);
  if (name != "stdin" && name != "stdout" && name != "stderr")
    return Error(ErrorCode::InvalidArgument, "the container has no '" + name + "'");
  if (name == "stdin" && !(input_ && input_->is_open()))
    return Error(ErrorCode::NotRunning, "the container's stdin is closed");
  Pipe pipe = AMBIT_TRY(make_pipe());
  if (form_ == Form::Console && name == "stderr") return std::move(pipe.read_end);
  if (name == "stdin") {
    input_->add_client(std::move(pipe.read_end));
    return std::move(pipe.write_end);
  }
  (name == "stdout" ? outputs_.front() : outputs_.back())
      .add_client(std::move(pipe.write_end), ClientSink::Kind::Late);
  return std::move(pipe.read_end);
}

Result<UniqueFd> Streams::attach_terminal() {
  if (!console_) return Error(ErrorCode::NotRunning, "the container has no terminal yet");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return Error::from_errno(errno, "socketpair");
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  UniqueFd writing = AMBIT_TRY(duplicate(ours));
  outputs_.front().add_client(std::move(writing), ClientSink::Kind::Late);
  input_->add_client(std::move(ours));
  redraw_.begin(console_.get(), Clock::now());
  return theirs;
}

Result<void> Streams::resize(unsigned short rows, unsigned short columns) {
  if (!console_) return Error(ErrorCode::InvalidArgument, "the container has no terminal");
  return redraw_.resize(console_.get(), rows, columns);
}

void Streams::note(int priority, std::string_view message) {
  if (log_kind_ == LogKind::None) return;
  std::string record;
  systemd::append_journal_field(record, "PRIORITY", std::to_string(priority));
  systemd::append_journal_field(record, "MESSAGE", message);
  sender_.queue(record);
}

// The journal has it in any case; the file only once it can be written again.
void Streams::tell_lost(FileLog::Moment moment) {
  const std::uint64_t lost = file_log_.take_lost(moment);
  if (lost == 0) return;
  const std::string count = std::to_string(lost);
  tell(systemd::journal_record(
      {.event = systemd::Event::ContainerLogDropped,
       .priority = systemd::kWarning,
       .message = count + " lines of output lost: the log file can't be written",
       .fields = {{"USER_UNIT", unit_}, {"AMBIT_DROPPED_RECORDS", count}}}));
}

void Streams::prepare(PollSet& polls) const {
  const Clock::time_point now = Clock::now();
  for (const Output& output : outputs_) output.prepare(polls, now);
  if (input_) input_->prepare(polls);
  if (!sender_.is_empty()) polls.want(sender_.fd(), sender_.poll_events());
  polls.wake_at(sender_.retry_at());
  polls.wake_at(redraw_.deadline());
  // No event tells that journald is done, and the graces need a clock.
  if (is_delivering_) polls.wake_at(now + (is_journal_done_ ? kClientCheck : kJournalCheck));
}

void Streams::dispatch(const PollSet& polls) {
  const Clock::time_point now = Clock::now();
  for (Output& output : outputs_) output.dispatch(polls, now);
  if (input_) input_->dispatch(polls);
  if (console_) redraw_.on_deadline(console_.get(), now);
  file_log_.flush(now);
  tell_lost(FileLog::Moment::Running);
  sender_.flush();
}

void Streams::begin_drain() {
  input_.reset();
  console_peer_.reset();
  for (Output& output : outputs_) output.begin_drain();
}

bool Streams::is_read() const {
  return std::all_of(outputs_.begin(), outputs_.end(),
                     [](const Output& output) { return output.is_at_end(); });
}

void Streams::begin_delivery() {
  is_delivering_ = true;
  delivery_began_ = Clock::now();
  for (Output& output : outputs_) output.widen_clients();
  file_log_.flush(delivery_began_);
  tell_lost(FileLog::Moment::End);
  if (log_kind_ == LogKind::Journal)
    sender_.begin_drain();
  else
    sender_.flush();
}

bool Streams::is_delivered(Clock::time_point now) {
  const auto waited = now - delivery_began_;
  const auto behind = [this](ClientSink::Kind kind) {
    return std::any_of(outputs_.begin(), outputs_.end(),
                       [kind](const Output& output) { return output.is_behind(kind); });
  };
  const bool is_slow = sender_.fd() >= 0 && !sender_.is_empty();
  const seconds journal_grace = is_slow ? kSlowJournalGrace : kJournalGrace;
  // Records of the container's life need nothing of us when they are read: they name their unit.
  if (!is_journal_done_)
    is_journal_done_ = log_kind_ == LogKind::Journal ? sender_.is_drained() : sender_.is_empty();
  if (waited < kPrimaryGrace && behind(ClientSink::Kind::Primary)) return false;
  if (waited < kLateGrace && behind(ClientSink::Kind::Late)) return false;
  return is_journal_done_ || waited >= journal_grace;
}

}  // namespace ambit::monitor
