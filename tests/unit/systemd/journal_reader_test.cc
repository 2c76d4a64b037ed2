#define SD_JOURNAL_SUPPRESS_LOCATION

#include "systemd/journal_reader.h"

#include <gtest/gtest.h>
#include <systemd/sd-journal.h>

#include <cstdlib>
#include <vector>

#include "base/strings.h"
#include "systemd/event.h"

namespace ambit::systemd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class JournalReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    // Once for all: where there is no journal it takes the whole time.
    static const auto readable = probe_journal(seconds(5));
    if (readable) return;
    if (std::getenv("AMBIT_TEST_MUST_RUN") != nullptr) FAIL() << readable.error().message();
    GTEST_SKIP() << "no readable journal: " << readable.error().message();
  }

  enum class Part { None, More, Last };

  void write(std::string_view message, Part part = Part::None, const char* stream = "stdout") {
    std::vector<std::string> fields = {"CONTAINER_ID_FULL=" + id,
                                       "MESSAGE=" + std::string(message)};
    if (stream != nullptr) fields.push_back(std::string("AMBIT_STREAM=") + stream);
    if (part != Part::None) {
      fields.emplace_back("CONTAINER_PARTIAL_MESSAGE=true");
      fields.emplace_back(std::string("CONTAINER_PARTIAL_LAST=") +
                          (part == Part::Last ? "true" : "false"));
    }
    std::vector<iovec> parts;
    for (std::string& field : fields) parts.push_back({field.data(), field.size()});
    ASSERT_EQ(sd_journal_sendv(parts.data(), static_cast<int>(parts.size())), 0);
  }

  // What the reader gives until `size` bytes are there, or ten seconds are over.
  std::string read(JournalReader& reader, std::size_t size) {
    std::string bytes;
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (bytes.size() < size && std::chrono::steady_clock::now() < deadline) {
      auto piece = reader.next();
      if (!piece) return piece.error().message();
      if (*piece)
        bytes += (*piece)->bytes;
      else
        (void)reader.position().wait(milliseconds(100));
    }
    auto more = reader.next();
    if (more && *more) bytes += (*more)->bytes;
    return bytes;
  }

  std::string id = random_id();
};

TEST_F(JournalReaderTest, AllBytesComeBack) {
  const std::string_view odd("a\0b\xff", 4);
  const std::string part(48 * 1024, 'x');
  write(odd);
  write("");
  write("note of the monitor", Part::None, nullptr);
  write(part, Part::More);
  write("end", Part::Last);
  write("no newline", Part::More);
  const std::string expected = std::string(odd) + "\n\n" + part + "end\nno newline";
  auto reader = JournalReader::open(id);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(read(*reader, expected.size()), expected);
}

TEST_F(JournalReaderTest, WhereOutputIsMissingAPieceSaysSo) {
  const std::string dropped =
      std::string("MESSAGE_ID=") + kind_of(Event::ContainerLogDropped).message_id;
  write("before");
  ASSERT_EQ(sd_journal_send("MESSAGE=2 records lost", dropped.c_str(), "CONTAINER_ID_FULL=%s",
                            id.c_str(), nullptr),
            0);
  auto reader = JournalReader::open(id);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(read(*reader, 22), "before\n2 records lost\n");
}

TEST_F(JournalReaderTest, APieceNamesItsStream) {
  write("oops", Part::None, "stderr");
  auto reader = JournalReader::open(id);
  ASSERT_TRUE(reader);
  std::optional<OutputPiece> piece;
  for (int i = 0; i < 100 && !piece; i++) {
    (void)reader->position().wait(milliseconds(100));
    piece = *reader->next();
  }
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->stream, "stderr");
  EXPECT_GT(piece->realtime_usec, 1'600'000'000'000'000);
}

TEST_F(JournalReaderTest, OtherContainersAreLeftOut) {
  write("mine");
  auto other = JournalReader::open(random_id());
  ASSERT_TRUE(other);
  auto reader = JournalReader::open(id);
  ASSERT_TRUE(reader);
  EXPECT_EQ(read(*reader, 5), "mine\n");
  EXPECT_FALSE(*other->next());
}

class LastLines : public JournalReaderTest {
 protected:
  // The last `lines` lines of three records with four lines: "1", "2 NL 3", "4" without an end.
  std::string last(std::size_t lines, std::size_t size) {
    write("1");
    write("2\n3");
    write("4", Part::More);
    auto all = JournalReader::open(id);
    EXPECT_EQ(read(*all, 7), "1\n2\n3\n4");
    auto reader = JournalReader::open(id);
    EXPECT_TRUE(reader->seek_last_lines(lines));
    return read(*reader, size);
  }
};

TEST_F(LastLines, ALineWithoutAnEndIsOne) { EXPECT_EQ(last(1, 1), "4"); }
TEST_F(LastLines, ARecordMayHoldMoreThanIsWanted) { EXPECT_EQ(last(2, 3), "3\n4"); }
TEST_F(LastLines, AWholeRecordIsTakenWhereItFits) { EXPECT_EQ(last(3, 5), "2\n3\n4"); }
TEST_F(LastLines, MoreThanThereIsGivesAll) { EXPECT_EQ(last(9, 7), "1\n2\n3\n4"); }

TEST_F(JournalReaderTest, NoLastLinesGiveWhatComesNext) {
  write("old");
  auto all = JournalReader::open(id);
  ASSERT_EQ(read(*all, 4), "old\n");
  auto reader = JournalReader::open(id);
  ASSERT_TRUE(reader->seek_last_lines(0));
  ASSERT_FALSE(*reader->next());
  write("new");
  EXPECT_EQ(read(*reader, 4), "new\n");
}

TEST_F(JournalReaderTest, NothingYetAndNoLastLinesGiveTheFirstOnes) {
  auto reader = JournalReader::open(id);
  ASSERT_TRUE(reader->seek_last_lines(0));
  ASSERT_FALSE(*reader->next());
  write("first");
  EXPECT_EQ(read(*reader, 6), "first\n");
}

TEST_F(JournalReaderTest, ATimeInTheFutureGivesNothingThatIsThere) {
  write("old");
  auto reader = JournalReader::open(id);
  ASSERT_EQ(read(*reader, 4), "old\n");
  ASSERT_TRUE(reader->seek_time(9'000'000'000'000'000));
  EXPECT_FALSE(*reader->next());
}

}  // namespace
}  // namespace ambit::systemd
