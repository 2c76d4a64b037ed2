#include "engine/programs.h"

#include <fcntl.h>

#include "os/file.h"

namespace ambit::engine {
Result<Programs> open_programs(const std::string& libexec_dir) {
  Programs programs;
  const UniqueFd monitor =
      AMBIT_TRY(os::open_at(AT_FDCWD, libexec_dir + "/ambit-monitor", O_RDONLY));
  programs.monitor = AMBIT_TRY(os::sealed_copy("ambit-monitor", monitor.get()));
  programs.worker = AMBIT_TRY(os::open_at(AT_FDCWD, libexec_dir + "/ambit-worker", O_PATH));
  programs.fetch = AMBIT_TRY(os::open_at(AT_FDCWD, libexec_dir + "/ambit-fetch", O_PATH));
  return programs;
}

}  // namespace ambit::engine
