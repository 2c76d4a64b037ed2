#include "monitor/footprint.h"

#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace ambit::monitor {
namespace {

constexpr std::uintptr_t kPageBytes = 4096;

// Segments that nobody wrote to: dropping them loses nothing.
int drop_unwritten_segments(dl_phdr_info* info, std::size_t /*size*/, void* /*data*/) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (info->dlpi_addr + segment.p_vaddr) & ~(kPageBytes - 1);
    const std::uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void shrink_footprint() {
  (void)::malloc_trim(0);
  (void)::dl_iterate_phdr(drop_unwritten_segments, nullptr);
}

}  // namespace ambit::monitor
