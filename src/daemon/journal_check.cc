#include "daemon/journal_check.h"

#include <utility>

#include "base/strings.h"
#include "systemd/journal_access.h"
#include "systemd/journal_reader.h"

namespace ambit::daemon {
namespace {

constexpr char kAbsent[] = "journald does not run";

}  // namespace

void JournalCheck::ask(Answer answer) {
  // A journald that is away now may have been there before.
  const systemd::JournalAccess access = systemd::look_at_journal();
  if (access == systemd::JournalAccess::Absent) return answer(kAbsent);
  if (access == systemd::JournalAccess::Readable || is_readable_) return answer("");
  if (Clock::now() < reason_holds_until_) return answer(reason_);
  waiting_.push_back(std::move(answer));
  if (journal_) return;
  if (const Result<void> begun = begin_probe(); !begun) finish(begun.error().message());
}

Result<void> JournalCheck::begin_probe() {
  systemd::JournalProbe probe = AMBIT_TRY(systemd::JournalProbe::begin());
  journal_.emplace(std::move(probe.position));
  const int fd = AMBIT_TRY(journal_->fd());
  const int events = AMBIT_TRY(journal_->poll_events());
  news_ = AMBIT_TRY(
      loop_.on_io(fd, static_cast<std::uint32_t>(events), [this](std::uint32_t) { look(); }));
  if (const auto timeout = AMBIT_TRY(journal_->timeout()))
    again_ = AMBIT_TRY(loop_.on_timer(*timeout, [this] { look(); }));
  limit_ = AMBIT_TRY(loop_.on_timer(kLimit, [this] { finish(systemd::kUnreadableJournal); }));
  return {};
}

void JournalCheck::look() {
  const auto news = journal_->process();
  const auto found = news ? journal_->next() : Result<bool>(news.error());
  if (!found) return finish(found.error().message());
  if (*found) return finish("");
  const auto timeout = journal_->timeout();
  if (timeout && *timeout && again_) (void)again_.restart(**timeout);
}

void JournalCheck::finish(const std::string& reason) {
  news_.reset();
  again_.reset();
  limit_.reset();
  journal_.reset();
  is_readable_ = reason.empty();
  reason_ = reason;
  reason_holds_until_ = is_readable_ ? Clock::time_point{} : Clock::now() + kKeepNo;
  for (const Answer& answer : std::exchange(waiting_, {})) answer(reason);
}

}  // namespace ambit::daemon
