#include "registry/user_files.h"

#include <cstdlib>

namespace ambit::registry {
namespace {

std::string home() { return environment("HOME"); }

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string own_containers_dir() {
  const std::string config = environment("XDG_CONFIG_HOME");
  return (config.starts_with('/') ? config : home() + "/.config") + "/containers";
}

std::vector<std::string> auth_files() {
  if (std::string only = environment("REGISTRY_AUTH_FILE"); !only.empty()) return {only};
  const std::string docker = environment("DOCKER_CONFIG");
  return {environment("XDG_RUNTIME_DIR") + "/containers/auth.json",
          own_containers_dir() + "/auth.json",
          (docker.empty() ? home() + "/.docker" : docker) + "/config.json"};
}

std::vector<std::string> certificate_dirs(const std::string& host) {
  return {own_containers_dir() + "/certs.d/" + host,
          std::string(kSystemContainersDir) + "/certs.d/" + host, "/etc/docker/certs.d/" + host};
}

}  // namespace ambit::registry
