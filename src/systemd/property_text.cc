#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/amounts.h"
#include "base/strings.h"
#include "spec/limit_lines.h"
#include "systemd/property_table.h"
#include "systemd/unit_property.h"

// Values as unit files have them (systemd.syntax(7)), and back.
namespace ambit::systemd {
namespace {

using Kind = PropertyKind;

constexpr std::string_view kInfinity = "infinity";
constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::uint64_t kMaxWeight = 10'000;

Error wrong(const char* what) { return Error(ErrorCode::InvalidArgument, what); }

bool is_unlimited(std::string_view text) { return text.empty() || text == kInfinity; }

bool is_percent(std::string_view text) { return !text.empty() && text.back() == '%'; }

Result<bool> parse_boolean(std::string_view text) {
  for (const char* yes : {"1", "yes", "y", "true", "t", "on"})
    if (to_lower(text) == yes) return true;
  for (const char* no : {"0", "no", "n", "false", "f", "off"})
    if (to_lower(text) == no) return false;
  return wrong("is neither yes nor no");
}

// Millionths become parts of UINT32_MAX, which is all of it.
Result<std::uint32_t> parse_share(std::string_view text) {
  const std::uint64_t millionths = AMBIT_TRY(parse_percent(text));
  if (millionths > kMillion) return wrong("is more than 100%");
  return static_cast<std::uint32_t>((millionths * UINT32_MAX + kMillion / 2) / kMillion);
}

Result<std::uint64_t> parse_weight(std::string_view text) {
  if (text.empty()) return UINT64_MAX;
  const std::uint64_t weight = AMBIT_TRY(parse_uint(text));
  if (weight < 1 || weight > kMaxWeight) return wrong("is not of 1 to 10000");
  return weight;
}

Result<std::uint64_t> parse_usec(std::string_view text) {
  if (is_unlimited(text)) return UINT64_MAX;
  return static_cast<std::uint64_t>(AMBIT_TRY(parse_duration(text)));
}

Result<std::uint64_t> parse_quota(std::string_view text) {
  if (is_unlimited(text)) return UINT64_MAX;
  const std::uint64_t quota = AMBIT_TRY(parse_percent(text));
  if (quota == 0) return wrong("leaves no time at all");
  return quota;
}

Result<std::uint64_t> parse_device_number(std::string_view text, Kind kind) {
  if (kind == Kind::DeviceWeights) return parse_weight(text);
  if (is_unlimited(text)) return UINT64_MAX;
  if (kind == Kind::DeviceRates) return parse_size(text, SizeUnit::Decimal);
  return parse_usec(text);
}

// "/dev/sda 10M"; nothing takes all devices away.
Result<DeviceNumbers> parse_device(std::string_view text, Kind kind) {
  if (text.empty()) return DeviceNumbers{};
  const std::size_t space = text.find_last_of(" \t");
  const std::string_view path = trim(text.substr(0, space));
  if (space == std::string_view::npos || path.empty() || path[0] != '/')
    return wrong("is no device and number, such as \"/dev/sda 10M\"");
  const std::uint64_t number = AMBIT_TRY(parse_device_number(trim(text.substr(space + 1)), kind));
  return DeviceNumbers{{std::string(path), number}};
}

Result<std::vector<std::uint8_t>> parse_numbers(std::string_view text) {
  std::string list;
  for (const char c : text) {
    const bool separates = c == ' ' || c == '\t' || c == ',';
    if (!separates) list += c;
    if (separates && !list.empty() && list.back() != ',') list += ',';
  }
  while (!list.empty() && list.back() == ',') list.pop_back();
  return spec::cpu_mask(list);
}

std::vector<std::string> parse_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string& part : split(text, ' '))
    for (std::string& word : split(part, '\t'))
      if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end())
        words.push_back(std::move(word));
  return words;
}

Result<PropertyValue> parse_value(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::Boolean:
      return PropertyValue(AMBIT_TRY(parse_boolean(text)));
    case Kind::Bytes:
      return PropertyValue(is_unlimited(text) ? UINT64_MAX : AMBIT_TRY(parse_size(text)));
    case Kind::Tasks:
      return PropertyValue(is_unlimited(text) ? UINT64_MAX : AMBIT_TRY(parse_uint(text)));
    case Kind::CpuWeight:
      return PropertyValue(text == "idle" ? std::uint64_t{0} : AMBIT_TRY(parse_weight(text)));
    case Kind::Weight:
      return PropertyValue(AMBIT_TRY(parse_weight(text)));
    case Kind::Quota:
      return PropertyValue(AMBIT_TRY(parse_quota(text)));
    case Kind::Duration:
      return PropertyValue(AMBIT_TRY(parse_usec(text)));
    case Kind::Share:
      return PropertyValue(AMBIT_TRY(parse_share(text)));
    case Kind::Numbers:
      return PropertyValue(AMBIT_TRY(parse_numbers(text)));
    case Kind::DeviceRates:
    case Kind::DeviceWeights:
    case Kind::DeviceLatencies:
      return PropertyValue(AMBIT_TRY(parse_device(text, kind)));
    case Kind::Text:
      return PropertyValue(std::string(text));
    case Kind::Words:
      return PropertyValue(parse_words(text));
  }
  return wrong("is of no kind");
}

