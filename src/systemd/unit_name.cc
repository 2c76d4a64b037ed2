#include "systemd/unit_name.h"

#include "base/strings.h"

namespace ambit::systemd {
namespace {

constexpr std::string_view kPrefix = "ambit-";
constexpr std::string_view kSuffix = ".scope";
constexpr char kUnitsPath[] = "/org/freedesktop/systemd1/unit/";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_plain(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string escape_unit_name(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (is_plain(c))
      escaped += c;
    else
      escaped += strf("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return escaped;
}

std::string bus_path_part(std::string_view name) {
  std::string part;
  for (std::size_t i = 0; i < name.size(); i++) {
    const char c = name[i];
    if (is_letter(c) || (i > 0 && is_digit(c)))
      part += c;
    else
      part += strf("_%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return part;
}

std::string unit_path(std::string_view unit) { return kUnitsPath + bus_path_part(unit); }

std::string scope_unit(std::string_view name) {
  return std::string(kPrefix) + escape_unit_name(name) + std::string(kSuffix);
}

std::string pod_slice(std::string_view pod) {
  std::string slice(kPrefix);
  for (const char c : escape_unit_name(pod))
    slice += c == '-' ? std::string("\\x2d") : std::string(1, c);
  return slice + ".slice";
}

std::string pod_scope(std::string_view pod) {
  return std::string(kPrefix) + "pod:" + escape_unit_name(pod) + std::string(kSuffix);
}

std::string slice_path(std::string_view slice) {
  constexpr std::string_view kSliceSuffix = ".slice";
  std::string path;
  for (std::size_t i = 0; i < slice.size(); i++)
    if (slice[i] == '-') path += std::string(slice.substr(0, i)) + std::string(kSliceSuffix) + "/";
  return path + std::string(slice);
}

std::optional<std::string> name_of_scope(std::string_view unit) {
  if (unit.size() <= kPrefix.size() + kSuffix.size()) return std::nullopt;
  if (unit.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  if (unit.substr(unit.size() - kSuffix.size()) != kSuffix) return std::nullopt;
  unit = unit.substr(kPrefix.size(), unit.size() - kPrefix.size() - kSuffix.size());

  std::string name;
  for (std::size_t i = 0; i < unit.size(); i++) {
    if (unit[i] != '\\') {
      name += unit[i];
      continue;
    }
    if (i + 3 >= unit.size() || unit[i + 1] != 'x') return std::nullopt;
    const int high = hex_digit(unit[i + 2]);
    const int low = hex_digit(unit[i + 3]);
    if (high < 0 || low < 0) return std::nullopt;
    name += static_cast<char>(high * 16 + low);
    i += 3;
  }
  return name;
}

}  // namespace ambit::systemd
