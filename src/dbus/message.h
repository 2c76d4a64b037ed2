#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dbus/marshal.h"

// Whole D-Bus messages as bytes (D-Bus specification, "Message Protocol").
namespace ambit::dbus {

// A member to call.
struct Target {
  std::string_view destination;
  std::string_view path;
  std::string_view interface;
  std::string_view member;
};

// A method call with its arguments.
template <typename... Ts>
std::string write_call(const Target& target, std::uint32_t serial, const Ts&... arguments);

// The same with a body that is written already.
std::string write_call_with(const Target& target, std::uint32_t serial, std::string_view signature,
                            const Writer& body);

enum class MessageType : std::uint8_t { Call = 1, Return = 2, Error = 3, Signal = 4 };

// What came in. A header field that the message does not have is "" or 0.
struct Received {
  MessageType type{};
  std::uint32_t serial = 0;
  std::uint32_t reply_serial = 0;
  std::string path;
  std::string interface;
  std::string member;
  std::string error_name;
  std::string sender;
  std::string signature;  // of the body
  std::string body;
};

// How many bytes the message at the begin of `bytes` takes; nothing while that can't be told yet.
// Corrupt: no message of this machine's byte order, or one of more than 1 MiB.
Result<std::optional<std::size_t>> message_size(std::string_view bytes);

// Exactly one message. Corrupt where it is none.
Result<Received> parse_message(std::string_view bytes);

// The values of a body, one after the other. Corrupt where there is none left, or the bytes are
// not of that form.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Result<std::uint32_t> number();        // "u"
  Result<std::string> string();          // "s" and "o"
  Result<std::string> signature();       // "g"
  Result<char> basic_type();             // "g" of a single letter; NUL for another
  Result<std::string> string_variant();  // "v" with a string

  Result<void> align(std::size_t boundary);
  Result<std::uint8_t> byte();
  bool at_end() const noexcept { return at_ == bytes_.size(); }

 private:
  Result<std::string> text(std::size_t length);

  std::string_view bytes_;
  std::size_t at_ = 0;
};

template <typename... Ts>
std::string write_call(const Target& target, std::uint32_t serial, const Ts&... arguments) {
  Writer body;
  (Form<Ts>::write(body, arguments), ...);
  return write_call_with(target, serial, (std::string() + ... + Form<Ts>::signature()), body);
}

}  // namespace ambit::dbus
