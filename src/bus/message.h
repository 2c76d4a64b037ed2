#pragma once

#include <systemd/sd-bus.h>

#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "bus/wire.h"

namespace ambit::bus {

// One reference to a D-Bus message.
class Message {
 public:
  Message() = default;
  // Takes over the caller's reference.
  explicit Message(sd_bus_message* taken) noexcept : message_(taken) {}
  // A reference of its own.
  static Message share(sd_bus_message& message) noexcept {
    return Message(sd_bus_message_ref(&message));
  }
  Message(Message&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  Message& operator=(Message&& other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message() { sd_bus_message_unref(message_); }

  Message share() const noexcept { return Message(sd_bus_message_ref(message_)); }
  sd_bus_message* get() const noexcept { return message_; }
  explicit operator bool() const noexcept { return message_ != nullptr; }

  bool is_method_call() const noexcept;
  std::string path() const;    // "" where the message has none
  std::string member() const;  // "" where the message has none
  std::string sender() const;  // the unique name, "" where the message has none

  // The next value. InvalidArgument where there is none, or one of another type.
  template <typename T>
  Result<T> read() {
    T value{};
    AMBIT_TRY(Wire<T>::read(message_, value));
    return value;
  }

  // The next values, several at once.
  template <typename T, typename U, typename... More>
  Result<std::tuple<T, U, More...>> read() {
    std::tuple<T, U, More...> values{};
    Result<void> result;
    std::apply(
        [&](auto&... each) {
          (void)((result = Wire<std::remove_reference_t<decltype(each)>>::read(message_, each)) &&
                 ...);
        },
        values);
    AMBIT_TRY(std::move(result));
    return values;
  }

  template <typename... Ts>
  Result<void> append(const Ts&... values) {
    Result<void> result;
    (void)((result = Wire<Ts>::append(message_, values)) && ...);
    return result;
  }

  // Steps over the next value, of whatever type.
  Result<void> skip();
  // The signature of what is left at this level: "" at the end.
  std::string rest() const;

 private:
  sd_bus_message* message_ = nullptr;
};

// Answers a method call, now. The caller may be gone: that is no error.
template <typename... Ts>
Result<void> reply(const Message& call, const Ts&... values);
Result<void> send_reply(Message reply);
Result<Message> new_reply(const Message& call);

template <typename... Ts>
Result<void> reply(const Message& call, const Ts&... values) {
  Message answer = AMBIT_TRY(new_reply(call));
  AMBIT_TRY(answer.append(values...));
  return send_reply(std::move(answer));
}

// A method call that is answered later. Exactly one answer goes out: the first of succeed() and
// fail(), or Internal where the last holder lets go of it without any.
class PendingReply {
 public:
  explicit PendingReply(const Message& call) : call_(call.share()) {}
  PendingReply(PendingReply&&) noexcept = default;
  PendingReply& operator=(PendingReply&&) = delete;
  PendingReply(const PendingReply&) = delete;
  PendingReply& operator=(const PendingReply&) = delete;
  ~PendingReply();

  template <typename... Ts>
  void succeed(const Ts&... values) {
    if (!call_) return;
    const Message call = std::exchange(call_, Message());
    const Result<void> sent = reply(call, values...);
    if (!sent) send_error(call, sent.error());
  }
  void fail(const Error& error);

 private:
  static void send_error(const Message& call, const Error& error);

  Message call_;
};

}  // namespace ambit::bus
