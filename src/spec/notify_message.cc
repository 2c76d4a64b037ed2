#include "spec/notify_message.h"

#include <algorithm>

#include "base/strings.h"

namespace ambit::spec {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  const auto value = parse_uint(text);
  return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
}

// It goes to terminals and into other programs' lines. Cut between characters.
std::string clean(std::string_view text) {
  std::size_t length = std::min(text.size(), kMaxStatusBytes);
  while (length < text.size() && length > 0 && (text[length] & 0xc0) == 0x80) --length;
  std::string status(text.substr(0, length));
  for (char& c : status)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return status;
}

void set(NotifyMessage& message, std::string_view key, std::string_view value) {
  if (key == "READY") message.ready |= value == "1";
  if (key == "RELOADING") message.reloading |= value == "1";
  if (key == "STOPPING") message.stopping |= value == "1";
  if (key == "STATUS") message.status = clean(value);
  if (key == "WATCHDOG") message.alive |= value == "1";
  if (key == "WATCHDOG") message.failed |= value == "trigger";
  if (key == "EXTEND_TIMEOUT_USEC") message.extend_timeout_usec = number(value);
  if (key == "WATCHDOG_USEC") message.watchdog_usec = number(value);
}

void add_number(std::string& text, const char* key, const std::optional<std::uint64_t>& value) {
  if (value) text += strf("%s=%llu\n", key, static_cast<unsigned long long>(*value));
}

}  // namespace

bool NotifyMessage::empty() const {
  return !ready && !reloading && !stopping && !alive && !failed && !status &&
         !extend_timeout_usec && !watchdog_usec;
}

void NotifyMessage::add(const NotifyMessage& later) {
  ready = later.ready || (ready && !later.reloading);
  reloading = later.reloading || (reloading && !later.ready);
  stopping |= later.stopping;
  alive |= later.alive;
  failed |= later.failed;
  if (later.status) status = later.status;
  if (later.extend_timeout_usec) extend_timeout_usec = later.extend_timeout_usec;
  if (later.watchdog_usec) watchdog_usec = later.watchdog_usec;
}

NotifyMessage parse_notify_message(std::string_view text) {
  NotifyMessage message;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    set(message, std::string_view(line).substr(0, equals),
        std::string_view(line).substr(equals + 1));
  }
  return message;
}

std::string write_notify_message(const NotifyMessage& message) {
  std::string text;
  if (message.reloading) text += "RELOADING=1\n";
  if (message.ready) text += "READY=1\n";
  if (message.stopping) text += "STOPPING=1\n";
  if (message.status) text += "STATUS=" + *message.status + "\n";
  if (message.alive) text += "WATCHDOG=1\n";
  if (message.failed) text += "WATCHDOG=trigger\n";
  add_number(text, "EXTEND_TIMEOUT_USEC", message.extend_timeout_usec);
  add_number(text, "WATCHDOG_USEC", message.watchdog_usec);
  return text;
}

}  // namespace ambit::spec
