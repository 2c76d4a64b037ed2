#include "spec/monitor_message.h"

#include <cstring>

namespace ambit::spec {
namespace {

// Both ends are of one build but for an upgrade under running containers: the version tells.
constexpr std::uint32_t kVersion = 1;

struct Header {
  std::uint32_t version;
  MonitorMessageType type;
  std::int64_t a;
  std::int64_t b;
  std::int32_t code;
  std::int32_t sys_errno;
};

}  // namespace

std::string write_monitor_message(const MonitorMessage& message) {
  const Header header{.version = kVersion,
                      .type = message.type,
                      .a = message.a,
                      .b = message.b,
                      .code = static_cast<std::int32_t>(message.code),
                      .sys_errno = message.sys_errno};
  std::string packet(sizeof header, '\0');
  std::memcpy(packet.data(), &header, sizeof header);
  return packet + message.text;
}

Result<MonitorMessage> parse_monitor_message(std::string_view packet) {
  Header header;
  if (packet.size() < sizeof header) return Error(ErrorCode::Corrupt, "monitor message: too short");
  std::memcpy(&header, packet.data(), sizeof header);
  if (header.version != kVersion)
    return Error(ErrorCode::Corrupt, "monitor message: of another version");
  return MonitorMessage{.type = header.type,
                        .a = header.a,
                        .b = header.b,
                        .code = static_cast<ErrorCode>(header.code),
                        .sys_errno = header.sys_errno,
                        .text = std::string(packet.substr(sizeof header))};
}

}  // namespace ambit::spec
