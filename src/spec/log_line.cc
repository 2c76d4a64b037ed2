#include "spec/log_line.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace ambit::spec {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::size_t kTimeSize = 27;  // 2026-11-25T15:52:01.123456Z
constexpr std::string_view kTimeShape = "dddd-dd-ddTdd:dd:dd.ddddddZ";

// gmtime(3) would look for the host's time zones, and the monitor is not at the host's root.
std::array<char, 64> format_time(std::int64_t usec) {
  const std::chrono::sys_time<microseconds> time{microseconds(usec)};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<microseconds> clock(time - day);
  std::array<char, 64> text;
  (void)std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ ",
                      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()),
                      static_cast<int>(clock.subseconds().count()));
  return text;
}

bool has_shape_of_time(std::string_view text) {
  for (std::size_t i = 0; i < kTimeSize; ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kTimeShape[i] == 'd' ? !is_digit : text[i] != kTimeShape[i]) return false;
  }
  return true;
}

int number_at(std::string_view text, std::size_t begin, std::size_t size) {
  int value = 0;
  (void)std::from_chars(text.data() + begin, text.data() + begin + size, value);
  return value;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  if (text.size() < kTimeSize || !has_shape_of_time(text)) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(number_at(text, 0, 4)),
      std::chrono::month(static_cast<unsigned>(number_at(text, 5, 2))),
      std::chrono::day(static_cast<unsigned>(number_at(text, 8, 2)))};
  if (!date.ok()) return std::nullopt;
  const auto time = sys_days(date) + std::chrono::hours(number_at(text, 11, 2)) +
                    std::chrono::minutes(number_at(text, 14, 2)) + seconds(number_at(text, 17, 2)) +
                    microseconds(number_at(text, 20, 6));
  return time.time_since_epoch().count();
}

// The text up to the next blank, which goes with it.
std::optional<std::string_view> take_word(std::string_view& text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank == 0) return std::nullopt;
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(blank + 1);
  return word;
}

}  // namespace

void append_log_line(std::string& out, const LogLine& line) {
  out += format_time(line.realtime_usec).data();
  out += line.stream;
  out += line.part == LogPart::Line ? " F " : " P ";
  out += line.bytes;
  out += '\n';
}

std::optional<LogLine> parse_log_line(std::string_view text) {
  LogLine line;
  const auto time = parse_time(text);
  if (!time) return std::nullopt;
  line.realtime_usec = *time;
  text.remove_prefix(kTimeSize);
  if (text.empty() || text.front() != ' ') return std::nullopt;
  text.remove_prefix(1);
  const auto stream = take_word(text);
  const auto part = take_word(text);
  if (!stream || (part != "F" && part != "P")) return std::nullopt;
  line.stream = *stream;
  line.part = part == "F" ? LogPart::Line : LogPart::Part;
  line.bytes = text;
  return line;
}

std::optional<std::uint64_t> log_file_number(std::string_view name) {
  if (!name.ends_with(kLogFileSuffix)) return std::nullopt;
  name.remove_suffix(std::string_view(kLogFileSuffix).size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_whole = error == std::errc() && end == name.data() + name.size();
  // As it is written, so that no file has two names.
  if (!is_whole || number == 0 || number >= UINT64_MAX / 2 || name.front() == '0')
    return std::nullopt;
  return number;
}

std::string log_file_name(std::uint64_t number) {
  std::string name = std::to_string(number);
  name += kLogFileSuffix;
  return name;
}

}  // namespace ambit::spec
