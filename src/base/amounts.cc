#include "base/amounts.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "base/strings.h"

namespace ambit {
namespace {

constexpr double kLongest = 1e17;  // µs, 3000 years; sums of it fit into 64 bits
constexpr double kUsecInSec = 1e6;

struct Unit {
  std::string_view name;
  double usec;
};
constexpr Unit kUnits[] = {
    {"ns", 1e-3},     {"nsec", 1e-3},    {"us", 1},        {"µs", 1},          {"usec", 1},
    {"ms", 1e3},      {"msec", 1e3},     {"s", 1e6},       {"sec", 1e6},       {"second", 1e6},
    {"seconds", 1e6}, {"m", 60e6},       {"min", 60e6},    {"minute", 60e6},   {"minutes", 60e6},
    {"h", 3600e6},    {"hr", 3600e6},    {"hour", 3600e6}, {"hours", 3600e6},  {"d", 86400e6},
    {"day", 86400e6}, {"days", 86400e6}, {"w", 604800e6},  {"week", 604800e6}, {"weeks", 604800e6}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number at the start of `text`, which is cut off.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// The unit at the start of `text`, up to the next number, is cut off.
const Unit* take_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length]) && text[length] != ' ') ++length;
  for (const Unit& unit : kUnits) {
    if (unit.name != text.substr(0, length)) continue;
    text.remove_prefix(length);
    return &unit;
  }
  return nullptr;
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
}

Error not_a(const char* what, std::string_view text, const char* examples) {
  return Error(ErrorCode::InvalidArgument,
               strf("'%s' is no %s, such as %s", std::string(text).c_str(), what, examples));
}

// 1024 for "K", "KB" and "KiB", ...; nothing for what is no suffix.
std::optional<double> factor_of(std::string suffix, SizeUnit unit) {
  if (suffix.empty() || suffix == "b") return 1;
  double factor = static_cast<double>(unit);
  if (suffix.size() == 3 && suffix.substr(1) == "ib")
    factor = 1024;
  else if (suffix.size() > 2 || (suffix.size() == 2 && suffix[1] != 'b'))
    return std::nullopt;
  const std::size_t power = std::string_view("kmgtpe").find(suffix[0]);
  if (power == std::string_view::npos) return std::nullopt;
  return std::pow(factor, static_cast<double>(power + 1));
}

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) {
  const auto wrong = [text] { return not_a("duration", text, "10m, 1h30m or 1.5s"); };
  std::string_view rest = trim(text);
  double sum = 0;
  bool is_first = true;
  do {
    const auto number = take_number(rest);
    if (!number) return wrong();
    skip_spaces(rest);
    const bool is_bare = rest.empty() && is_first;
    const Unit* unit = is_bare ? nullptr : take_unit(rest);
    if (unit == nullptr && !is_bare) return wrong();
    sum += *number * (is_bare ? kUsecInSec : unit->usec);
    if (sum > kLongest) return wrong();
    is_first = false;
    skip_spaces(rest);
  } while (!rest.empty());
  return static_cast<std::int64_t>(std::llround(sum));
}

Result<std::uint64_t> parse_size(std::string_view text, SizeUnit unit) {
  const auto wrong = [text] { return not_a("size", text, "64m, 1.5G or 1048576"); };
  std::string_view rest = trim(text);
  // A plain number in full, beyond what a double holds.
  if (const auto plain = parse_uint(rest); plain && *plain != UINT64_MAX) return *plain;
  const auto number = take_number(rest);
  skip_spaces(rest);
  const auto factor = number ? factor_of(to_lower(rest), unit) : std::nullopt;
  if (!factor || *number * *factor >= 1.8e19) return wrong();
  return static_cast<std::uint64_t>(*number * *factor);
}

Result<std::uint64_t> parse_percent(std::string_view text) {
  constexpr double kMillionths = 1e4;  // in a percent
  constexpr double kHighest = 1e15;
  std::string_view rest = trim(text);
  const auto number = take_number(rest);
  const double millionths = number ? *number * kMillionths : 0;
  if (!number || rest != "%" || millionths > kHighest) return not_a("percentage", text, "50%");
  return static_cast<std::uint64_t>(std::llround(millionths));
}

}  // namespace ambit
