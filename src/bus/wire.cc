#include "bus/wire.h"

#include <fcntl.h>

#include <cerrno>

#include "base/strings.h"
#include "bus/utf8.h"

namespace ambit::bus {
namespace detail {

Result<void> check_read(int r, const std::string& signature) {
  if (r > 0) return {};
  if (r == 0 || r == -EINVAL || r == -ENXIO || r == -EBADMSG)
    return Error(ErrorCode::InvalidArgument, strf("message has no '%s' here", signature.c_str()));
  return Error::from_errno(-r, strf("reading '%s' from a message", signature.c_str()));
}

Result<void> check_append(int r, const std::string& signature) {
  if (r >= 0) return {};
  return Error::from_errno(-r, strf("appending '%s' to a message", signature.c_str()));
}

Result<void> enter(sd_bus_message* message, char type, const std::string& contents) {
  return check_read(sd_bus_message_enter_container(message, type, contents.c_str()),
                    type == 'a' ? "a" + contents : contents);
}

Result<void> leave(sd_bus_message* message) {
  const int r = sd_bus_message_exit_container(message);
  if (r == -EBUSY)
    return Error(ErrorCode::InvalidArgument, "message has more elements than its type says");
  if (r < 0) return Error::from_errno(-r, "reading a message");
  return {};
}

Result<bool> at_end(sd_bus_message* message) {
  const int r = sd_bus_message_at_end(message, 0);
  if (r < 0) return Error::from_errno(-r, "reading a message");
  return r > 0;
}

Result<void> open(sd_bus_message* message, char type, const std::string& contents) {
  return check_append(sd_bus_message_open_container(message, type, contents.c_str()), contents);
}

Result<void> close(sd_bus_message* message) {
  return check_append(sd_bus_message_close_container(message), "container");
}

}  // namespace detail

Result<void> Wire<bool>::read(sd_bus_message* message, bool& value) {
  int number = 0;
  AMBIT_TRY(detail::check_read(sd_bus_message_read_basic(message, 'b', &number), "b"));
  value = number != 0;
  return {};
}

Result<void> Wire<bool>::append(sd_bus_message* message, bool value) {
  const int number = value ? 1 : 0;
  return detail::check_append(sd_bus_message_append_basic(message, 'b', &number), "b");
}

Result<void> Wire<std::string>::read(sd_bus_message* message, std::string& value) {
  const char* text = nullptr;
  AMBIT_TRY(detail::check_read(sd_bus_message_read_basic(message, 's', &text), "s"));
  value = text;
  return {};
}

Result<void> Wire<std::string>::append(sd_bus_message* message, const std::string& value) {
  const std::string text = valid_utf8(value);
  return detail::check_append(sd_bus_message_append_basic(message, 's', text.c_str()), "s");
}

Result<void> Wire<ObjectPath>::read(sd_bus_message* message, ObjectPath& value) {
  const char* text = nullptr;
  AMBIT_TRY(detail::check_read(sd_bus_message_read_basic(message, 'o', &text), "o"));
  value.value = text;
  return {};
}

Result<void> Wire<ObjectPath>::append(sd_bus_message* message, const ObjectPath& value) {
  return detail::check_append(sd_bus_message_append_basic(message, 'o', value.value.c_str()), "o");
}

Result<void> Wire<UniqueFd>::read(sd_bus_message* message, UniqueFd& value) {
  int borrowed = -1;
  AMBIT_TRY(detail::check_read(sd_bus_message_read_basic(message, 'h', &borrowed), "h"));
  UniqueFd copy(::fcntl(borrowed, F_DUPFD_CLOEXEC, 3));
  if (!copy) return Error::from_errno(errno, "duplicating a descriptor of a message");
  value = std::move(copy);
  return {};
}

Result<void> Wire<UniqueFd>::append(sd_bus_message* message, const UniqueFd& value) {
  const int fd = value.get();
  return detail::check_append(sd_bus_message_append_basic(message, 'h', &fd), "h");
}

}  // namespace ambit::bus
