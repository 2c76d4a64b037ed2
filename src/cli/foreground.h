#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/event_loop.h"
#include "cli/client.h"
#include "cli/detach_keys.h"
#include "cli/relay.h"
#include "cli/service_notice.h"
#include "cli/streams.h"
#include "os/terminal.h"

namespace ambit::cli {

// Stays with a container, or an exec session, until it has ended: copies the streams, forwards
// signals and the terminal's size, and learns the exit code. It does not depend on ambitd: when
// that goes away the copying goes on, since the monitor is at the other end of the streams, and the
// next ambitd is asked for the exit code.
class Foreground {
 public:
  enum class Kind { Container, ExecSession };
  // Forward: each to the container. EndHere: each ends this program. Stop: each stops the
  // container.
  enum class Signals { Forward, EndHere, Stop };
  enum class IfRunning { Fail, Follow };
  // What to do when nobody reads our output any more.
  enum class OutputGone {
    StopIt,  // as a pipeline does: whoever writes on is ended
    Leave,   // it goes on without us
  };
  struct Options {
    Kind kind = Kind::Container;
    Signals signals = Signals::Forward;
    OutputGone output_gone = OutputGone::Leave;
    IfRunning if_running = IfRunning::Fail;
    ServiceNotice::Ignore ignore = ServiceNotice::Ignore::AsContainerHasIt;
    std::optional<DetachKeys> detach_keys;  // for a terminal whose input is ours
    bool read_input = false;                // standard input goes to a terminal's socket
    std::string name;                       // for messages; "": the short ID
    std::function<Result<void>(const std::string&)> on_started;  // gets the object's path
    // Gets the error of a start whose image is missing; the user is not told then.
    std::function<void(Error)> on_missing_image;
  };

  // Subscribes to the end of every container: before the call that starts ours is sent.
  static Result<std::unique_ptr<Foreground>> create(Client& client, Options options);

  // Sends the call that starts it and stays until the end. `path` "" : the call's answer is the
  // path. Returns the exit code; failures are told on standard error.
  int start(bus::Message call, const std::string& path, Streams streams);

  // The same for what runs already.
  int follow(const std::string& path, Streams streams);

  // Told to stop, by whomever, it ended by its stop signal: a clean end to a service manager.
  bool stopped_as_told() const;

  ~Foreground();

 private:
  Foreground(Client& client, Options options, bus::EventLoop loop);

  struct Exit {
    std::string path;
    std::int32_t code;
    std::string reason;
  };

  Result<bus::Message> new_call(const char* member);
  Result<void> subscribe();
  Result<void> watch_signals();
  int run_loop();
  void on_started(Result<bus::Message> answer);
  void on_refused(Error error);
  Result<void> attach();
  Result<void> attach_input();
  Result<void> attach_terminal();
  Result<void> attach_output(UniqueFd& source, int sink_fd);
  bool take_typed(std::string_view typed, std::string& out);
  void pass_on_held_keys();
  void on_output_end(std::size_t index, int sink_fd, Relay::End end);
  void on_input_end(Relay::End end);
  void on_signal(int signal);
  void send_signal(int signal);
  void send_size(std::uint32_t rows, std::uint32_t columns);
  void pass_on(int signal);
  void stop_it(std::uint64_t timeout_usec);
  void ask_for_end();
  Result<void> come_back();
  void on_wait_answer(Result<bus::Message> answer);
  void on_exit(std::int32_t code, const std::string& reason);
  void end_if_all_is_shown();
  void watch_for_silence();
  void finish(int code);
  void fail(const Error& error);
  std::string shown_name() const;

  Client& client_;
  Options options_;
  bus::EventLoop loop_;
  Streams streams_;
  std::string path_;
  std::vector<Exit> early_exits_;     // of containers, ours perhaps, before the path is known
  std::vector<int> early_signals_;    // that came while the start was under way
  std::optional<std::int32_t> exit_;  // the code, once it has ended
  int result_ = 0;
  int failed_waits_ = 0;
  bool write_failed_ = false;
  bool bus_is_gone_ = false;
  UniqueFd terminal_sink_;
  os::RawMode raw_mode_;
  std::unique_ptr<Relay> input_;
  std::vector<std::unique_ptr<Relay>> outputs_;  // an ended one is null
  std::vector<bus::EventSource> signals_;
  bus::EventSource timer_;
  bus::EventSource held_keys_;  // sends them on when nothing follows
  std::unique_ptr<ServiceNotice> notice_;
  bus::Slot match_, start_call_, wait_call_, signal_call_, stop_call_;
};

}  // namespace ambit::cli
