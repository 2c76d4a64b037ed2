#include "engine/exec_session.h"

#include <utility>

namespace ambit::engine {

using spec::MonitorMessage;
using spec::MonitorMessageType;

Result<std::unique_ptr<ExecSession>> ExecSession::start(bus::EventLoop& loop, os::Process helper,
                                                        UniqueFd control, Events events) {
  std::unique_ptr<ExecSession> session(new ExecSession(std::move(events)));
  ExecSession* self = session.get();
  session->helper_ = std::move(helper);
  session->link_ = AMBIT_TRY(MonitorLink::create(
      loop, std::move(control),
      [self](const MonitorMessage& message, const std::vector<UniqueFd>&) {
        self->on_message(message);
      },
      [self] {
        self->link_closed_ = true;
        self->end_if_over();
      }));
  session->on_helper_exit_ =
      AMBIT_TRY(loop.on_child(session->helper_.pidfd.get(), [self](const siginfo_t&) {
        self->helper_gone_ = true;
        self->end_if_over();
      }));
  return session;
}

void ExecSession::on_message(const MonitorMessage& message) {
  if (message.type == MonitorMessageType::Started && !started_) {
    started_ = true;
    events_.started(static_cast<pid_t>(message.a));
  } else if (message.type == MonitorMessageType::Failed) {
    error_ = Error(message.code, message.text);
  } else if (message.type == MonitorMessageType::Exited) {
    exit_code_ = static_cast<int>(message.a);
  }
}

void ExecSession::end_if_over() {
  if (!link_closed_ || !helper_gone_) return;
  if (started_) return events_.ended(exit_code_);
  events_.failed(error_ ? *std::move(error_)
                        : Error(ErrorCode::Internal, "the exec helper ended without a word"));
}

Result<void> ExecSession::kill(int signal) {
  if (link_closed_) return Error(ErrorCode::NotRunning, "the command has ended");
  return link_->send({.type = MonitorMessageType::Kill, .a = signal});
}

}  // namespace ambit::engine
