#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/event_loop.h"
#include "cli/client.h"

namespace ambit::cli {

// Whether a service manager listens to this program: NOTIFY_SOCKET is set.
bool has_service_manager();

// Tells the service manager of this program how a container is, in the words of sd_notify(3):
// ready, its status, that it is alive, that it stops and how long that may take. Nothing where
// there is no service manager.
class ServiceNotice {
 public:
  // Whether a container with SdNotify ignore keeps us silent.
  enum class Ignore { AsContainerHasIt, Never };

  // `loop` is the one that `client`'s bus is attached to; all must outlive this.
  ServiceNotice(Client& client, bus::EventLoop& loop, Ignore ignore)
      : client_(client), loop_(loop), ignore_(ignore) {}
  ServiceNotice(const ServiceNotice&) = delete;
  ServiceNotice& operator=(const ServiceNotice&) = delete;
  ~ServiceNotice() = default;

  // From now on, of the container at `path`. It runs already, or does so soon.
  Result<void> follow(const std::string& path);

  // It was told to stop, by whomever, and its stop signal.
  bool was_stopped() const noexcept { return was_stopped_; }
  int stop_signal() const noexcept { return stop_signal_; }

 private:
  Result<void> ask();
  Result<void> take(bus::Message& properties);
  void tell(const std::string& lines) const;

  Client& client_;
  bus::EventLoop& loop_;
  Ignore ignore_;
  std::string path_;
  bus::Slot on_changed_;
  bus::Slot on_notified_;
  bus::Slot asked_;
  std::uint64_t stop_timeout_usec_ = 0;
  int stop_signal_ = 0;
  bool is_silent_ = false;
  bool is_told_ready_ = false;
  bool was_stopped_ = false;
};

}  // namespace ambit::cli
