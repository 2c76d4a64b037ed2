#include "daemon/call_options.h"

namespace ambit::daemon {
namespace {

constexpr std::uint32_t kMaxAttempts = 100;
constexpr std::uint64_t kMaxDelayUsec = 600'000'000;

Result<void> set_foreign_ids(engine::PullRequest& request, const std::string& value) {
  if (value != "refuse" && value != "squash")
    return Error(ErrorCode::InvalidArgument, "ForeignIds: \"refuse\" or \"squash\", not " + value);
  request.foreign_ids = value == "squash" ? image::ForeignIds::Squash : image::ForeignIds::Refuse;
  return {};
}

Result<void> set_attempts(engine::PullRequest& request, std::uint32_t value) {
  if (value == 0 || value > kMaxAttempts)
    return Error(ErrorCode::InvalidArgument, "Attempts: from 1 to 100");
  request.fetch.attempts = value;
  return {};
}

// Whole `Unit`s, at least one.
template <typename Unit>
Result<void> set_time(Unit& target, const char* key, std::uint64_t usec) {
  if (usec > kMaxDelayUsec)
    return Error(ErrorCode::InvalidArgument, std::string(key) + ": ten minutes at most");
  const auto wanted = std::chrono::duration_cast<Unit>(std::chrono::microseconds(usec));
  target = std::max(wanted, Unit(1));
  return {};
}

}  // namespace

Result<void> read_pull_options(bus::Message& call, engine::PullRequest& request) {
  std::optional<bool> verify;
  AMBIT_TRY(bus::OptionReader()
                .add("User", request.fetch.user)
                .add("Password", request.fetch.password)
                .add("TlsVerify", verify)
                .add("Architecture", request.architecture)
                .add("Variant", request.variant)
                .add("Environment", request.environment)
                .on<std::uint32_t>(
                    "Attempts", [&](std::uint32_t value) { return set_attempts(request, value); })
                .on<std::uint64_t>("RetryDelay",
                                   [&](std::uint64_t usec) {
                                     return set_time(request.fetch.delay, "RetryDelay", usec);
                                   })
                .on<std::uint64_t>("IdleTimeout",
                                   [&](std::uint64_t usec) {
                                     return set_time(request.fetch.idle, "IdleTimeout", usec);
                                   })
                .on<std::string>(
                    "ForeignIds",
                    [&](const std::string& value) { return set_foreign_ids(request, value); })
                .read(call));
  if (verify) request.fetch.verify = *verify ? image::TlsVerify::Always : image::TlsVerify::Never;
  return {};
}

}  // namespace ambit::daemon
