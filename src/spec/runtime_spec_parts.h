#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "spec/json_reader.h"
#include "spec/runtime_spec.h"

// The parts of config.json, each read and written in a file of its own. Wrong members are
// remembered by the reader.
namespace ambit::spec {

ProcessSpec parse_process(JsonReader& read, const nlohmann::json& object);
nlohmann::json write_process(const ProcessSpec& process);

Hooks parse_hooks(JsonReader& read, const nlohmann::json& object);
nlohmann::json write_hooks(const Hooks& hooks);

Resources parse_resources(JsonReader& read, const nlohmann::json& object);
nlohmann::json write_resources(const Resources& resources);

Seccomp parse_seccomp(JsonReader& read, const nlohmann::json& object);
nlohmann::json write_seccomp(const Seccomp& seccomp);

std::vector<Mount> parse_mounts(JsonReader& read, const nlohmann::json& document);
nlohmann::json write_mounts(const std::vector<Mount>& mounts);

std::vector<IdMapping> parse_mappings(JsonReader& read, const nlohmann::json& object,
                                      const char* name);
nlohmann::json write_mappings(const std::vector<IdMapping>& mappings);

void parse_linux(JsonReader& read, const nlohmann::json& linux, RuntimeSpec& spec);
nlohmann::json write_linux(const RuntimeSpec& spec);

template <typename T>
void write_optional(nlohmann::json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}
template <typename T>
void write_filled(nlohmann::json& object, const char* name, const T& value) {
  if (!value.empty()) object[name] = value;
}

}  // namespace ambit::spec
