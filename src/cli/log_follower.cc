#include "cli/log_follower.h"

#include <chrono>
#include <utility>

#include "cli/last_lines.h"

namespace ambit::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenWaits = 200ms;  // while ambitd can't be reached
constexpr int kMaxFailedWaits = 25;

}  // namespace

Result<std::optional<systemd::OutputPiece>> LogFollower::next_wanted() {
  while (!past_end_) {
    auto piece = AMBIT_TRY(reader_.next());
    if (!piece) break;
    if (piece->realtime_usec < options_.since_usec) continue;
    past_end_ = piece->realtime_usec > options_.until_usec;
    if (past_end_) break;
    has_shown_ = true;
    return piece;
  }
  return std::optional<systemd::OutputPiece>();
}

Result<void> LogFollower::show() {
  while (const auto piece = AMBIT_TRY(next_wanted()))
    AMBIT_TRY(printer_.add(piece->bytes, piece->stream, piece->realtime_usec));
  return printer_.flush();
}

Result<void> LogFollower::show_last(std::size_t lines) {
  LastLines last(lines);
  while (auto piece = AMBIT_TRY(next_wanted())) last.add(*std::move(piece));
  for (const auto& piece : last.take())
    AMBIT_TRY(printer_.add(piece.bytes, piece.stream, piece.realtime_usec));
  return printer_.flush();
}

Result<void> LogFollower::follow(const std::string& path) {
  path_ = path;
  bus::EventLoop loop = AMBIT_TRY(bus::EventLoop::create());
  loop_ = &loop;
  AMBIT_TRY(client_.bus().attach(loop));
  // Watching begins before the first look, so that nothing falls between the two.
  AMBIT_TRY(watch_output());
  AMBIT_TRY(ask_for_end());
  AMBIT_TRY(show());
  if (!past_end_) AMBIT_TRY(loop.run());
  news_.reset();
  timer_.reset();
  retry_.reset();
  wait_.reset();
  (void)sd_bus_detach_event(client_.bus().get());
  loop_ = nullptr;
  return result_;
}

Result<void> LogFollower::watch_output() {
  const OutputReader::Watch watch = AMBIT_TRY(reader_.watch());
  // poll(2) and epoll(7) share the numbers of POLLIN and POLLOUT.
  news_ = AMBIT_TRY(loop_->on_io(watch.fd, static_cast<std::uint32_t>(watch.events),
                                 [this](std::uint32_t) { on_news(); }));
  if (watch.timeout) timer_ = AMBIT_TRY(loop_->on_timer(*watch.timeout, [this] { on_news(); }));
  return {};
}

void LogFollower::on_news() {
  const auto news = reader_.process();
  if (!news) return finish(news.error());
  if (*news) {
    const Result<void> shown = show();
    if (!shown || past_end_) return finish(shown);
  }
  if (!timer_) return;
  auto watch = reader_.watch();
  if (watch && watch->timeout) (void)timer_.restart(*watch->timeout);
}

Result<void> LogFollower::ask_for_end() {
  bus::Message call = AMBIT_TRY(client_.new_container_call(path_, "Wait"));
  wait_ = AMBIT_TRY(client_.bus().call_async(
      call, [this](Result<bus::Message> answer) { on_wait_answer(std::move(answer)); },
      bus::kNoTimeout));
  return {};
}

Result<void> LogFollower::come_back() {
  AMBIT_TRY(client_.reconnect());
  AMBIT_TRY(client_.bus().attach(*loop_));
  return ask_for_end();
}

void LogFollower::on_wait_answer(Result<bus::Message> answer) {
  // ambitd may be replaced meanwhile: its successor is asked. One that was removed has ended.
  const bool lost_bus = !answer && bus_is_gone(answer.error());
  if (!answer && (lost_bus || answer.error().code() == ErrorCode::Timeout) &&
      ++failed_waits_ <= kMaxFailedWaits) {
    auto retry = loop_->on_timer(kBetweenWaits, [this, lost_bus] {
      const Result<void> asked = lost_bus ? come_back() : ask_for_end();
      if (!asked) finish(asked);
    });
    if (!retry) return finish(retry.error());
    retry_ = *std::move(retry);
    return;
  }
  // A file that the journal has begun meanwhile is found by this.
  const auto news = reader_.process();
  finish(news ? show() : Result<void>(news.error()));
}

void LogFollower::finish(Result<void> result) {
  result_ = std::move(result);
  loop_->exit(0);
}

}  // namespace ambit::cli
