#include "cli/foreground.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/strings.h"
#include "cli/create_flags.h"
#include "cli/exit_codes.h"
#include "cli/output.h"

namespace ambit::cli {
namespace {

using namespace std::chrono_literals;

constexpr int kForwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
constexpr auto kHeldKeys = 200ms;      // longer than between two keys of a sequence
constexpr auto kBeforeAsking = 50ms;   // most short containers have ended by then
constexpr auto kBetweenWaits = 200ms;  // while ambitd can't be reached
constexpr int kMaxFailedWaits = 25;
constexpr auto kSilence = 2s;  // after the end, from a stream that something still holds open
constexpr std::uint64_t kPipelineStopUsec = 2'000'000;

}  // namespace

Foreground::Foreground(Client& client, Options options, bus::EventLoop loop)
    : client_(client), options_(std::move(options)), loop_(std::move(loop)) {}

Foreground::~Foreground() { raw_mode_.restore(); }

Result<std::unique_ptr<Foreground>> Foreground::create(Client& client, Options options) {
  bus::EventLoop loop = AMBIT_TRY(bus::EventLoop::create());
  std::unique_ptr<Foreground> foreground(
      new Foreground(client, std::move(options), std::move(loop)));
  AMBIT_TRY(foreground->subscribe());
  AMBIT_TRY(foreground->watch_signals());
  if (foreground->options_.kind == Kind::Container && has_service_manager())
    foreground->notice_ =
        std::make_unique<ServiceNotice>(client, foreground->loop_, foreground->options_.ignore);
  return foreground;
}

Result<bus::Message> Foreground::new_call(const char* member) {
  return client_.bus().new_call(
      {.service = kService,
       .path = path_,
       .interface = options_.kind == Kind::Container ? kContainerInterface : kExecInterface,
       .member = member});
}

Result<void> Foreground::subscribe() {
  AMBIT_TRY(client_.bus().attach(loop_));
  if (options_.kind != Kind::Container) return {};
  match_ = AMBIT_TRY(client_.bus().match(
      {.sender = kService, .interface = kContainerInterface, .member = "Exited"},
      [this](bus::Message& signal) {
        const auto values = signal.read<std::int32_t, std::string>();
        if (!values) return;
        const auto& [code, reason] = *values;
        if (path_.empty())
          early_exits_.push_back({.path = signal.path(), .code = code, .reason = reason});
        else if (signal.path() == path_)
          on_exit(code, reason);
      }));
  return {};
}

Result<void> Foreground::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kForwarded) sigaddset(&set, signal);
  sigaddset(&set, SIGWINCH);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return Error::from_errno(errno, "sigprocmask");
  const auto watch = [this](int signal) {
    return loop_.on_signal(signal, [this](const signalfd_siginfo& info) {
      on_signal(static_cast<int>(info.ssi_signo));
    });
  };
  for (const int signal : kForwarded) signals_.push_back(AMBIT_TRY(watch(signal)));
  signals_.push_back(AMBIT_TRY(watch(SIGWINCH)));
  return {};
}

int Foreground::start(bus::Message call, const std::string& path, Streams streams) {
  streams_ = std::move(streams);
  auto slot = client_.bus().call_async(
      call,
      [this, path](Result<bus::Message> answer) {
        path_ = path;
        on_started(std::move(answer));
      },
      bus::kNoTimeout);
  if (!slot) {
    print_error(slot.error());
    return kExitFailure;
  }
  start_call_ = *std::move(slot);
  // Our references to the far ends of the streams go with it: the end of file depends on that.
  call = bus::Message();
  return run_loop();
}

int Foreground::follow(const std::string& path, Streams streams) {
  streams_ = std::move(streams);
  path_ = path;
  const Result<void> attached = attach();
  if (!attached) {
    print_error(attached.error());
    return kExitFailure;
  }
  return run_loop();
}

int Foreground::run_loop() {
  const Result<int> ran = loop_.run();
  raw_mode_.restore();
  if (!ran) {
    print_error(ran.error());
    return kExitFailure;
  }
  return result_;
}

void Foreground::on_started(Result<bus::Message> answer) {
  const bool runs_already = !answer && answer.error().code() == ErrorCode::AlreadyRunning;
  if (!answer && !(runs_already && options_.if_running == IfRunning::Follow))
    return on_refused(std::move(answer).error());
  if (path_.empty()) {
    auto path = answer->read<bus::ObjectPath>();
    if (!path) return fail(path.error());
    path_ = path->value;
  }
  if (options_.on_started) {
    if (const auto done = options_.on_started(path_); !done) print_error(done.error());
  }
  Result<void> attached = attach();
  if (attached && notice_) attached = notice_->follow(path_);
  if (!attached) return fail(attached.error());
  for (const int signal : std::exchange(early_signals_, {})) pass_on(signal);
  for (const Exit& exit : std::exchange(early_exits_, {}))
    if (exit.path == path_) on_exit(exit.code, exit.reason);
}

