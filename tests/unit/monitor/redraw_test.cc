#include "monitor/redraw.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/unique_fd.h"

namespace ambit::monitor {
namespace {

using Clock = Redraw::Clock;

class RedrawTest : public testing::Test {
 protected:
  RedrawTest() { set(24, 80); }

  void set(unsigned short rows, unsigned short columns) {
    EXPECT_TRUE(redraw_.resize(terminal_.get(), rows, columns));
  }
  std::string size() const {
    winsize size = {};
    EXPECT_EQ(::ioctl(terminal_.get(), TIOCGWINSZ, &size), 0);
    return std::to_string(size.ws_row) + "x" + std::to_string(size.ws_col);
  }

  UniqueFd terminal_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  Redraw redraw_;
  const Clock::time_point now_ = Clock::now();
};

TEST_F(RedrawTest, TheTerminalHasAnotherSizeAndThenItsOwn) {
  EXPECT_FALSE(redraw_.deadline());
  redraw_.begin(terminal_.get(), now_);
  EXPECT_EQ(size(), "23x80");
  ASSERT_TRUE(redraw_.deadline());
  redraw_.on_deadline(terminal_.get(), *redraw_.deadline() - std::chrono::nanoseconds(1));
  EXPECT_EQ(size(), "23x80");
  redraw_.on_deadline(terminal_.get(), *redraw_.deadline());
  EXPECT_EQ(size(), "24x80");
  EXPECT_FALSE(redraw_.deadline());
}

TEST_F(RedrawTest, ASizeThatComesMeanwhileIsTheOneThatFollows) {
  redraw_.begin(terminal_.get(), now_);
  set(50, 132);
  EXPECT_EQ(size(), "23x80");
  redraw_.on_deadline(terminal_.get(), now_ + Redraw::kPause);
  EXPECT_EQ(size(), "50x132");
}

TEST_F(RedrawTest, TwoClientsAtOnceEndAtTheRightSize) {
  redraw_.begin(terminal_.get(), now_);
  redraw_.begin(terminal_.get(), now_ + Redraw::kPause / 2);
  redraw_.on_deadline(terminal_.get(), now_ + Redraw::kPause);
  EXPECT_EQ(size(), "24x80");
}

TEST_F(RedrawTest, ATerminalWithoutASizeHasNoneAgain) {
  set(0, 0);
  redraw_.begin(terminal_.get(), now_);
  EXPECT_EQ(size(), "1x0");
  redraw_.on_deadline(terminal_.get(), now_ + Redraw::kPause);
  EXPECT_EQ(size(), "0x0");
}

}  // namespace
}  // namespace ambit::monitor
