#include "engine/programs.h"

#include <fcntl.h>

#include "os/file.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kMaxProgramBytes = std::size_t{256} << 20;

}  // namespace

Result<Programs> open_programs(const std::string& libexec_dir) {
  Programs programs;
  const std::string image =
      AMBIT_TRY(os::read_file_at(AT_FDCWD, libexec_dir + "/ambit-monitor", kMaxProgramBytes));
  programs.monitor = AMBIT_TRY(os::sealed_memfd("ambit-monitor", image));
  programs.worker = AMBIT_TRY(os::open_at(AT_FDCWD, libexec_dir + "/ambit-worker", O_PATH));
  return programs;
}

}  // namespace ambit::engine
