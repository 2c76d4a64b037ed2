#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/client.h"
#include "cli/output_reader.h"

namespace ambit::cli {

// Where a container's output is to be read.
struct LogSource {
  std::unique_ptr<OutputReader> reader;
  enum class Kind { Journal, File };
  Kind kind = Kind::Journal;
  // What people should know before they look elsewhere; "" for nothing.
  std::string note;
};

// `path`: the container's object; "" where it was removed, and the journal may still have what it
// wrote. NotFound, with the name, where its output is kept nowhere.
Result<LogSource> open_log(Client& client, const std::string& id, const std::string& path,
                           const std::string& name);

}  // namespace ambit::cli
