#include "bus/message.h"

#include <cerrno>

#include "base/log.h"
#include "bus/error_names.h"
#include "bus/utf8.h"

namespace ambit::bus {
namespace {

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

}  // namespace

bool Message::is_method_call() const noexcept {
  return sd_bus_message_is_method_call(message_, nullptr, nullptr) > 0;
}

std::string Message::path() const { return text_or_empty(sd_bus_message_get_path(message_)); }
std::string Message::member() const { return text_or_empty(sd_bus_message_get_member(message_)); }
std::string Message::sender() const { return text_or_empty(sd_bus_message_get_sender(message_)); }

Result<void> Message::skip() {
  const int r = sd_bus_message_skip(message_, nullptr);
  if (r < 0) return Error::from_errno(-r, "skipping a value of a message");
  return {};
}

std::string Message::rest() const {
  char type = 0;
  const char* contents = nullptr;
  if (sd_bus_message_peek_type(message_, &type, &contents) <= 0) return {};
  switch (type) {
    case 'a':
      return "a" + text_or_empty(contents);
    case 'r':
      return "(" + text_or_empty(contents) + ")";
    case 'e':
      return "{" + text_or_empty(contents) + "}";
    case 'v':
      return "v";
    default:
      return {type};
  }
}

Result<Message> new_reply(const Message& call) {
  sd_bus_message* reply = nullptr;
  const int r = sd_bus_message_new_method_return(call.get(), &reply);
  if (r < 0) return Error::from_errno(-r, "making a reply to " + call.member());
  return Message(reply);
}

Result<void> send_reply(Message reply) {
  const int r = sd_bus_message_send(reply.get());
  if (r < 0) return Error::from_errno(-r, "sending a reply");
  return {};
}

PendingReply::~PendingReply() {
  if (call_) fail(Error(ErrorCode::Internal, call_.member() + " ended without a result"));
}

void PendingReply::fail(const Error& error) {
  if (!call_) return;
  const Message call = std::exchange(call_, Message());
  send_error(call, error);
}

void PendingReply::send_error(const Message& call, const Error& error) {
  const std::string text = valid_utf8(error.message());
  const int r =
      sd_bus_reply_method_errorf(call.get(), dbus::error_name(error.code()), "%s", text.c_str());
  if (r < 0)
    log(LogLevel::Debug, "answering %s: %s", call.member().c_str(),
        Error::from_errno(-r, "sending an error").message().c_str());
}

}  // namespace ambit::bus
