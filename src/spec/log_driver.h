#pragma once

namespace ambit::spec {

// Where a container's output is kept, by name.
constexpr char kLogJournald[] = "journald";
constexpr char kLogFile[] = "file";  // spec/log_line.h, in the folder kLogFolder
constexpr char kLogNone[] = "none";

// Below the container's folder, containers/ID/.
constexpr char kLogFolder[] = "log";

}  // namespace ambit::spec
