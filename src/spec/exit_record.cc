#include "spec/exit_record.h"

#include <algorithm>

#include "base/strings.h"

namespace ambit::spec {
namespace {

bool is_plain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string list(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts)
    if (is_plain(text)) list += (list.empty() ? "" : ",") + quoted(text);
  return list;
}

}  // namespace

std::string write_exit_record(const ExitRecord& record) {
  std::string text = strf(
      "{\"bootId\":\"%s\",\"startedUsec\":%lld,\"exitedUsec\":%lld,\"exitCode\":%d,"
      "\"reason\":\"%s\",\"oomKilled\":%s,\"stopRequested\":%s",
      record.boot_id.c_str(), static_cast<long long>(record.started_usec),
      static_cast<long long>(record.exited_usec), record.exit_code, record.reason.c_str(),
      record.oom_killed ? "true" : "false", record.stop_requested ? "true" : "false");
  if (const std::string set = list(record.set_properties); !set.empty())
    text += ",\"setProperties\":[" + set + "]";
  return text + "}\n";
}

}  // namespace ambit::spec
