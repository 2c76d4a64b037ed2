#include "cli/human.h"

#include "base/strings.h"

namespace ambit::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string count(std::int64_t number, const char* unit) {
  return strf("%lld %s", static_cast<long long>(number), unit);
}

}  // namespace

std::string human_size(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1000 && unit + 1 < std::size(kUnits)) {
    size /= 1000;
    ++unit;
  }
  // 999.95 and up would be shown as "1e+03".
  if (size >= 999.95 && unit + 1 < std::size(kUnits)) {
    size /= 1000;
    ++unit;
  }
  return strf("%.4g%s", size, kUnits[unit]);
}

std::string human_duration(std::int64_t usec) {
  const std::int64_t seconds = usec / kSecond;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return count(seconds, "seconds");
  const std::int64_t minutes = seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return count(minutes, "minutes");
  const std::int64_t hours = (seconds + 1800) / 3600;
  if (hours == 1) return "About an hour";
  if (hours < 48) return count(hours, "hours");
  const std::int64_t days = hours / 24;
  if (days < 14) return count(days, "days");
  if (days < 60) return count(days / 7, "weeks");
  if (days < 730) return count(days / 30, "months");
  return count(days / 365, "years");
}

std::string human_ago(std::int64_t then_usec, std::int64_t now_usec) {
  if (then_usec == 0) return "";
  return human_duration(now_usec > then_usec ? now_usec - then_usec : 0) + " ago";
}

std::string short_reference(std::string_view reference) {
  constexpr std::string_view kHub = "docker.io/";
  constexpr std::string_view kLibrary = "library/";
  if (!reference.starts_with(kHub)) return std::string(reference);
  std::string_view rest = reference.substr(kHub.size());
  if (rest.starts_with(kLibrary)) rest.remove_prefix(kLibrary.size());
  return std::string(rest);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text)
    if (!continues_character(c)) ++width;
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (width == 0 || display_width(text) <= width) return std::string(text);
  std::size_t end = 0;
  std::size_t seen = 0;
  while (end < text.size()) {
    if (!continues_character(text[end]) && ++seen == width) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string printable(std::string_view text) {
  std::string shown(text);
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return shown;
}

}  // namespace ambit::cli
