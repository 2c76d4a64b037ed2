#include "monitor/journal_log.h"

namespace ambit::monitor {
namespace {

using systemd::append_journal_field;

constexpr std::size_t kKeptBytes = 4096;

}  // namespace

void JournalLog::add(const LogRecord& record) {
  record_.clear();
  append_journal_field(record_, "PRIORITY", std::to_string(record.priority));
  append_journal_field(record_, "AMBIT_STREAM", record.stream);
  if (record.kind != LogRecord::Kind::Line) {
    append_journal_field(record_, "CONTAINER_PARTIAL_MESSAGE", "true");
    append_journal_field(record_, "CONTAINER_PARTIAL_ID", record.line_id);
    append_journal_field(record_, "CONTAINER_PARTIAL_ORDINAL", std::to_string(record.ordinal));
    append_journal_field(record_, "CONTAINER_PARTIAL_LAST",
                         record.kind == LogRecord::Kind::LastPart ? "true" : "false");
  }
  append_journal_field(record_, "MESSAGE", record.bytes);
  sender_.queue(record_);
}

void JournalLog::rest() {
  record_.clear();
  if (record_.capacity() > kKeptBytes) record_.shrink_to_fit();
}

}  // namespace ambit::monitor
