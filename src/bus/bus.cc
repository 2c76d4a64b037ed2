#include "bus/bus.h"

#include <cerrno>
#include <cstdlib>
#include <exception>

#include "base/log.h"
#include "base/strings.h"
#include "bus/error_names.h"
#include "dbus/address.h"

namespace ambit::bus {
namespace {

Result<void> check(int r, const std::string& what) {
  if (r < 0) return Error::from_errno(-r, what);
  return {};
}

std::uint64_t to_usec(std::chrono::microseconds timeout) {
  return timeout == kNoTimeout ? UINT64_MAX : static_cast<std::uint64_t>(timeout.count());
}

using Call = std::function<void(Message&)>;

// A reply's callback returns nothing that sd-bus could do something about, and a signal may have
// further takers: always 0.
int on_reply(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  const auto& done = *static_cast<Bus::Done*>(userdata);
  if (sd_bus_message_is_method_error(message, nullptr) > 0)
    done(from_bus_error(*sd_bus_message_get_error(message), -EIO));
  else
    done(Message::share(*message));
  return 0;
} catch (const std::exception& e) {
  log(LogLevel::Error, "D-Bus reply: %s", e.what());
  return 0;
}

int on_signal(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  Message shared = Message::share(*message);
  (*static_cast<Call*>(userdata))(shared);
  return 0;
} catch (const std::exception& e) {
  log(LogLevel::Error, "D-Bus signal: %s", e.what());
  return 0;
}

using Watch = std::function<void(const Message&)>;

int on_any_message(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  (*static_cast<Watch*>(userdata))(Message::share(*message));
  return 0;
} catch (const std::exception& e) {
  log(LogLevel::Error, "D-Bus message: %s", e.what());
  return 0;
}

// sd-bus keeps a slot alive while its callback runs and calls this afterwards, so the callback may
// drop its own slot.
template <typename T>
void destroy_call(void* call) {
  delete static_cast<T*>(call);
}

template <typename T>
Result<Slot> owning(int r, sd_bus_slot* slot, std::unique_ptr<T> call, const std::string& what) {
  if (r < 0) return Error::from_errno(-r, what);
  Slot owned(slot);
  AMBIT_TRY(check(sd_bus_slot_set_destroy_callback(slot, destroy_call<T>), what));
  (void)call.release();
  return owned;
}

void add_part(std::string& rule, const char* key, const std::string& value) {
  if (!value.empty()) rule += strf(",%s='%s'", key, value.c_str());
}

}  // namespace

void Slot::detach() noexcept {
  if (slot_ == nullptr) return;
  (void)sd_bus_slot_set_floating(slot_, 1);
  reset();
}

Result<Bus> Bus::open_user() {
  sd_bus* raw = nullptr;
  const int r = sd_bus_open_user(&raw);
  if (r < 0) return dbus::no_user_bus(Error::from_errno(-r, "sd-bus"));
  Bus bus(raw);
  // Waits for the bus to accept us, so that a dead one is told from a failing call.
  const char* name = nullptr;
  const int greeted = sd_bus_get_unique_name(raw, &name);
  if (greeted < 0) return dbus::no_user_bus(Error::from_errno(-greeted, "sd-bus"));
  return bus;
}

Result<Bus> Bus::open_system() {
  sd_bus* raw = nullptr;
  const int r = sd_bus_open_system(&raw);
  if (r < 0) return Error::from_errno(-r, "no system bus").with_code(ErrorCode::HostUnsupported);
  return Bus(raw);
}

Result<void> Bus::attach(const EventLoop& loop) {
  return check(sd_bus_attach_event(bus_.get(), loop.get(), SD_EVENT_PRIORITY_NORMAL),
               "attaching the bus to the event loop");
}

Result<Message> Bus::new_call(const Target& target) {
  sd_bus_message* message = nullptr;
  AMBIT_TRY(
      check(sd_bus_message_new_method_call(bus_.get(), &message, target.service,
                                           target.path.c_str(), target.interface, target.member),
            strf("calling %s at \"%s\"", target.member, target.path.c_str())));
  return Message(message);
}

Result<Message> Bus::new_signal(const std::string& path, const char* interface,
                                const char* member) {
  sd_bus_message* message = nullptr;
  AMBIT_TRY(check(sd_bus_message_new_signal(bus_.get(), &message, path.c_str(), interface, member),
                  strf("making signal %s", member)));
  return Message(message);
}

Result<Message> Bus::call(const Message& message, std::chrono::microseconds timeout) {
  sd_bus_error error = {nullptr, nullptr, 0};
  sd_bus_message* answer = nullptr;
  const int r = sd_bus_call(bus_.get(), message.get(), to_usec(timeout), &error, &answer);
  if (r >= 0) return Message(answer);
  Error failure = from_bus_error(error, r);
  sd_bus_error_free(&error);
  return failure;
}

Result<Slot> Bus::call_async(const Message& message, Done done, std::chrono::microseconds timeout) {
  auto kept = std::make_unique<Done>(std::move(done));
  sd_bus_slot* slot = nullptr;
  const int r =
      sd_bus_call_async(bus_.get(), &slot, message.get(), on_reply, kept.get(), to_usec(timeout));
  return owning(r, slot, std::move(kept), "calling " + message.member());
}

Result<void> Bus::send(const Message& message) {
  return check(sd_bus_send(bus_.get(), message.get(), nullptr), "sending " + message.member());
}

Result<Slot> Bus::match(const SignalMatch& match, Call call) {
  std::string rule = "type='signal'";
  add_part(rule, "sender", match.sender);
  add_part(rule, "path", match.path);
  add_part(rule, "interface", match.interface);
  add_part(rule, "member", match.member);
  auto kept = std::make_unique<Call>(std::move(call));
  sd_bus_slot* slot = nullptr;
  const int r =
      sd_bus_add_match_async(bus_.get(), &slot, rule.c_str(), on_signal, nullptr, kept.get());
  return owning(r, slot, std::move(kept), "matching " + rule);
}

Result<Slot> Bus::add_vtable(const std::string& path, const char* interface,
                             const sd_bus_vtable* vtable, void* userdata) {
  sd_bus_slot* slot = nullptr;
  AMBIT_TRY(
      check(sd_bus_add_object_vtable(bus_.get(), &slot, path.c_str(), interface, vtable, userdata),
            strf("publishing %s at %s", interface, path.c_str())));
  return Slot(slot);
}

Result<Slot> Bus::add_object_manager(const std::string& path) {
  sd_bus_slot* slot = nullptr;
  AMBIT_TRY(check(sd_bus_add_object_manager(bus_.get(), &slot, path.c_str()),
                  "publishing the object manager at " + path));
  return Slot(slot);
}

Result<void> Bus::emit_properties_changed(const std::string& path, const char* interface,
                                          const std::vector<std::string>& names) {
  if (names.empty()) return {};
  // sd-bus takes char** and changes nothing.
  std::vector<char*> list;
  for (const std::string& name : names) list.push_back(const_cast<char*>(name.c_str()));
  list.push_back(nullptr);
  return check(
      sd_bus_emit_properties_changed_strv(bus_.get(), path.c_str(), interface, list.data()),
      "telling of changes at " + path);
}

Result<void> Bus::emit_interfaces_added(const std::string& path, const char* interface) {
  return check(sd_bus_emit_interfaces_added(bus_.get(), path.c_str(), interface, nullptr),
               "telling of the new object " + path);
}

Result<void> Bus::emit_interfaces_removed(const std::string& path, const char* interface) {
  return check(sd_bus_emit_interfaces_removed(bus_.get(), path.c_str(), interface, nullptr),
               "telling of the end of " + path);
}

Result<void> Bus::request_name(const char* name) {
  const int r = sd_bus_request_name(bus_.get(), name, 0);
  if (r == -EEXIST)
    return Error(ErrorCode::AlreadyExists, strf("%s is owned by another process", name));
  return check(r, strf("requesting the name %s", name));
}

Result<void> Bus::release_name(const char* name) {
  return check(sd_bus_release_name(bus_.get(), name), strf("releasing the name %s", name));
}

Result<Slot> Bus::watch_messages(Watch call) {
  auto kept = std::make_unique<Watch>(std::move(call));
  sd_bus_slot* slot = nullptr;
  const int r = sd_bus_add_filter(bus_.get(), &slot, on_any_message, kept.get());
  return owning(r, slot, std::move(kept), "watching the bus");
}

Result<Slot> Bus::on_disconnect(std::function<void()> call) {
  // sd-bus makes this signal itself, sd_bus_set_connected_signal(3).
  return match({.sender = "org.freedesktop.DBus.Local",
                .path = "/org/freedesktop/DBus/Local",
                .interface = "org.freedesktop.DBus.Local",
                .member = "Disconnected"},
               [call = std::move(call)](Message&) { call(); });
}

Result<void> Bus::dispatch_arrived() {
  int r = 0;
  do r = sd_bus_process(bus_.get(), nullptr);
  while (r > 0);
  return check(r, "dispatching D-Bus messages");
}

Result<void> Bus::flush() { return check(sd_bus_flush(bus_.get()), "flushing the bus"); }

void Bus::close() noexcept {
  (void)sd_bus_flush(bus_.get());
  sd_bus_close(bus_.get());
}

}  // namespace ambit::bus
