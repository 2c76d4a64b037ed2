#include "bus/utf8.h"

#include <cstdint>

namespace ambit::bus {
namespace {

constexpr char kReplacement[] = "\xef\xbf\xbd";

struct Shape {
  std::size_t length;   // 0: no first byte of a sequence
  std::uint32_t bits;   // the first byte's share of the code point
  std::uint32_t least;  // smaller ones are overlong
};

Shape shape_of(unsigned char first) {
  if (first < 0x80) return {1, first, 0};
  if ((first & 0xe0) == 0xc0) return {2, first & 0x1fU, 0x80};
  if ((first & 0xf0) == 0xe0) return {3, first & 0x0fU, 0x800};
  if ((first & 0xf8) == 0xf0) return {4, first & 0x07U, 0x10000};
  return {0, 0, 0};
}

// Bytes of the valid sequence that `text` begins with; 0 where there is none.
std::size_t sequence_length(std::string_view text) {
  const Shape shape = shape_of(static_cast<unsigned char>(text[0]));
  if (shape.length == 0 || shape.length > text.size()) return 0;
  std::uint32_t point = shape.bits;
  for (std::size_t i = 1; i < shape.length; i++) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < shape.least || surrogate || point > 0x10ffff ? 0 : shape.length;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0)
      result += kReplacement;
    else
      result += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace ambit::bus
