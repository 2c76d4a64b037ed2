#include <nlohmann/json.hpp>

#include "spec/exit_record.h"

namespace ambit::spec {

// Apart from the writer, so that the monitor links no JSON for it.
Result<ExitRecord> parse_exit_record(std::string_view json) try {
  const auto parsed = nlohmann::json::parse(json);
  return ExitRecord{.boot_id = parsed.at("bootId").get<std::string>(),
                    .started_usec = parsed.at("startedUsec").get<std::int64_t>(),
                    .exited_usec = parsed.at("exitedUsec").get<std::int64_t>(),
                    .exit_code = parsed.at("exitCode").get<int>(),
                    .reason = parsed.at("reason").get<std::string>(),
                    .oom_killed = parsed.at("oomKilled").get<bool>()};
} catch (const nlohmann::json::exception& e) {
  return Error(ErrorCode::Corrupt, std::string("exit record: ") + e.what());
}

}  // namespace ambit::spec
