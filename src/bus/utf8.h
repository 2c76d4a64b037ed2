#pragma once

#include <string>
#include <string_view>

namespace ambit::bus {

// `text` up to its first NUL, with U+FFFD in place of each byte that is not UTF-8: what D-Bus takes
// as a string. File names and command lines may hold any byte, and a message that sd-bus refuses
// would leave the caller without an answer.
std::string valid_utf8(std::string_view text);

}  // namespace ambit::bus
