#include "monitor/hold.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "monitor/footprint.h"
#include "monitor/poll_set.h"
#include "monitor/signals.h"
#include "os/file.h"
#include "os/socket.h"
#include "sandbox/base_userns.h"
#include "sandbox/pod_namespaces.h"
#include "spec/holder_settings.h"
#include "spec/monitor_message.h"

namespace ambit::monitor {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

constexpr std::size_t kMaxSettingsBytes = 65536;

MonitorMessage failed(const Error& error) {
  return {.type = MonitorMessageType::Failed,
          .code = error.code(),
          .sys_errno = error.sys_errno(),
          .text = error.message()};
}

class Holder {
 public:
  Holder(Descriptors descriptors, UniqueFd signal_fd)
      : descriptors_(std::move(descriptors)),
        signal_fd_(std::move(signal_fd)),
        control_(descriptors_.take("control")),
        listener_(descriptors_.take("listen")) {}

  Result<void> run() {
    const Result<void> made = make();
    if (!made) {
      tell_ambitd(failed(made.error()));
      answer_all(&made.error());
      return made;
    }
    tell_ambitd({.type = MonitorMessageType::Ready});
    shrink_footprint();
    while (!is_over_) AMBIT_TRY(step());
    return {};
  }

 private:
  Result<void> make() {
    AMBIT_TRY(descriptors_.require({"settings"}));
    const std::string text =
        AMBIT_TRY(os::read_all(descriptors_.get("settings"), kMaxSettingsBytes));
    const spec::HolderSettings settings = AMBIT_TRY(spec::parse_holder_settings(text));
    if (descriptors_.has("userns"))
      AMBIT_TRY(sandbox::enter_base_userns(descriptors_.get("userns")));
    pod_ = AMBIT_TRY(sandbox::PodNamespaces::make(settings));
    // The user namespace stays while we are in it.
    for (const char* name : {"settings", "userns"}) (void)descriptors_.take(name);
    return pod_->drop_privileges();
  }

  Result<void> step() {
    polls_.clear();
    polls_.want(signal_fd_.get(), POLLIN);
    polls_.want(control_.get(), POLLIN);
    polls_.want(listener_.get(), POLLIN);
    AMBIT_TRY(polls_.wait());
    if (polls_.ready(listener_.get()) != 0) answer_all(nullptr);
    if (polls_.ready(control_.get()) != 0) hear_ambitd();
    for (TakenSignal taken = take_signal(signal_fd_.get()); !taken.is_empty;
         taken = take_signal(signal_fd_.get()))
      if (taken.meaning == SignalMeaning::Stop) is_over_ = true;
    return {};
  }

  // Until it is in its scope it is ambitd's, and ends with it.
  void hear_ambitd() {
    auto packet = os::receive_packet(control_.get());
    if (!packet && packet.error().code() == ErrorCode::Busy) return;
    auto message = packet && !packet->closed
                       ? spec::parse_monitor_message(packet->bytes)
                       : Result<MonitorMessage>(Error(ErrorCode::NotRunning, "ambitd has gone"));
    if (!message || message->type == MonitorMessageType::Abort) is_over_ = !is_settled_;
    if (message && message->type == MonitorMessageType::Go) is_settled_ = true;
    if (!message || is_settled_) control_.reset();
  }

  // One message for each that connects; who does not read it has what fits the socket's buffer.
  void answer_all(const Error* why_not) {
    for (;;) {
      const UniqueFd peer(
          ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!peer) return;
      if (why_not == nullptr)
        give(peer.get());
      else
        (void)os::send_packet(peer.get(), spec::write_monitor_message(failed(*why_not)));
    }
  }

  void give(int peer) {
    const auto given = pod_->give();
    if (!given) {
      (void)os::send_packet(peer, spec::write_monitor_message(failed(given.error())));
      return;
    }
    MonitorMessage message{.type = MonitorMessageType::Given};
    std::vector<int> fds;
    for (const auto& [name, fd] : *given) {
      message.text += (message.text.empty() ? "" : " ") + name;
      fds.push_back(fd.get());
    }
    (void)os::send_packet(peer, spec::write_monitor_message(message), fds);
  }

  void tell_ambitd(const MonitorMessage& message) {
    (void)os::send_packet(control_.get(), spec::write_monitor_message(message));
  }

  Descriptors descriptors_;
  UniqueFd signal_fd_;
  UniqueFd control_;
  UniqueFd listener_;
  PollSet polls_;
  std::optional<sandbox::PodNamespaces> pod_;
  bool is_settled_ = false;  // in its scope
  bool is_over_ = false;
};

}  // namespace

Result<void> run_hold(Descriptors descriptors, UniqueFd signal_fd) {
  (void)::prctl(PR_SET_NAME, "ambit-pod");
  return Holder(std::move(descriptors), std::move(signal_fd)).run();
}

}  // namespace ambit::monitor
