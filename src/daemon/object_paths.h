#pragma once

#include <string>

#include "systemd/unit_name.h"

// Where the objects are on the bus, and what they are called.
namespace ambit::daemon {

constexpr char kBusName[] = "org.ambit.Ambit1";
constexpr char kManagerPath[] = "/org/ambit/Ambit1";

constexpr char kManagerInterface[] = "org.ambit.Ambit1.Manager";
constexpr char kContainerInterface[] = "org.ambit.Ambit1.Container";
constexpr char kExecInterface[] = "org.ambit.Ambit1.Exec";
constexpr char kImageInterface[] = "org.ambit.Ambit1.Image";
constexpr char kPodInterface[] = "org.ambit.Ambit1.Pod";
constexpr char kTransferInterface[] = "org.ambit.Ambit1.Transfer";

// An ID is hex digits, which need no escape in a path.
inline std::string container_path(const std::string& id) {
  return std::string(kManagerPath) + "/container/" + id;
}
inline std::string exec_path(const std::string& id) {
  return std::string(kManagerPath) + "/exec/" + id;
}
inline std::string image_path(const std::string& id) {
  return std::string(kManagerPath) + "/image/" + id;
}
inline std::string transfer_path(const std::string& id) {
  return std::string(kManagerPath) + "/transfer/" + id;
}

// A name may have what a path may not.
inline std::string pod_path(const std::string& name) {
  return std::string(kManagerPath) + "/pod/" + systemd::bus_path_part(name);
}

}  // namespace ambit::daemon
