#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::spec {

// A further command in a container as a later ambitd finds it:
// RUNTIME/containers/ID/execs/EXECID/exec.json. Beside it are the helper's monitor.sock and, once
// the command has ended, its exit.json.
struct ExecRecord {
  std::string id;
  std::vector<std::string> command;
  pid_t pid = 0;  // 0 before it has been executed
  bool terminal = false;
  bool is_check = false;  // a health check, which a later ambitd does not go on with
};

// The descriptors that the command is to have are the first that its helper gets, kPreservedFd with
// a number each.
constexpr char kPreservedFd[] = "keep";

constexpr char kExecRecordName[] = "exec.json";

std::string write_exec_record(const ExecRecord& record);
// Corrupt names the member that is missing or of a wrong type.
Result<ExecRecord> parse_exec_record(std::string_view json);

}  // namespace ambit::spec
