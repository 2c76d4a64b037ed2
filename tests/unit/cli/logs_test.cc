#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "cli/last_lines.h"
#include "cli/log_printer.h"
#include "cli/time_text.h"
#include "os/file.h"

namespace ambit::cli {
namespace {

class LogPrinterTest : public testing::Test {
 protected:
  static std::string content(const UniqueFd& file) {
    ::lseek(file.get(), 0, SEEK_SET);
    return *os::read_all(file.get(), 1 << 20);
  }

  UniqueFd output_{::memfd_create("output", MFD_CLOEXEC)};
  UniqueFd errors_{::memfd_create("errors", MFD_CLOEXEC)};
};

TEST_F(LogPrinterTest, BytesGoWhereTheyCameFromUnchanged) {
  LogPrinter printer(output_.get(), errors_.get(), LogPrinter::Timestamps::None);
  const std::string odd("a\0b\n\n\xff no end", 14);
  ASSERT_TRUE(printer.add(odd, "stdout", 1));
  ASSERT_TRUE(printer.add("err\n", "stderr", 2));
  ASSERT_TRUE(printer.add("tty", "tty", 3));
  ASSERT_TRUE(printer.flush());
  EXPECT_EQ(content(output_), odd + "tty");
  EXPECT_EQ(content(errors_), "err\n");
}

TEST_F(LogPrinterTest, TimestampsStandOnceBeforeEachLine) {
  LogPrinter printer(output_.get(), errors_.get(), LogPrinter::Timestamps::EachLine);
  ASSERT_TRUE(printer.add("one\ntw", "stdout", 1'000'000));
  ASSERT_TRUE(printer.add("err\n", "stderr", 2'000'000));
  ASSERT_TRUE(printer.add("o\n\n", "stdout", 3'000'000));
  ASSERT_TRUE(printer.flush());
  const std::string first = format_timestamp(1'000'000) + " ";
  const std::string third = format_timestamp(3'000'000) + " ";
  EXPECT_EQ(content(output_), first + "one\n" + first + "two\n" + third + "\n");
  EXPECT_EQ(content(errors_), format_timestamp(2'000'000) + " err\n");
}

TEST_F(LogPrinterTest, WhatIsMissingIsToldOnStandardError) {
  LogPrinter printer(output_.get(), errors_.get(), LogPrinter::Timestamps::None);
  ASSERT_TRUE(printer.add("out\n", "stdout", 1));
  ASSERT_TRUE(printer.add("3 records lost\n", "note", 2));
  ASSERT_TRUE(printer.flush());
  EXPECT_EQ(content(output_), "out\n");
  EXPECT_EQ(content(errors_), "ambit: 3 records lost\n");
}

std::string last_lines(std::size_t lines, const std::vector<std::string>& pieces) {
  LastLines last(lines);
  for (const std::string& piece : pieces) last.add({.bytes = piece});
  std::string text;
  for (const auto& piece : last.take()) text += piece.bytes;
  return text;
}

TEST(LastLinesTest, KeepsTheLastLinesAcrossPieces) {
  EXPECT_EQ(last_lines(2, {"a\nb\n", "c\n", "d\n"}), "c\nd\n");
  EXPECT_EQ(last_lines(2, {"a\nb\nc\nd\n"}), "c\nd\n");
  EXPECT_EQ(last_lines(2, {"a\n", "b", "b", "\n", "c\n"}), "bb\nc\n");
  EXPECT_EQ(last_lines(9, {"a\n", "b\n"}), "a\nb\n");
  EXPECT_EQ(last_lines(0, {"a\n", "b\n"}), "");
  EXPECT_EQ(last_lines(2, {}), "");
}

TEST(LastLinesTest, ALineWithoutAnEndCounts) {
  EXPECT_EQ(last_lines(1, {"a\nb\n", "c"}), "c");
  EXPECT_EQ(last_lines(2, {"a\nb\n", "c"}), "b\nc");
  EXPECT_EQ(last_lines(2, {"a\n\n", "\n"}), "\n\n");
}

}  // namespace
}  // namespace ambit::cli
