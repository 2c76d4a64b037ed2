#pragma once

#include <systemd/sd-bus.h>

#include <exception>

#include "base/result.h"
#include "bus/error_names.h"
#include "bus/message.h"
#include "bus/wire.h"

// Adapters between sd-bus's C callbacks and our member functions. They stop exceptions (of the
// standard library, say) before they reach C frames.
namespace ambit::bus {
namespace detail {

template <typename>
struct MemberOf;
template <typename T, typename R, typename... Args>
struct MemberOf<R (T::*)(Args...)> {
  using type = T;
  using result = R;
};
template <typename T, typename R, typename... Args>
struct MemberOf<R (T::*)(Args...) const> {
  using type = const T;
  using result = R;
};

}  // namespace detail

// sd_bus_message_handler_t for `Result<void> T::handler(Message&)`. The handler replies itself, at
// once with reply() or later through a PendingReply; an error that it returns becomes the reply.
template <auto Handler>
int method(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept try {
  using T = typename detail::MemberOf<decltype(Handler)>::type;
  Message call = Message::share(*message);
  const Result<void> result = (static_cast<T*>(userdata)->*Handler)(call);
  return result ? 1 : set_bus_error(error, result.error());
} catch (const std::exception& e) {
  return set_bus_error(error, Error(ErrorCode::Internal, e.what()));
}

// sd_bus_property_get_t for `V T::getter() const`, V any type with a Wire of the signature that the
// vtable states. It has no way to fail: what can fail is a method.
template <auto Getter>
int property(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* userdata,
             sd_bus_error* error) noexcept try {
  using Member = detail::MemberOf<decltype(Getter)>;
  using V = std::remove_cvref_t<typename Member::result>;
  const auto result =
      Wire<V>::append(reply, (static_cast<typename Member::type*>(userdata)->*Getter)());
  return result ? 1 : set_bus_error(error, result.error());
} catch (const std::exception& e) {
  return set_bus_error(error, Error(ErrorCode::Internal, e.what()));
}

}  // namespace ambit::bus
