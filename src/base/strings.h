#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit {

// printf into a string. g++ 12 has no <format>.
[[gnu::format(printf, 1, 2)]] std::string strf(const char* format, ...);

// The parts between `separator`, empty ones included: "a::b" is {"a", "", "b"}; "" is {""}.
std::vector<std::string> split(std::string_view text, char separator);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

std::string_view trim(std::string_view text);

std::string to_lower(std::string_view text);

// The whole of `text` as a decimal number. InvalidArgument names the text.
Result<std::int64_t> parse_int(std::string_view text);
Result<std::uint64_t> parse_uint(std::string_view text);

// Lower-case hex of `bytes`.
std::string hex(std::string_view bytes);

// 64 hex digits from the kernel's random source (getrandom(2)); a container's ID.
std::string random_id();

// The first 12 digits of an ID, as people see it.
std::string short_id(std::string_view id);

// True for `[a-zA-Z0-9][a-zA-Z0-9_.-]*` of at most 200 characters: the name of a container.
bool is_valid_name(std::string_view name);

}  // namespace ambit