Result<void> Foreground::attach() {
  if (streams_.terminal) {
    AMBIT_TRY(attach_terminal());
  } else {
    if (streams_.input) AMBIT_TRY(attach_input());
    if (streams_.output) AMBIT_TRY(attach_output(streams_.output, STDOUT_FILENO));
    if (streams_.errors) AMBIT_TRY(attach_output(streams_.errors, STDERR_FILENO));
  }
  timer_ = AMBIT_TRY(loop_.on_timer(kBeforeAsking, [this] { ask_for_end(); }));
  return {};
}

Result<void> Foreground::attach_input() {
  input_ = std::make_unique<Relay>(loop_, STDIN_FILENO, streams_.input.get(),
                                   [this](Relay::End end) { on_input_end(end); });
  return input_->start();
}

Result<void> Foreground::attach_terminal() {
  AMBIT_TRY(attach_output(streams_.terminal, STDOUT_FILENO));
  if (!options_.read_input) return {};
  if (::isatty(STDIN_FILENO) == 1) raw_mode_ = AMBIT_TRY(os::RawMode::enter(STDIN_FILENO));
  // One descriptor can be in an epoll set once, so the other direction gets another.
  terminal_sink_.reset(::fcntl(streams_.terminal.get(), F_DUPFD_CLOEXEC, 0));
  if (!terminal_sink_) return Error::from_errno(errno, "duplicating the terminal's socket");
  Relay::Filter filter;
  if (options_.detach_keys && !options_.detach_keys->sequence().empty())
    filter = [this](std::string_view typed, std::string& out) { return take_typed(typed, out); };
  input_ = std::make_unique<Relay>(
      loop_, STDIN_FILENO, terminal_sink_.get(), [this](Relay::End end) { on_input_end(end); },
      std::move(filter));
  return input_->start();
}

// True: leave. A beginning of the detach keys waits for the next key, and not for long.
bool Foreground::take_typed(std::string_view typed, std::string& out) {
  DetachKeys& keys = *options_.detach_keys;
  if (typed.empty()) keys.release(out);
  if (keys.feed(typed, out)) return true;
  if (!keys.is_holding()) {
    held_keys_.reset();
    return false;
  }
  auto timer = loop_.on_timer(kHeldKeys, [this] { pass_on_held_keys(); });
  // Without a timer nothing may be held.
  if (timer)
    held_keys_ = *std::move(timer);
  else
    keys.release(out);
  return false;
}

void Foreground::pass_on_held_keys() {
  std::string held;
  options_.detach_keys->release(held);
  if (input_) input_->add(held);
}

Result<void> Foreground::attach_output(UniqueFd& source, int sink_fd) {
  const std::size_t index = outputs_.size();
  outputs_.push_back(std::make_unique<Relay>(
      loop_, source.get(), sink_fd,
      [this, index, sink_fd](Relay::End end) { on_output_end(index, sink_fd, end); }));
  return outputs_.back()->start();
}

void Foreground::on_input_end(Relay::End end) {
  if (end == Relay::End::Stopped) {
    raw_mode_.restore();
    print("\n");
    if (options_.kind == Kind::Container)
      print_error("detached from %s; 'ambit attach %s' comes back to it", shown_name().c_str(),
                  shown_name().c_str());
    else
      print_error("detached from %s, which goes on", shown_name().c_str());
    return finish(0);
  }
  if (end == Relay::End::Failed) print_error("copying standard input: %s", input_->error().c_str());
  input_.reset();
  streams_.input.reset();  // the end of file, for the container
}

void Foreground::on_output_end(std::size_t index, int sink_fd, Relay::End end) {
  if (end == Relay::End::Failed) {
    print_error("copying the container's output: %s", outputs_[index]->error().c_str());
    write_failed_ = true;
  }
  outputs_[index].reset();
  // Closed, so that whoever writes to it notices.
  if (sink_fd == STDERR_FILENO)
    streams_.errors.reset();
  else if (!streams_.terminal)
    streams_.output.reset();
  if (end == Relay::End::SinkGone && sink_fd == STDOUT_FILENO && !exit_) {
    if (options_.output_gone == OutputGone::Leave) return finish(kExitBrokenPipe);
    stop_it(kPipelineStopUsec);
  }
  end_if_all_is_shown();
}

void Foreground::on_signal(int signal) {
  if (signal == SIGWINCH) {
    const auto size = os::terminal_size();
    if (streams_.terminal && !path_.empty() && size) send_size(size->rows, size->columns);
    return;
  }
  // After the end there is nobody to forward it to: only our own output is left.
  if (options_.signals == Signals::EndHere || exit_) return finish(128 + signal);
  if (!path_.empty()) return pass_on(signal);
  // A start that hangs must not make us immune.
  if (!early_signals_.empty()) return finish(128 + signal);
  early_signals_.push_back(signal);
}

void Foreground::pass_on(int signal) {
  if (options_.signals == Signals::Stop) return stop_it(UINT64_MAX);
  send_signal(signal);
}

