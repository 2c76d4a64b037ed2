#include "cli/transfer_view.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "cli/human.h"

namespace ambit::cli {
namespace {

constexpr std::size_t kBarCells = 24;
constexpr std::size_t kNameColumns = 14;

std::string short_digest(const std::string& digest) {
  return short_id(std::string_view(digest).substr(digest.find(':') + 1));
}

bool is_complete(const TransferPart& part) {
  return part.stage == "unpacking" && part.done_bytes >= part.total_bytes;
}

std::string cells(const TransferPart& part) {
  const double share = part.total_bytes == 0 ? 0
                                             : static_cast<double>(part.done_bytes) /
                                                   static_cast<double>(part.total_bytes);
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kBarCells);
  std::string text(full, '=');
  if (full < kBarCells) text += '>';
  text.resize(kBarCells, ' ');
  return "[" + text + "]";
}

}  // namespace

std::string TransferView::bar(const TransferPart& part, std::size_t columns, Time now) {
  std::string line = short_digest(part.digest) + "  ";
  if (part.stage == "present") return line + "is here already";
  if (part.stage == "waiting") return line + "waiting";
  if (is_complete(part)) return line + "done  " + human_size(part.total_bytes);
  if (columns >= kNameColumns + kBarCells + 40) line += cells(part) + "  ";
  if (part.stage != "fetching") return line + part.stage;
  line += human_size(part.done_bytes) + " / " + human_size(part.total_bytes);
  const auto [begin, first] = fetching_.try_emplace(part.digest, Begin{now, part.done_bytes});
  const double seconds = std::chrono::duration<double>(now - begin->second.time).count();
  const double speed =
      seconds <= 0 ? 0 : static_cast<double>(part.done_bytes - begin->second.bytes) / seconds;
  if (first || speed < 1) return line;
  const double left = static_cast<double>(part.total_bytes - part.done_bytes) / speed;
  return line + "  " + human_size(static_cast<std::uint64_t>(speed)) + "/s" +
         strf("  %.0f s", left);
}

std::string TransferView::bars(const std::vector<TransferPart>& parts, std::size_t columns,
                               Time now) {
  std::string text;
  for (const TransferPart& part : parts) text += shorten(bar(part, columns, now), columns) + "\n";
  return text;
}

std::string TransferView::news(const std::vector<TransferPart>& parts) {
  std::string text;
  for (const TransferPart& part : parts) {
    const std::string stage = is_complete(part) ? "done" : part.stage;
    std::string& last = last_stage_[part.digest];
    if (last == stage) continue;
    last = stage;
    if (stage == "done")
      text += short_digest(part.digest) + "  done  " + human_size(part.total_bytes) + "\n";
    if (stage == "present") text += short_digest(part.digest) + "  is here already\n";
  }
  return text;
}

}  // namespace ambit::cli
