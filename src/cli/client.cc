#include "cli/client.h"

#include <poll.h>

#include <cerrno>

namespace ambit::cli {
namespace {

constexpr char kContainerPrefix[] = "/org/ambit/Ambit1/container/";
constexpr char kProperties[] = "org.freedesktop.DBus.Properties";

constexpr int kAttempts = 5;
constexpr int kConnectAttempts = 25;
constexpr std::chrono::milliseconds kBetweenConnects{200};

}  // namespace

Result<Client> Client::connect() { return Client(AMBIT_TRY(bus::Bus::open_user())); }

Result<bus::Message> Client::new_manager_call(const char* member) {
  return bus_.new_call({.service = kService,
                        .path = kManagerPath,
                        .interface = kManagerInterface,
                        .member = member});
}

Result<bus::Message> Client::new_container_call(const std::string& path, const char* member) {
  return bus_.new_call(
      {.service = kService, .path = path, .interface = kContainerInterface, .member = member});
}

Result<bus::Message> Client::new_pod_call(const std::string& path, const char* member) {
  return bus_.new_call(
      {.service = kService, .path = path, .interface = kPodInterface, .member = member});
}

Result<bus::Message> Client::new_image_call(const std::string& path, const char* member) {
  return bus_.new_call(
      {.service = kService, .path = path, .interface = kImageInterface, .member = member});
}

Result<bus::Message> Client::call(const bus::Message& message) {
  Result<bus::Message> answer = bus_.call(message, bus::kNoTimeout);
  if (!answer) return explain_call_error(std::move(answer).error(), message.member());
  return answer;
}

Result<bus::Message> Client::ask(const bus::Message& message) {
  for (int attempt = 1;; ++attempt) {
    Result<bus::Message> answer = bus_.call(message, bus::kNoTimeout);
    if (answer) return answer;
    const bool lost_bus = bus_is_gone(answer.error());
    if ((!lost_bus && answer.error().code() != ErrorCode::Timeout) || attempt == kAttempts)
      return explain_call_error(std::move(answer).error(), message.member());
    if (lost_bus) AMBIT_TRY(reconnect());
  }
}

// Its socket is systemd's, which starts another one.
Result<void> Client::reconnect() {
  for (int attempt = 1;; ++attempt) {
    auto bus = bus::Bus::open_user();
    if (!bus && attempt == kConnectAttempts) return std::move(bus).error();
    if (bus) {
      bus_ = *std::move(bus);
      return {};
    }
    (void)::poll(nullptr, 0, static_cast<int>(kBetweenConnects.count()));
  }
}

Result<bus::Message> Client::new_property_call(const std::string& path, const char* interface,
                                               const char* name) {
  bus::Message message = AMBIT_TRY(bus_.new_call(
      {.service = kService, .path = path, .interface = kProperties, .member = "Get"}));
  AMBIT_TRY(message.append(std::string(interface), std::string(name)));
  return message;
}

Result<std::string> Client::find(const char* member, const std::string& name) {
  bus::Message message = AMBIT_TRY(new_manager_call(member));
  AMBIT_TRY(message.append(name));
  bus::Message answer = AMBIT_TRY(ask(message));
  return AMBIT_TRY(answer.read<bus::ObjectPath>()).value;
}

Result<std::string> Client::find_container(const std::string& name) {
  return find("GetContainer", name);
}

Result<std::string> Client::find_image(const std::string& name) { return find("GetImage", name); }

Result<std::string> Client::find_pod(const std::string& name) { return find("GetPod", name); }

namespace {

// The value of one object in GetManagedObjects: a{sa{sv}}.
Result<void> read_interfaces(bus::Message& message, const char* interface,
                             const std::function<Result<void>(bus::Message&)>& read) {
  AMBIT_TRY(bus::detail::enter(message.get(), 'a', "{sa{sv}}"));
  while (!AMBIT_TRY(bus::detail::at_end(message.get()))) {
    AMBIT_TRY(bus::detail::enter(message.get(), 'e', "sa{sv}"));
    if (AMBIT_TRY(message.read<std::string>()) == interface)
      AMBIT_TRY(read(message));
    else
      AMBIT_TRY(message.skip());
    AMBIT_TRY(bus::detail::leave(message.get()));
  }
  return bus::detail::leave(message.get());
}

}  // namespace

Result<void> for_each_object(Client& client, const char* interface,
                             const std::function<Result<void>(bus::Message&)>& read) {
  bus::Message call =
      AMBIT_TRY(client.bus().new_call({.service = kService,
                                       .path = kManagerPath,
                                       .interface = "org.freedesktop.DBus.ObjectManager",
                                       .member = "GetManagedObjects"}));
  bus::Message message = AMBIT_TRY(client.ask(call));
  AMBIT_TRY(bus::detail::enter(message.get(), 'a', "{oa{sa{sv}}}"));
  while (!AMBIT_TRY(bus::detail::at_end(message.get()))) {
    AMBIT_TRY(bus::detail::enter(message.get(), 'e', "oa{sa{sv}}"));
    AMBIT_TRY(message.skip());
    AMBIT_TRY(read_interfaces(message, interface, read));
    AMBIT_TRY(bus::detail::leave(message.get()));
  }
  return {};
}

bool bus_is_gone(const Error& error) {
  return error.sys_errno() == ENOTCONN || error.sys_errno() == ECONNRESET ||
         error.message().find(SD_BUS_ERROR_DISCONNECTED) != std::string::npos;
}

Error explain_call_error(Error error, const std::string& member) {
  if (bus_is_gone(error))
    return Error(ErrorCode::HostUnsupported,
                 "the user bus went away before it answered " + member +
                     " (see systemctl --user status dbus.service); containers go on");
  switch (error.code()) {
    case ErrorCode::Timeout:
      return std::move(error).context("ambitd ended before it answered " + member +
                                      " (see journalctl --user -u ambit.service)");
    case ErrorCode::HostUnsupported:
    case ErrorCode::NotFound:
      // Another client removed the object after its path was looked up.
      if (error.message().find("nknown object") != std::string::npos)
        return Error(ErrorCode::NoSuchContainer, "it has been removed meanwhile");
      // The bus's words where activation fails: by the name, or by systemd's unit.
      if (error.message().find("org.ambit.Ambit1") != std::string::npos ||
          error.message().find("ambit.service") != std::string::npos)
        return std::move(error).context(
            "ambitd can't be started (see systemctl --user status ambit.service)");
      return error;
    default:
      return error;
  }
}

std::string id_of_path(std::string_view path) {
  return std::string(path.substr(path.find_last_of('/') + 1));
}

std::string container_path(const std::string& id) { return kContainerPrefix + id; }

bool is_full_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace ambit::cli
