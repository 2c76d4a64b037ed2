#include "monitor/log_stream.h"

#include "base/strings.h"

namespace ambit::monitor {
namespace {

constexpr std::size_t kKeptBytes = 4096;  // of a buffer's memory, once it is empty

}  // namespace

LogStream::LogStream(LogSink& sink, LogBudget& budget, Options options)
    : sink_(sink), budget_(budget), options_(options) {}

// Nothing is held any more.
void LogStream::release() {
  held_.clear();
  if (held_.capacity() > kKeptBytes) held_.shrink_to_fit();
  sink_.rest();
}

bool LogStream::has_room(Clock::time_point now) {
  budget_.refill(now);
  return budget_.has_any() && sink_.has_room();
}

std::optional<LogStream::Clock::time_point> LogStream::room_at() const {
  if (budget_.has_any()) return std::nullopt;
  return budget_.any_at();
}

void LogStream::add(std::string_view bytes, Clock::time_point now) {
  if (bytes.empty()) return;
  budget_.refill(now);
  if (held_.empty()) {
    held_ = bytes.substr(cut(bytes, Hold::Allowed));
  } else {
    held_ += bytes;
    held_.erase(0, cut(held_, Hold::Allowed));
  }
  if (held_.empty()) {
    deadline_.reset();
    release();
    return;
  }
  // Complete lines don't wait for a pause that never comes: their time runs from the first one.
  const bool gathering = is_gathering();
  if (!gathering || !deadline_) deadline_ = now + (gathering ? kGathering : options_.patience);
}

void LogStream::on_deadline(Clock::time_point now) {
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();
  budget_.refill(now);
  const std::size_t gathered = cut(held_, Hold::Over);
  held_.erase(0, gathered);
  if (gathered > 0 && !held_.empty()) {
    deadline_ = now + options_.patience;
  } else {
    queue_rest();
  }
}

void LogStream::finish(Clock::time_point now) {
  deadline_.reset();
  budget_.refill(now);
  held_.erase(0, cut(held_, Hold::Over));
  queue_rest();
  ordinal_ = 0;
}

void LogStream::queue_rest() {
  if (!held_.empty()) queue_part(held_, LogRecord::Kind::Part);
  release();
}

// Queues everything of `bytes` that makes a record already, and returns how much that was.
std::size_t LogStream::cut(std::string_view bytes, Hold hold) {
  std::size_t begin = 0;
  while (begin < bytes.size()) {
    const std::string_view rest = bytes.substr(begin);
    const bool gathering = is_gathering();
    const std::size_t limit = budget_.is_plentiful() ? kPartBytes : kGatheredBytes;
    const std::string_view window = rest.substr(0, limit + 1);
    const bool is_full = window.size() > limit;
    const std::size_t newline = gathering ? window.rfind('\n') : window.find('\n');
    if (newline == std::string_view::npos) {
      if (!is_full) break;
      queue_part(rest.substr(0, limit), LogRecord::Kind::Part);
      begin += limit;
      continue;
    }
    if (gathering && !is_full && hold == Hold::Allowed) break;
    if (ordinal_ > 0) {
      queue_part(rest.substr(0, newline), LogRecord::Kind::LastPart);
    } else {
      queue_line(rest.substr(0, newline));
    }
    begin += newline + 1;
  }
  return begin;
}

void LogStream::queue_line(std::string_view line) { add_record({.bytes = line}); }

void LogStream::queue_part(std::string_view part, LogRecord::Kind kind) {
  if (ordinal_ == 0) partial_id_ = random_id().substr(0, 32);
  ++ordinal_;
  add_record({.kind = kind, .bytes = part, .line_id = partial_id_, .ordinal = ordinal_});
  if (kind == LogRecord::Kind::LastPart) ordinal_ = 0;
}

void LogStream::add_record(LogRecord record) {
  budget_.take();
  record.stream = options_.name;
  record.priority = options_.priority;
  sink_.add(record);
}

}  // namespace ambit::monitor
