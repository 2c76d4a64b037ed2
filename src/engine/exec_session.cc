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
  AMBIT_TRY(session->listen(loop, std::move(control)));
  session->on_helper_exit_ =
      AMBIT_TRY(loop.on_child(session->helper_.pidfd.get(), [self](const siginfo_t&) {
        self->helper_gone_ = true;
        self->end_if_over();
      }));
  return session;
}

Result<std::unique_ptr<ExecSession>> ExecSession::adopt(bus::EventLoop& loop, UniqueFd socket,
                                                        Events events) {
  std::unique_ptr<ExecSession> session(new ExecSession(std::move(events)));
  session->helper_gone_ = true;  // nothing of it to reap: the end of its socket is its end
  AMBIT_TRY(session->listen(loop, std::move(socket)));
  AMBIT_TRY(session->link_->send({.type = MonitorMessageType::Hello}));
  return session;
}

Result<void> ExecSession::listen(bus::EventLoop& loop, UniqueFd socket) {
  link_ = AMBIT_TRY(MonitorLink::create(
      loop, std::move(socket),
      [this](const MonitorMessage& message, const std::vector<UniqueFd>&) { on_message(message); },
      [this] {
        link_closed_ = true;
        end_if_over();
      }));
  return {};
}

void ExecSession::on_message(const MonitorMessage& message) {
  const bool has_started =
      message.type == MonitorMessageType::Started ||
      (message.type == MonitorMessageType::State && message.a > 0);  // the answer to Hello
  if (has_started && !started_) {
    started_ = true;
    events_.started(static_cast<pid_t>(message.a));
  } else if (message.type == MonitorMessageType::Failed) {
    error_ = Error(message.code, message.text);
  } else if (message.type == MonitorMessageType::Exited) {
    end_ = {.exit_code = static_cast<int>(message.a), .reason = message.text};
  }
}

void ExecSession::end_if_over() {
  if (!link_closed_ || !helper_gone_) return;
  if (started_) return events_.ended(end_);
  events_.failed(error_ ? *std::move(error_)
                        : Error(ErrorCode::Internal, "the exec helper ended without a word"));
}

Result<void> ExecSession::kill(int signal) {
  if (link_closed_) return Error(ErrorCode::NotRunning, "the command has ended");
  return link_->send({.type = MonitorMessageType::Kill, .a = signal});
}

Result<void> ExecSession::resize(unsigned rows, unsigned columns) {
  if (link_closed_) return Error(ErrorCode::NotRunning, "the command has ended");
  return link_->send({.type = MonitorMessageType::Resize, .a = rows, .b = columns});
}

}  // namespace ambit::engine
