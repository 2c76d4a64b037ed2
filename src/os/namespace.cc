#include "os/namespace.h"

#include <sched.h>

#include <cerrno>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::os {
namespace {

// The kernel allows 340 lines; each is 33 bytes.
constexpr std::size_t kMaxMapBytes = 340 * 33 + 1;

const char* map_file(IdKind kind) { return kind == IdKind::User ? "uid_map" : "gid_map"; }

}  // namespace

Result<void> join_namespaces(int fd, int flags, const std::string& what) {
  if (::setns(fd, flags) < 0) return Error::from_errno(errno, "joining " + what + ": setns");
  return {};
}

Result<void> unshare(int flags, const std::string& what) {
  if (::unshare(flags) < 0) return Error::from_errno(errno, "new " + what + ": unshare");
  return {};
}

Result<IdExtent> parse_id_extent(const std::string& line) {
  std::uint64_t fields[3];
  std::size_t count = 0;
  for (const std::string& word : split(line, ' ')) {
    if (word.empty()) continue;
    if (count == 3) return Error(ErrorCode::Corrupt, "an id map with the line '" + line + "'");
    fields[count++] = AMBIT_TRY(parse_uint(word));
  }
  if (count != 3) return Error(ErrorCode::Corrupt, "an id map with the line '" + line + "'");
  return IdExtent{.inside = static_cast<std::uint32_t>(fields[0]),
                  .outside = static_cast<std::uint32_t>(fields[1]),
                  .count = static_cast<std::uint32_t>(fields[2])};
}

Result<std::vector<IdExtent>> read_id_map(int proc_dir_fd, IdKind kind) {
  const std::string text = AMBIT_TRY(read_file_at(proc_dir_fd, map_file(kind), kMaxMapBytes));
  std::vector<IdExtent> extents;
  for (const std::string& line : split(text, '\n'))
    if (!line.empty()) extents.push_back(AMBIT_TRY(parse_id_extent(line)));
  return extents;
}

Result<void> write_id_map(int proc_dir_fd, IdKind kind, const std::vector<IdExtent>& extents) {
  const std::string text = format_id_map(extents);
  return write_value_at(proc_dir_fd, map_file(kind), text)
      .context("map '" + join(split(trim(text), '\n'), ", ") + "'");
}

std::string format_id_map(const std::vector<IdExtent>& extents) {
  std::string text;
  for (const IdExtent& extent : extents)
    text += strf("%u %u %u\n", extent.inside, extent.outside, extent.count);
  return text;
}

}  // namespace ambit::os
