#include "dbus/marshal.h"

#include <cstring>

namespace ambit::dbus {

void Writer::string(std::string_view text) {
  fixed(static_cast<std::uint32_t>(text.size()));
  bytes_ += text;
  bytes_ += '\0';
}

void Writer::signature(std::string_view text) {
  bytes_ += static_cast<char>(text.size());
  bytes_ += text;
  bytes_ += '\0';
}

Writer::Array Writer::begin_array(std::size_t alignment) {
  fixed(std::uint32_t{0});
  const std::size_t length_at = bytes_.size() - sizeof(std::uint32_t);
  align(alignment);
  return {.length_at = length_at, .begin = bytes_.size()};
}

void Writer::end_array(Array array) {
  const auto length = static_cast<std::uint32_t>(bytes_.size() - array.begin);
  std::memcpy(&bytes_[array.length_at], &length, sizeof length);
}

// Nothing in a message is aligned to more than 8, which a struct begins at: its bytes are the same
// wherever it lies.
Properties& Properties::add(const Properties& other) {
  structs_.align(8);
  structs_.raw(other.structs_.bytes());
  return *this;
}

void Form<Properties>::write(Writer& writer, const Properties& value) {
  const Writer::Array array = writer.begin_array(8);
  writer.raw(value.structs_.bytes());
  writer.end_array(array);
}

}  // namespace ambit::dbus
