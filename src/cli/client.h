#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/options.h"

// org.ambit.Ambit1 as its client sees it (dbus/*.xml). The first call starts ambitd by activation.
namespace ambit::cli {

constexpr char kService[] = "org.ambit.Ambit1";
constexpr char kManagerPath[] = "/org/ambit/Ambit1";
constexpr char kManagerInterface[] = "org.ambit.Ambit1.Manager";
constexpr char kContainerInterface[] = "org.ambit.Ambit1.Container";
constexpr char kExecInterface[] = "org.ambit.Ambit1.Exec";
constexpr char kImageInterface[] = "org.ambit.Ambit1.Image";
constexpr char kPodInterface[] = "org.ambit.Ambit1.Pod";

class Client {
 public:
  // HostUnsupported, with the fix, where there is no user bus.
  static Result<Client> connect();

  bus::Bus& bus() noexcept { return bus_; }

  Result<bus::Message> new_manager_call(const char* member);
  Result<bus::Message> new_container_call(const std::string& path, const char* member);
  Result<bus::Message> new_pod_call(const std::string& path, const char* member);
  Result<bus::Message> new_image_call(const std::string& path, const char* member);

  // Sends and waits as long as it takes: a load, a stop and a start have their own ends.
  Result<bus::Message> call(const bus::Message& message);

  // The same for a question that changes nothing: put to ambitd's successor where ambitd dies over
  // it, over a new connection where the bus does.
  Result<bus::Message> ask(const bus::Message& message);

  // A new connection in place of one whose bus has gone, at most some seconds later; to be attached
  // to a loop again. Whatever the old one had subscribed to and asked is over.
  Result<void> reconnect();

  // The object path; NoSuchContainer and NoSuchImage where there is none.
  Result<std::string> find_container(const std::string& name);
  Result<std::string> find_image(const std::string& name);
  Result<std::string> find_pod(const std::string& name);

  template <typename T>
  Result<T> property(const std::string& path, const char* interface, const char* name) {
    bus::Message message = AMBIT_TRY(new_property_call(path, interface, name));
    bus::Message answer = AMBIT_TRY(ask(message));
    auto value = AMBIT_TRY(answer.template read<bus::Variant<T>>());
    return std::move(value.value);
  }

 private:
  explicit Client(bus::Bus bus) : bus_(std::move(bus)) {}

  Result<bus::Message> new_property_call(const std::string& path, const char* interface,
                                         const char* name);
  Result<std::string> find(const char* member, const std::string& name);

  bus::Bus bus_;
};

// Calls `read` with the properties, an a{sv} to be read, of each object that has the interface: one
// call of GetManagedObjects.
Result<void> for_each_object(Client& client, const char* interface,
                             const std::function<Result<void>(bus::Message&)>& read);

// Whether a call failed because the user bus itself went away.
bool bus_is_gone(const Error& error);

// Says what a failure of the bus to deliver `member` means here, and where to look. Other errors
// pass unchanged.
Error explain_call_error(Error error, const std::string& member);

// The ID in a container's or image's object path: its last part.
std::string id_of_path(std::string_view path);

// Where a container of this full ID is.
std::string container_path(const std::string& id);

// True for 64 lower-case hex digits.
bool is_full_id(std::string_view text);

}  // namespace ambit::cli