std::string percent_text(std::uint64_t millionths) {
  std::string text = std::to_string(millionths / 10'000);
  if (const std::uint64_t rest = millionths % 10'000; rest != 0) {
    text += strf(".%04llu", static_cast<unsigned long long>(rest));
    while (text.back() == '0') text.pop_back();
  }
  return text + "%";
}

std::string share_text(std::uint32_t share) {
  return percent_text((std::uint64_t{share} * kMillion + UINT32_MAX / 2) / UINT32_MAX);
}

std::string number_text(Kind kind, std::uint64_t number) {
  if (kind == Kind::CpuWeight && number == 0) return "idle";
  if (number == UINT64_MAX)
    return kind == Kind::CpuWeight || kind == Kind::Weight || kind == Kind::DeviceWeights
               ? ""
               : std::string(kInfinity);
  if (kind == Kind::Quota) return percent_text(number);
  std::string text = std::to_string(number);
  if (kind == Kind::Duration || kind == Kind::DeviceLatencies) text += "us";
  return text;
}

std::string numbers_text(const std::vector<std::uint8_t>& mask) {
  std::string text;
  const std::size_t bits = mask.size() * 8;
  const auto has = [&](std::size_t i) { return i < bits && (mask[i / 8] >> (i % 8) & 1) != 0; };
  for (std::size_t first = 0; first < bits; ++first) {
    if (!has(first)) continue;
    std::size_t last = first;
    while (has(last + 1)) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (last > first) text += "-" + std::to_string(last);
    first = last;
  }
  return text;
}

// One text a line of the unit file; none for an empty list.
std::vector<std::string> value_texts(const PropertyRow& row, const PropertyValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return {*flag ? "yes" : "no"};
  if (const auto* share = std::get_if<std::uint32_t>(&value)) return {share_text(*share)};
  if (const auto* number = std::get_if<std::uint64_t>(&value))
    return {number_text(row.kind, *number)};
  if (const auto* text = std::get_if<std::string>(&value)) return {*text};
  if (const auto* words = std::get_if<std::vector<std::string>>(&value)) return *words;
  if (const auto* mask = std::get_if<std::vector<std::uint8_t>>(&value))
    return {numbers_text(*mask)};
  std::vector<std::string> texts;
  if (const auto* devices = std::get_if<DeviceNumbers>(&value))
    for (const auto& [path, number] : *devices)
      texts.push_back(path + " " + number_text(row.kind, number));
  return texts;
}

}  // namespace

Result<UnitProperty> parse_property(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return Error(ErrorCode::InvalidArgument,
                 "'" + std::string(assignment) + "' is no NAME=VALUE, such as MemoryMax=64M");
  const std::string_view name = trim(assignment.substr(0, equals));
  const std::string_view text = trim(assignment.substr(equals + 1));
  if (text.find_first_of("\n\r") != std::string_view::npos ||
      text.find('\0') != std::string_view::npos)
    return Error(ErrorCode::InvalidArgument, std::string(name) + ": a control character");
  const PropertyRow& row = *AMBIT_TRY(find_row(name));
  const auto context = [&] { return std::string(name) + "=" + std::string(text); };
  const bool can_scale = row.kind == Kind::Bytes || row.kind == Kind::Tasks;
  if (can_scale && is_percent(text)) {
    const auto share = AMBIT_TRY(parse_share(text).context(context()));
    return UnitProperty{std::string(row.name) + "Scale", share};
  }
  PropertyValue value = AMBIT_TRY(parse_value(row.kind, text).context(context()));
  return UnitProperty{row.name, std::move(value)};
}

Result<UnitProperties> parse_properties(const std::vector<std::string>& assignments) {
  UnitProperties properties;
  for (const std::string& assignment : assignments)
    merge_properties(properties, {AMBIT_TRY(parse_property(assignment))});
  return properties;
}

std::vector<std::string> property_lines(const UnitProperties& properties) {
  std::vector<std::string> lines;
  for (const UnitProperty& property : properties) {
    const PropertyRow* row = find_scale_row(property.name);
    if (row == nullptr) row = look_up(property.name);
    if (row == nullptr) continue;  // nobody makes a property without a row
    for (const std::string& text : value_texts(*row, property.value))
      lines.push_back(std::string(written_name(*row)) + "=" + text);
  }
  return lines;
}

}  // namespace ambit::systemd
