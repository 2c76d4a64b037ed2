#include "os/cgroup_stats.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::os {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::uint64_t kNsecInUsec = 1000;

// The file's content, "" where its controller is off. ENODEV: the cgroup ended meanwhile.
Result<std::string> read(int cgroup_fd, const std::string& file) {
  auto text = read_file_at(cgroup_fd, file, kMaxFileBytes);
  if (!text && text.error().sys_errno() == ENOENT) return std::string();
  // Drivers may refuse to tell (io.stat without any device).
  if (!text && text.error().sys_errno() == EOPNOTSUPP) return std::string();
  return text;
}

std::uint64_t to_number(std::string_view text) {
  text = trim(text);
  if (text == "max") return UINT64_MAX;
  const auto value = parse_uint(text);
  return value ? *value : 0;
}

Result<std::uint64_t> read_number(int cgroup_fd, const std::string& file) {
  return to_number(AMBIT_TRY(read(cgroup_fd, file)));
}

using Values = std::map<std::string, std::uint64_t>;

// "name value" lines.
Result<Values> read_values(int cgroup_fd, const std::string& file) {
  const std::string text = AMBIT_TRY(read(cgroup_fd, file));
  Values values;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    values[line.substr(0, space)] = to_number(std::string_view(line).substr(space + 1));
  }
  return values;
}

std::uint64_t value_of(const Values& values, const char* name) {
  const auto found = values.find(name);
  return found == values.end() ? 0 : found->second;
}

Result<void> read_cpu(int cgroup_fd, CgroupStats& stats) {
  const Values cpu = AMBIT_TRY(read_values(cgroup_fd, "cpu.stat"));
  stats.cpu_total_nsec = value_of(cpu, "usage_usec") * kNsecInUsec;
  stats.cpu_user_nsec = value_of(cpu, "user_usec") * kNsecInUsec;
  stats.cpu_kernel_nsec = value_of(cpu, "system_usec") * kNsecInUsec;
  stats.cpu_periods = value_of(cpu, "nr_periods");
  stats.cpu_throttled_periods = value_of(cpu, "nr_throttled");
  stats.cpu_throttled_nsec = value_of(cpu, "throttled_usec") * kNsecInUsec;
  return {};
}

Result<void> read_memory(int cgroup_fd, CgroupStats& stats) {
  stats.memory_stat = AMBIT_TRY(read_values(cgroup_fd, "memory.stat"));
  stats.page_cache_bytes = value_of(stats.memory_stat, "file");
  stats.kernel_bytes = value_of(stats.memory_stat, "kernel");  // Linux 5.18
  stats.memory_bytes = AMBIT_TRY(read_number(cgroup_fd, "memory.current"));
  stats.memory_limit_bytes = AMBIT_TRY(read_number(cgroup_fd, "memory.max"));
  stats.memory_max_bytes = AMBIT_TRY(read_number(cgroup_fd, "memory.peak"));  // Linux 5.19
  const Values events = AMBIT_TRY(read_values(cgroup_fd, "memory.events"));
  stats.memory_failures = value_of(events, "max");
  stats.swap_bytes = AMBIT_TRY(read_number(cgroup_fd, "memory.swap.current"));
  stats.swap_limit_bytes = AMBIT_TRY(read_number(cgroup_fd, "memory.swap.max"));
  const Values swap_events = AMBIT_TRY(read_values(cgroup_fd, "memory.swap.events"));
  stats.swap_failures = value_of(swap_events, "max");
  return {};
}

Result<void> read_pids(int cgroup_fd, CgroupStats& stats) {
  stats.pids = AMBIT_TRY(read_number(cgroup_fd, "pids.current"));
  if (stats.pids == 0) {
    // Without the controller: its processes at least, if not their threads.
    const std::string pids = AMBIT_TRY(read(cgroup_fd, "cgroup.procs"));
    stats.pids = static_cast<std::uint64_t>(std::count(pids.begin(), pids.end(), '\n'));
  }
  const std::uint64_t limit = AMBIT_TRY(read_number(cgroup_fd, "pids.max"));
  stats.pids_limit = limit == UINT64_MAX ? 0 : limit;
  return {};
}

// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0"
Result<void> read_io(int cgroup_fd, CgroupStats& stats) {
  const std::string text = AMBIT_TRY(read(cgroup_fd, "io.stat"));
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split(trim(line), ' ');
    const std::size_t colon = words[0].find(':');
    if (colon == std::string::npos) continue;
    BlockIoCount count;
    count.major = to_number(std::string_view(words[0]).substr(0, colon));
    count.minor = to_number(std::string_view(words[0]).substr(colon + 1));
    for (std::size_t i = 1; i < words.size(); i++) {
      const std::size_t equals = words[i].find('=');
      if (equals == std::string::npos) continue;
      const std::string name = words[i].substr(0, equals);
      const bool is_bytes = name == "rbytes" || name == "wbytes";
      if (!is_bytes && name != "rios" && name != "wios") continue;
      count.operation = name[0] == 'r' ? "Read" : "Write";
      count.value = to_number(std::string_view(words[i]).substr(equals + 1));
      (is_bytes ? stats.io_bytes : stats.io_operations).push_back(count);
    }
  }
  return {};
}

struct CloseDir {
  void operator()(DIR* dir) const noexcept { (void)::closedir(dir); }
};

// "hugetlb.2MB.current" for each size that the kernel has.
Result<void> read_hugepages(int cgroup_fd, CgroupStats& stats) {
  constexpr std::string_view kPrefix = "hugetlb.";
  constexpr std::string_view kSuffix = ".current";
  UniqueFd fd = AMBIT_TRY(open_at(cgroup_fd, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (dir == nullptr) return Error::from_errno(errno, "fdopendir");
  (void)fd.release();
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name.size() <= kPrefix.size() + kSuffix.size() ||
        name.substr(0, kPrefix.size()) != kPrefix ||
        name.substr(name.size() - kSuffix.size()) != kSuffix)
      continue;
    const std::string size(
        name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()));
    if (size.find('.') != std::string::npos) continue;  // hugetlb.2MB.rsvd.current
    HugepageStats& pages = stats.hugepages[size];
    pages.usage_bytes = AMBIT_TRY(read_number(cgroup_fd, std::string(name)));
    const Values events = AMBIT_TRY(read_values(cgroup_fd, "hugetlb." + size + ".events"));
    pages.failures = value_of(events, "max");
  }
  return {};
}

}  // namespace

Result<CgroupStats> read_cgroup_stats(int cgroup_fd) {
  CgroupStats stats;
  AMBIT_TRY(read_cpu(cgroup_fd, stats));
  AMBIT_TRY(read_memory(cgroup_fd, stats));
  AMBIT_TRY(read_pids(cgroup_fd, stats));
  AMBIT_TRY(read_io(cgroup_fd, stats));
  AMBIT_TRY(read_hugepages(cgroup_fd, stats));
  return stats;
}

}  // namespace ambit::os
