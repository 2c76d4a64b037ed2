#include "cli/log_source.h"

#include <utility>

#include "cli/log_file_reader.h"
#include "spec/log_driver.h"

namespace ambit::cli {
namespace {

class JournalOutput final : public OutputReader {
 public:
  explicit JournalOutput(systemd::JournalReader reader) : reader_(std::move(reader)) {}

  Result<void> seek_time(std::int64_t realtime_usec) override {
    return reader_.seek_time(realtime_usec);
  }
  Result<void> seek_last_lines(std::size_t lines) override {
    return reader_.seek_last_lines(lines);
  }
  Result<std::optional<systemd::OutputPiece>> next() override { return reader_.next(); }
  Result<Watch> watch() override {
    Watch watch;
    watch.fd = AMBIT_TRY(reader_.position().fd());
    watch.events = AMBIT_TRY(reader_.position().poll_events());
    watch.timeout = AMBIT_TRY(reader_.position().timeout());
    return watch;
  }
  Result<bool> process() override { return reader_.position().process(); }

 private:
  systemd::JournalReader reader_;
};

Result<LogSource> open_files(Client& client, const std::string& path) {
  const auto folder = AMBIT_TRY(client.property<std::string>(path, kContainerInterface, "LogPath"));
  const auto reason =
      AMBIT_TRY(client.property<std::string>(path, kContainerInterface, "LogFallbackReason"));
  LogSource source;
  source.kind = LogSource::Kind::File;
  source.reader = AMBIT_TRY(LogFileReader::open(folder));
  if (!reason.empty())
    source.note = "read from " + folder + ", since the journal could not be read: " + reason;
  return source;
}

}  // namespace

Result<LogSource> open_log(Client& client, const std::string& id, const std::string& path,
                           const std::string& name) {
  std::string driver = spec::kLogJournald;
  if (!path.empty())
    driver = AMBIT_TRY(client.property<std::string>(path, kContainerInterface, "LogDriver"));
  if (driver == spec::kLogNone)
    return Error(ErrorCode::NotFound,
                 "there are no logs of " + name + ": it was created with --log-driver none");
  if (driver == spec::kLogFile) return open_files(client, path);
  LogSource source;
  auto journal = AMBIT_TRY(systemd::JournalReader::open(id));
  source.reader = std::make_unique<JournalOutput>(std::move(journal));
  return source;
}

}  // namespace ambit::cli
