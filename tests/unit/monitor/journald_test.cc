#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "unit/monitor/monitor_run.h"
#include "unit/monitor/random_bytes.h"

// The monitor in a scope of the user's systemd, with the real journald.
namespace ambit::test {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

std::string output_of(const std::string& command) {
  std::string out;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::array<char, 65536> buffer;
  for (std::size_t n; (n = ::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    out.append(buffer.data(), n);
  return out;
}

class MonitorJournaldTest : public MonitorFixture {
 protected:
  void SetUp() override {
    MonitorFixture::SetUp();
    AMBIT_REQUIRE_CONTAINERS();
  }
  static std::string unit(const std::string& name) {
    return "ambit-test-" + std::to_string(::getpid()) + "-" + name + ".scope";
  }
  // The records of a unit in the order that readers see, as journald exports them.
  static std::vector<JournalRecord> records_of(const std::string& unit) {
    std::vector<JournalRecord> records;
    std::string text =
        output_of("journalctl --user --quiet -o export -u " + unit + " CONTAINER_NAME=web");
    // Entries end with an empty line; a binary field may contain one, so entries are cut by fields.
    while (!text.empty()) {
      const std::size_t size = export_entry_size(text);
      records.push_back(parse_journal_record(text.substr(0, size)));
      text.erase(0, size + 1);
    }
    return without_events(std::move(records));
  }

 private:
  static std::size_t export_entry_size(const std::string& text) {
    std::size_t at = 0;
    while (at < text.size() && text[at] != '\n') {
      const std::size_t end = text.find_first_of("=\n", at);
      if (text[end] == '=') {
        at = text.find('\n', end) + 1;
        continue;
      }
      std::size_t size = 0;
      for (std::size_t i = 8; i > 0; --i)
        size = size << 8 | static_cast<unsigned char>(text[end + i]);
      at = end + 1 + 8 + size + 1;
    }
    return at;
  }
};

TEST_F(MonitorJournaldTest, TheOnlyLineOfAShortContainerIsInItsUnitEveryTime) {
  for (int i = 0; i < 100; ++i) {
    const std::string unit = this->unit("short" + std::to_string(i));
    MonitorRun run(
        *this, {.command = {"print", "line " + std::to_string(i) + "\n"}, .real_journal = true});
    run.start_in_unit(unit);
    run.expect_exited();
    const auto records = records_of(unit);
    ASSERT_EQ(records.size(), 1U) << unit;
    EXPECT_EQ(records[0].at("MESSAGE"), "line " + std::to_string(i));
    EXPECT_EQ(records[0].at("_SYSTEMD_USER_UNIT"), unit);
  }
}

TEST_F(MonitorJournaldTest, AnyBytesComeBackFromTheJournal) {
  const std::string unit = this->unit("random");
  MonitorRun run(*this, {.command = {"random", "8"}, .real_journal = true});
  run.start_in_unit(unit);
  run.expect_exited();
  const auto records = records_of(unit);
  EXPECT_TRUE(stream_bytes(records, "stdout") == random_bytes(8));
  EXPECT_TRUE(stream_bytes(records, "stderr") == random_bytes(9));
}

TEST_F(MonitorJournaldTest, StoppingTheUnitSendsTheStopSignalToTheFirstProcessAlone) {
  const std::string unit = this->unit("stop");
  MonitorRun run(*this, {.command = {"signals"}, .clients = {"stdout"}, .real_journal = true});
  run.start_in_unit(unit);
  run.read_until("stdout", "ready\n");
  ASSERT_EQ(std::system(("systemctl --user stop " + unit).c_str()), 0);
  EXPECT_EQ(run.read_to_end("stdout"), "first got 15\n");
  run.expect(MonitorMessageType::Stopping);
  EXPECT_EQ(run.expect_exited().a, 3);
  EXPECT_EQ(run.record().exit_code, 3);
}

}  // namespace
}  // namespace ambit::test
