#include "cli/live_view.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "bus/event_loop.h"
#include "cli/output.h"

namespace ambit::cli {
namespace {

constexpr std::chrono::milliseconds kGathering{100};
constexpr char kFromTheTop[] = "\x1b[H\x1b[J";

class LiveView {
 public:
  LiveView(bus::EventLoop& loop, const std::function<Result<std::string>()>& make_text)
      : loop_(loop), make_text_(make_text), is_terminal_(::isatty(STDOUT_FILENO) == 1) {}

  void show() {
    is_due_ = false;
    auto text = make_text_();
    if (!text) return fail(text.error());
    if (*text == shown_) return;
    shown_ = *std::move(text);
    print((is_terminal_ ? kFromTheTop : "") + shown_);
  }

  void on_change() {
    if (std::exchange(is_due_, true)) return;
    auto timer = loop_.on_timer(kGathering, [this] { show(); });
    if (!timer) return fail(timer.error());
    timer_ = *std::move(timer);
  }

  Result<void> take_result() { return std::move(result_); }

 private:
  void fail(Error error) {
    result_ = std::move(error);
    loop_.exit(1);
  }

  bus::EventLoop& loop_;
  const std::function<Result<std::string>()>& make_text_;
  bool is_terminal_;
  bool is_due_ = false;
  std::string shown_;
  bus::EventSource timer_;
  Result<void> result_;
};

}  // namespace

Result<void> show_live(Client& client, const std::function<Result<std::string>()>& make_text) {
  bus::EventLoop loop = AMBIT_TRY(bus::EventLoop::create());
  AMBIT_TRY(client.bus().attach(loop));
  LiveView view(loop, make_text);
  // Before the first look, so that nothing falls between.
  const bus::Slot slot = AMBIT_TRY(
      client.bus().match({.sender = kService}, [&view](bus::Message&) { view.on_change(); }));
  view.show();
  Result<void> result = view.take_result();
  if (result) {
    AMBIT_TRY(loop.run());
    result = view.take_result();
  }
  (void)sd_bus_detach_event(client.bus().get());
  return result;
}

}  // namespace ambit::cli
