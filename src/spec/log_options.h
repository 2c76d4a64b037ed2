#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "spec/log_driver.h"

namespace ambit::spec {

class JsonReader;

// How it is kept there: --log-opt, and LogOptions on D-Bus.
struct LogOptions {
  std::uint64_t max_size_bytes = std::uint64_t{10} << 20;  // of one file
  std::uint32_t max_files = 3;                             // the one being written among them
  std::string tag;  // SYSLOG_IDENTIFIER of the journal's records; "": the container's name
  // Why it is the file though nobody asked for it: the journal can't be read.
  std::string fallback_reason;

  bool operator==(const LogOptions&) const = default;
};

// docker's texts by docker's names: "max-size" ("10m"; 4k at least), "max-file" (1 to 100), "tag".
// InvalidArgument names the option: one that is not known, or not of this driver, or a value that
// is none.
Result<LogOptions> parse_log_options(const std::map<std::string, std::string>& texts,
                                     const std::string& driver);

// InvalidArgument, with those that there are.
Result<void> check_log_driver(const std::string& driver);

// The same back, without what is as it is by itself.
std::map<std::string, std::string> log_option_texts(const LogOptions& options);

// The member "log" of a container's record; null where everything is as it is by itself.
nlohmann::json to_json(const LogOptions& options);
LogOptions log_options_from(JsonReader& read, const nlohmann::json& json);

}  // namespace ambit::spec