void Foreground::send_signal(int signal) {
  auto call = new_call("Kill");
  if (!call || !call->append(std::int32_t{signal})) return finish(128 + signal);
  auto slot = client_.bus().call_async(*call, [this, signal](Result<bus::Message> answer) {
    if (answer || exit_ || answer.error().code() == ErrorCode::NotRunning) return;
    print_error("forwarding signal %d: %s", signal, answer.error().message().c_str());
    finish(128 + signal);
  });
  if (slot) signal_call_ = *std::move(slot);
}

void Foreground::send_size(std::uint32_t rows, std::uint32_t columns) {
  auto call = new_call("ResizeTerminal");
  // A size that does not arrive is followed by the next.
  if (call && call->append(rows, columns)) (void)client_.bus().send(*call);
}

void Foreground::stop_it(std::uint64_t timeout_usec) {
  if (options_.kind != Kind::Container) return send_signal(SIGTERM);
  auto call = new_call("Stop");
  if (!call || !call->append(timeout_usec)) return;
  auto slot = client_.bus().call_async(
      *call,
      [](const Result<bus::Message>& answer) {
        if (!answer) print_error("stopping it: %s", answer.error().message().c_str());
      },
      bus::kNoTimeout);
  if (slot) stop_call_ = *std::move(slot);
}

// The signal Exited tells of the end, unless ambitd has died; its successor answers this.
void Foreground::ask_for_end() {
  if (exit_) return;
  auto call = new_call("Wait");
  if (!call) return on_wait_answer(call.error());
  auto slot = client_.bus().call_async(
      *call, [this](Result<bus::Message> answer) { on_wait_answer(std::move(answer)); },
      bus::kNoTimeout);
  if (!slot) return on_wait_answer(slot.error());
  wait_call_ = *std::move(slot);
}

// The bus may go away, too: another one has the next ambitd.
Result<void> Foreground::come_back() {
  if (!std::exchange(bus_is_gone_, false)) return {};
  AMBIT_TRY(client_.reconnect());
  return subscribe();
}

void Foreground::on_wait_answer(Result<bus::Message> answer) {
  if (exit_) return;
  if (answer) {
    const auto code = answer->read<std::int32_t>();
    if (!code) return fail(code.error());
    return on_exit(*code, *code == -1 ? "lost" : "");
  }
  bus_is_gone_ = bus_is_gone(answer.error());
  const Error error = explain_call_error(std::move(answer).error(), "Wait");
  if (error.code() == ErrorCode::NoSuchContainer || ++failed_waits_ > kMaxFailedWaits) {
    print_error("%s: its exit code is not known: %s", shown_name().c_str(),
                error.message().c_str());
    exit_ = kExitFailure;
    return end_if_all_is_shown();
  }
  auto timer = loop_.on_timer(kBetweenWaits, [this] {
    if (const auto back = come_back(); !back) return fail(back.error());
    ask_for_end();
  });
  if (!timer) return fail(timer.error());
  timer_ = *std::move(timer);
}

void Foreground::on_exit(std::int32_t code, const std::string& reason) {
  if (exit_) return;
  if (code < 0) {
    print_error("%s: its exit code is not known (%s)", shown_name().c_str(),
                reason.empty() ? "lost" : reason.c_str());
    code = kExitFailure;
  }
  exit_ = code;
  end_if_all_is_shown();
  watch_for_silence();
}

void Foreground::end_if_all_is_shown() {
  if (!exit_) return;
  for (const auto& output : outputs_)
    if (output) return;
  finish(*exit_ == 0 && write_failed_ ? kExitFailure : *exit_);
}

// After the end everybody who could write has gone, and the streams end by themselves. Should
// somebody hold one open all the same, then a silent one is given up; one that our own reader keeps
// waiting is not.
void Foreground::watch_for_silence() {
  auto timer = loop_.on_timer(kSilence, [this] {
    for (auto& output : outputs_)
      if (output && !output->is_idle()) return watch_for_silence();
    outputs_.clear();
    end_if_all_is_shown();
  });
  if (timer) timer_ = *std::move(timer);
}

void Foreground::finish(int code) {
  result_ = code;
  loop_.exit(0);
}

void Foreground::on_refused(Error error) {
  if (!options_.on_missing_image || error.code() != ErrorCode::NoSuchImage)
    return fail(explain_call_error(explain_missing_image(std::move(error)), "the start"));
  options_.on_missing_image(std::move(error));
  finish(kExitFailure);
}

void Foreground::fail(const Error& error) {
  raw_mode_.restore();
  print_error(error);
  finish(exit_code(error.code()));
}

bool Foreground::stopped_as_told() const {
  return notice_ && notice_->was_stopped() && exit_ == 128 + notice_->stop_signal();
}

std::string Foreground::shown_name() const {
  return options_.name.empty() ? short_id(id_of_path(path_)) : options_.name;
}

}  // namespace ambit::cli
