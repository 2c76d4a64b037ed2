#pragma once

#include <systemd/sd-bus.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bus/event_loop.h"
#include "bus/message.h"

namespace ambit::bus {

// A subscription: a match, a pending call, an object. Its end ends it; callbacks do not run
// afterwards. A callback may destroy its own slot.
class [[nodiscard]] Slot {
 public:
  Slot() = default;
  explicit Slot(sd_bus_slot* taken) noexcept : slot_(taken) {}
  Slot(Slot&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Slot& operator=(Slot&& other) noexcept {
    if (this != &other) {
      reset();
      slot_ = std::exchange(other.slot_, nullptr);
    }
    return *this;
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { reset(); }

  void reset() noexcept { slot_ = sd_bus_slot_unref(slot_); }
  // Leaves it to the connection: it lives until it is done, or the connection ends.
  void detach() noexcept;
  explicit operator bool() const noexcept { return slot_ != nullptr; }

 private:
  sd_bus_slot* slot_ = nullptr;
};

// A member to call: sd-bus's four strings, by name.
struct Target {
  const char* service;
  std::string path;
  const char* interface;
  const char* member;
};

// What signals to take. Empty parts match everything.
struct SignalMatch {
  std::string sender;
  std::string path;
  std::string interface;
  std::string member;
};

constexpr std::chrono::seconds kCallTimeout{25};
// As long as the connection and the peer live: for calls that answer when something has ended.
constexpr std::chrono::microseconds kNoTimeout = std::chrono::microseconds::max();

// One connection. Closed, after its queue was written out, when it goes away.
class Bus {
 public:
  // The user's bus, connected and greeted. HostUnsupported, with the fix, where there is none.
  static Result<Bus> open_user();
  // The system's bus: HostUnsupported where there is none.
  static Result<Bus> open_system();

  // Takes over a started connection of another kind, e.g. of two peers without a bus.
  static Bus take(sd_bus* connection) { return Bus(connection); }

  sd_bus* get() const noexcept { return bus_.get(); }

  // Signals, replies and calls are dispatched by `loop` from now on. The loop must outlive the bus.
  Result<void> attach(const EventLoop& loop);

  Result<Message> new_call(const Target& target);
  Result<Message> new_signal(const std::string& path, const char* interface, const char* member);

  // Sends a call and waits for the answer; nothing else is dispatched meanwhile. For programs that
  // do one thing.
  Result<Message> call(const Message& message, std::chrono::microseconds timeout = kCallTimeout);

  // The answer, or the error, comes to `done` later; never before this returns.
  using Done = std::function<void(Result<Message>)>;
  Result<Slot> call_async(const Message& message, Done done,
                          std::chrono::microseconds timeout = kCallTimeout);

  Result<void> send(const Message& message);

  // Subscribes without waiting for the bus's answer; what is sent after this call was made is not
  // missed, since the bus handles one client's messages in order.
  Result<Slot> match(const SignalMatch& match, std::function<void(Message&)> call);

  Result<Slot> add_vtable(const std::string& path, const char* interface,
                          const sd_bus_vtable* vtable, void* userdata);
  // GetManagedObjects for everything at and below `path`.
  Result<Slot> add_object_manager(const std::string& path);

  // One PropertiesChanged signal with all of `names`. None where `names` is empty.
  Result<void> emit_properties_changed(const std::string& path, const char* interface,
                                       const std::vector<std::string>& names);
  Result<void> emit_interfaces_added(const std::string& path, const char* interface);
  Result<void> emit_interfaces_removed(const std::string& path, const char* interface);

  // AlreadyExists where another connection has the name.
  Result<void> request_name(const char* name);
  // No call that came before is lost: the bus hands later ones to the next owner.
  Result<void> release_name(const char* name);

  // `call` sees every message that comes in, before anybody else does.
  Result<Slot> watch_messages(std::function<void(const Message&)> call);

  // `call` is told when the bus has gone away; nothing can be sent any more.
  Result<Slot> on_disconnect(std::function<void()> call);

  // Dispatches what has already arrived; what its handlers send is queued.
  Result<void> dispatch_arrived();

  // Writes out everything that is queued.
  Result<void> flush();

  // Writes out what is queued and hangs up. Callers whose call was not answered are told by the bus
  // that there will be no reply.
  void close() noexcept;

 private:
  struct Close {
    void operator()(sd_bus* bus) const noexcept { sd_bus_flush_close_unref(bus); }
  };
  explicit Bus(sd_bus* taken) : bus_(taken) {}

  std::unique_ptr<sd_bus, Close> bus_;
};

}  // namespace ambit::bus
