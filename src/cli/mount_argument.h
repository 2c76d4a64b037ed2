#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::cli {

// One mount as CreateContainer takes it.
struct MountArgument {
  std::string type;  // "bind" or "tmpfs"
  std::string source;
  std::string destination;
  std::vector<std::string> options;  // of mount(8)

  bool operator==(const MountArgument&) const = default;
};

// `-v SOURCE:DESTINATION[:OPTIONS]`. A source that begins with "." or "~/" is made absolute; one
// without a slash would be a named volume, which ambit has none of: Unsupported.
Result<MountArgument> parse_volume(std::string_view text);

// `--mount type=bind,source=…,destination=…[,ro][,bind-propagation=rslave]` or
// `type=tmpfs,destination=…[,tmpfs-size=…][,tmpfs-mode=…]`.
Result<MountArgument> parse_mount(std::string_view text);

// `--tmpfs DESTINATION[:OPTIONS]`.
Result<MountArgument> parse_tmpfs(std::string_view text);

}  // namespace ambit::cli
