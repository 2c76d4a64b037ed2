#include "spec/exit_record.h"

#include "base/strings.h"

namespace ambit::spec {

std::string write_exit_record(const ExitRecord& record) {
  return strf(
      "{\"bootId\":\"%s\",\"startedUsec\":%lld,\"exitedUsec\":%lld,\"exitCode\":%d,"
      "\"reason\":\"%s\",\"oomKilled\":%s,\"stopRequested\":%s}\n",
      record.boot_id.c_str(), static_cast<long long>(record.started_usec),
      static_cast<long long>(record.exited_usec), record.exit_code, record.reason.c_str(),
      record.oom_killed ? "true" : "false", record.stop_requested ? "true" : "false");
}

}  // namespace ambit::spec
