#include "spec/log_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/amounts.h"
#include "base/strings.h"
#include "spec/json_reader.h"

namespace ambit::spec {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLeastSize = 4096;
constexpr std::uint64_t kMostFiles = 100;
constexpr std::size_t kMaxTag = 255;

Error wrong(const std::string& name, const std::string& value, const char* why) {
  return Error(ErrorCode::InvalidArgument,
               "log option " + name + "=" + value + ": " + std::string(why));
}

Result<void> set_max_size(LogOptions& options, const std::string& value) {
  const auto size = parse_size(value);
  if (!size || *size < kLeastSize)
    return wrong("max-size", value, "it is a size such as 512k or 10m, of 4k at least");
  options.max_size_bytes = *size;
  return {};
}

Result<void> set_max_file(LogOptions& options, const std::string& value) {
  const auto count = parse_uint(value);
  if (!count || *count < 1 || *count > kMostFiles)
    return wrong("max-file", value, "it is a number from 1 to 100");
  options.max_files = static_cast<std::uint32_t>(*count);
  return {};
}

Result<void> set_tag(LogOptions& options, const std::string& value) {
  const bool has_control = std::any_of(value.begin(), value.end(),
                                       [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (value.empty() || value.size() > kMaxTag || has_control)
    return wrong("tag", value, "it is a text of 1 to 255 bytes without control characters");
  if (value.find("{{") != std::string::npos) return wrong("tag", value, "templates are not known");
  options.tag = value;
  return {};
}

struct Row {
  const char* name;
  const char* driver;
  Result<void> (*set)(LogOptions&, const std::string&);
};

constexpr Row kRows[] = {
    {"max-size", kLogFile, set_max_size},
    {"max-file", kLogFile, set_max_file},
    {"tag", kLogJournald, set_tag},
};

Error unknown(const std::string& name, const std::string& driver) {
  std::vector<std::string> known;
  for (const Row& row : kRows)
    if (driver == row.driver) known.emplace_back(row.name);
  if (name == "path")
    return Error(ErrorCode::InvalidArgument,
                 "log option path: the file is in the container's own folder, where nothing else "
                 "can write; 'ambit inspect' shows it as logPath");
  return Error(ErrorCode::InvalidArgument, "'" + name + "' is no log option of the driver " +
                                               driver + "; it has " +
                                               (known.empty() ? "none" : join(known, ", ")));
}

}  // namespace

Result<void> check_log_driver(const std::string& driver) {
  if (driver == kLogJournald || driver == kLogFile || driver == kLogNone) return {};
  return Error(ErrorCode::InvalidArgument,
               "unknown log driver '" + driver + "'; there are journald, file and none");
}

Result<LogOptions> parse_log_options(const std::map<std::string, std::string>& texts,
                                     const std::string& driver) {
  LogOptions options;
  for (const auto& [name, value] : texts) {
    const auto row =
        std::find_if(std::begin(kRows), std::end(kRows),
                     [&wanted = name](const Row& candidate) { return wanted == candidate.name; });
    if (row == std::end(kRows) || driver != row->driver) return unknown(name, driver);
    AMBIT_TRY(row->set(options, value));
  }
  return options;
}

std::map<std::string, std::string> log_option_texts(const LogOptions& options) {
  const LogOptions usual;
  std::map<std::string, std::string> texts;
  if (options.max_size_bytes != usual.max_size_bytes)
    texts["max-size"] = std::to_string(options.max_size_bytes);
  if (options.max_files != usual.max_files) texts["max-file"] = std::to_string(options.max_files);
  if (!options.tag.empty()) texts["tag"] = options.tag;
  return texts;
}

Json to_json(const LogOptions& options) {
  const LogOptions usual;
  Json json;
  if (options.max_size_bytes != usual.max_size_bytes) json["maxSizeBytes"] = options.max_size_bytes;
  if (options.max_files != usual.max_files) json["maxFiles"] = options.max_files;
  if (!options.tag.empty()) json["tag"] = options.tag;
  if (!options.fallback_reason.empty()) json["fallbackReason"] = options.fallback_reason;
  return json;
}

LogOptions log_options_from(JsonReader& read, const Json& json) {
  LogOptions options;
  if (json.is_null()) return options;
  options.max_size_bytes =
      read.optional_number<std::uint64_t>(json, "maxSizeBytes").value_or(options.max_size_bytes);
  options.max_files =
      read.optional_number<std::uint32_t>(json, "maxFiles").value_or(options.max_files);
  options.tag = read.string(json, "tag");
  options.fallback_reason = read.string(json, "fallbackReason");
  return options;
}

}  // namespace ambit::spec
