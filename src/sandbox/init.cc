#include "sandbox/init.h"

#include <string_view>

#include "os/file.h"
#include "sandbox/init_program_path.h"  // made by the build: AMBIT_INIT_PROGRAM

// The program's bytes, as the linker finds them.
__asm__(
    ".pushsection .rodata\n"
    ".balign 16\n"
    ".hidden ambit_init_program\n"
    ".globl ambit_init_program\n"
    "ambit_init_program:\n"
    ".incbin \"" AMBIT_INIT_PROGRAM
    "\"\n"
    ".hidden ambit_init_program_end\n"
    ".globl ambit_init_program_end\n"
    "ambit_init_program_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
[[gnu::visibility("hidden")]] extern const char ambit_init_program[];
[[gnu::visibility("hidden")]] extern const char ambit_init_program_end[];
}

namespace ambit::sandbox {

Result<UniqueFd> open_init_program() {
  const std::string_view bytes(
      ambit_init_program, static_cast<std::size_t>(ambit_init_program_end - ambit_init_program));
  return os::sealed_memfd("ambit-init", bytes);
}

}  // namespace ambit::sandbox
