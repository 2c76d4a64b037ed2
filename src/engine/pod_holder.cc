#include "engine/pod_holder.h"

#include <csignal>
#include <utility>
#include <vector>

#include "os/file.h"
#include "os/socket.h"

namespace ambit::engine {
namespace {

using spec::MonitorMessageType;

struct Spawned {
  os::Process process;
  UniqueFd control;
};

Result<Spawned> spawn(const PodHolder::Plan& plan) {
  auto [control, far_control] = AMBIT_TRY(os::packet_pair());
  const UniqueFd listener = AMBIT_TRY(os::listen_packets(plan.run_dir, spec::kHolderSocketName));
  const UniqueFd settings =
      AMBIT_TRY(os::sealed_memfd("ambit-pod", spec::write_holder_settings(plan.settings)));
  os::Process process = AMBIT_TRY(
      os::spawn({.exe_fd = plan.exe_fd,
                 .argv = {"ambit-monitor", "hold", plan.pod, "control:listen:settings:userns"},
                 .env = {"LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin"},
                 .fds = {far_control.get(), listener.get(), settings.get(), plan.base_userns}}));
  return Spawned{.process = std::move(process), .control = std::move(control)};
}

}  // namespace

Result<std::unique_ptr<PodHolder>> PodHolder::start(bus::EventLoop& loop, const Plan& plan,
                                                    const StartScope& start_scope, Events events) {
  std::unique_ptr<PodHolder> holder(new PodHolder());
  PodHolder* self = holder.get();
  Spawned spawned = AMBIT_TRY(spawn(plan));
  holder->process_ = std::move(spawned.process);
  holder->events_ = std::move(events);
  holder->link_ = AMBIT_TRY(MonitorLink::create(
      loop, std::move(spawned.control),
      [self](const spec::MonitorMessage& message, std::vector<UniqueFd>) {
        self->on_message(message);
      },
      [self] { self->fail(Error(ErrorCode::Internal, "its holder has ended")); }));
  holder->on_exit_ =
      AMBIT_TRY(loop.on_child(holder->process_.pidfd.get(), [self](const siginfo_t&) {
        self->fail(Error(ErrorCode::Internal, "its holder has ended"));
        self->events_.gone();
      }));
  start_scope(holder->process_.pid,
              [self](Result<std::string> group) { self->on_scope(std::move(group)); });
  return holder;
}

void PodHolder::on_message(const spec::MonitorMessage& message) {
  if (message.type == MonitorMessageType::Failed)
    return fail(Error::received(message.code, message.sys_errno, message.text));
  if (message.type != MonitorMessageType::Ready) return;
  is_ready_ = true;
  settle_if_ready();
}

void PodHolder::on_scope(Result<std::string> control_group) {
  if (!control_group) return fail(std::move(control_group).error());
  control_group_ = *std::move(control_group);
  settle_if_ready();
}

void PodHolder::settle_if_ready() {
  if (is_over_ || !is_ready_ || control_group_.empty()) return;
  if (auto told = link_->send({.type = MonitorMessageType::Go}); !told)
    return fail(std::move(told).error());
  is_over_ = true;
  events_.settled(control_group_);
}

void PodHolder::fail(Error error) {
  if (std::exchange(is_over_, true)) return;
  (void)os::send_signal(process_.pidfd.get(), SIGKILL);
  events_.settled(std::move(error));
}

}  // namespace ambit::engine
