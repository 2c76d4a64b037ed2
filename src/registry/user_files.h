#pragma once

#include <string>
#include <vector>

// Where the files that ambit shares with other tools of containers are.
namespace ambit::registry {

constexpr char kSystemContainersDir[] = "/etc/containers";

// The variable's value; "" where it is not set.
std::string environment(const char* name);

// $XDG_CONFIG_HOME/containers, or ~/.config/containers.
std::string own_containers_dir();

// Those that may hold credentials, by containers-auth.json(5): $REGISTRY_AUTH_FILE alone where it
// is set; else $XDG_RUNTIME_DIR/containers/auth.json, auth.json of own_containers_dir(), and
// docker's config.json ($DOCKER_CONFIG, or ~/.docker).
std::vector<std::string> auth_files();

// HOST[:PORT]'s folders of certificates, containers-certs.d(5): our own first, then the system's
// and docker's.
std::vector<std::string> certificate_dirs(const std::string& host);

}  // namespace ambit::registry
