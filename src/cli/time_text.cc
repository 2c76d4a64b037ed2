#include "cli/time_text.h"

#include <charconv>
#include <ctime>
#include <optional>

#include "base/strings.h"

namespace ambit::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// Exactly `digits` digits at the start of `text`, which are cut off.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".25" as µs; 0 where there is no fraction.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t usec = 0;
  std::int64_t unit = kSecond / 10;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    usec += (text[digits] - '0') * unit;
    unit /= 10;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return usec;
}

struct Zone {
  bool local = true;
  std::int64_t offset_seconds = 0;  // east of Greenwich
};

std::optional<Zone> take_zone(std::string_view& text) {
  if (text.empty()) return Zone{};
  if (take(text, 'Z') || take(text, 'z')) return Zone{.local = false};
  const int sign = text[0] == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  (void)take(text, ':');
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return Zone{.local = false, .offset_seconds = sign * (*hours * 3600 + *minutes * 60)};
}

// "-05-01 12:00:30.5+02:00", the part behind the year. Nothing: not of this form.
std::optional<std::int64_t> parse_date(std::string_view text) {
  std::tm tm{};
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  tm.tm_year = *year - 1900;
  tm.tm_mon = *month - 1;
  tm.tm_mday = *day;
  tm.tm_isdst = -1;
  std::int64_t fraction = 0;
  if (take(text, 'T') || take(text, 't') || take(text, ' ')) {
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    tm.tm_hour = *hour;
    tm.tm_min = *minute;
    if (take(text, ':')) {
      const auto second = take_digits(text, 2);
      if (!second || *second > 60) return std::nullopt;
      tm.tm_sec = *second;
      const auto part = take_fraction(text);
      if (!part) return std::nullopt;
      fraction = *part;
    }
  }
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  const std::int64_t seconds =
      zone->local ? std::mktime(&tm) : ::timegm(&tm) - zone->offset_seconds;
  return seconds * kSecond + fraction;
}

std::optional<std::int64_t> parse_unix_seconds(std::string_view text) {
  std::string_view rest = text;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
  if (error != std::errc() || seconds < 0 || seconds > 100'000'000'000) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  const auto fraction = take_fraction(rest);
  if (!fraction || !rest.empty()) return std::nullopt;
  return seconds * kSecond + *fraction;
}

std::string date_and_time(const std::tm& tm) {
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm)};
}

// "+02:00"
std::string zone_of(const std::tm& tm) {
  char text[16];
  std::string zone(text, std::strftime(text, sizeof text, "%z", &tm));
  if (zone.size() == 5) zone.insert(3, ":");
  return zone;
}

}  // namespace

Result<std::int64_t> parse_point_in_time(std::string_view text, std::int64_t now_usec) {
  const std::string_view trimmed = trim(text);
  if (const auto seconds = parse_unix_seconds(trimmed)) return *seconds;
  if (const auto date = parse_date(trimmed)) return *date;
  if (const auto duration = parse_duration(trimmed)) return now_usec - *duration;
  return Error(ErrorCode::InvalidArgument,
               "'" + std::string(text) +
                   "' is no time: write 2024-05-01T12:00:00Z, \"2024-05-01 12:00\", seconds since "
                   "1970, or how long ago (10m, 1h30m)");
}

std::string format_timestamp(std::int64_t usec) {
  const std::time_t seconds = usec / kSecond;
  std::tm tm{};
  (void)::localtime_r(&seconds, &tm);
  return date_and_time(tm) + strf(".%06lld000", static_cast<long long>(usec % kSecond)) +
         zone_of(tm);
}

std::int64_t now_usec() {
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec / 1000;
}

}  // namespace ambit::cli
