#pragma once

#include <string>

#include "monitor/log_sink.h"
#include "systemd/journal_sender.h"

namespace ambit::monitor {

// Output as records of the journal; log_stream.h has the fields. They are queued in the sender, not
// flushed.
class JournalLog final : public LogSink {
 public:
  explicit JournalLog(systemd::JournalSender& sender) : sender_(sender) {}

  bool has_room() const override { return sender_.has_room(); }
  void add(const LogRecord& record) override;
  void rest() override;

 private:
  systemd::JournalSender& sender_;
  std::string record_;  // reused memory
};

}  // namespace ambit::monitor
