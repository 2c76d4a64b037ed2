#include "daemon/listing.h"

#include <algorithm>

#include "daemon/object_paths.h"
#include "engine/pods.h"

namespace ambit::daemon {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// "KEY" or "KEY=VALUE".
bool has_label(const engine::Container& container, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const auto& labels = container.record.options.labels;
  const auto found = labels.find(wanted.substr(0, equals));
  if (found == labels.end()) return false;
  return equals == std::string::npos || found->second == wanted.substr(equals + 1);
}

using Predicate = bool (*)(const engine::Container&, const std::string&);

const std::map<std::string, Predicate>& container_filters() {
  static const std::map<std::string, Predicate> table = {
      {"state",
       [](const engine::Container& container, const std::string& value) {
         return engine::to_string(container.run.state) == value;
       }},
      {"name", [](const engine::Container& container,
                  const std::string& value) { return contains(container.record.name, value); }},
      {"label", has_label},
      {"pod", [](const engine::Container& container,
                 const std::string& value) { return container.record.options.pod == value; }},
      {"image",
       [](const engine::Container& container, const std::string& value) {
         return container.record.image == value || container.record.image_id == value;
       }},
  };
  return table;
}

Error unknown_key(const std::string& key) {
  return Error(ErrorCode::InvalidArgument, "filter \"" + key + "\" is not known");
}

bool matches(const engine::Container& container, const Filter& filter) {
  return std::all_of(filter.begin(), filter.end(), [&](const auto& entry) {
    return container_filters().at(entry.first)(container, entry.second);
  });
}

bool has_reference(const image::ImageRecord& image, const std::string& part) {
  return std::any_of(image.references.begin(), image.references.end(),
                     [&](const std::string& reference) { return contains(reference, part); });
}

}  // namespace

Result<std::vector<ContainerRow>> list_containers(const engine::Engine& engine,
                                                  const Filter& filter) {
  for (const auto& [key, value] : filter)
    if (container_filters().count(key) == 0) return unknown_key(key);
  std::vector<const engine::Container*> chosen;
  for (const auto& [id, container] : engine.containers())
    if (matches(*container, filter)) chosen.push_back(container.get());
  std::sort(chosen.begin(), chosen.end(),
            [](const engine::Container* a, const engine::Container* b) {
              return a->record.created_usec > b->record.created_usec;
            });
  std::vector<ContainerRow> rows;
  for (const engine::Container* container : chosen) {
    const spec::ContainerRecord& record = container->record;
    rows.emplace_back(record.id, record.name, record.image, engine::to_string(container->run.state),
                      container->run.exit_code, record.created_usec,
                      bus::ObjectPath{container_path(record.id)});
  }
  return rows;
}

Result<std::vector<PodRow>> list_pods(engine::Engine& engine, const Filter& filter) {
  for (const auto& [key, value] : filter)
    if (key != "name" && key != "state") return unknown_key(key);
  const auto name = filter.find("name");
  const auto state = filter.find("state");
  std::vector<PodRow> rows;
  for (const auto& [pod_name, pod] : engine.pods().all()) {
    if (name != filter.end() && !contains(pod_name, name->second)) continue;
    if (state != filter.end() && to_string(pod->run.state) != state->second) continue;
    rows.emplace_back(pod_name, to_string(pod->run.state),
                      static_cast<std::uint32_t>(pod->run.containers.size()),
                      pod->record.created_usec, bus::ObjectPath{pod_path(pod_name)});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const PodRow& a, const PodRow& b) {
    return std::get<3>(a) > std::get<3>(b);
  });
  return rows;
}

Result<std::vector<ImageRow>> list_images(const engine::Engine& engine, const Filter& filter) {
  for (const auto& [key, value] : filter)
    if (key != "reference") return unknown_key(key);
  const auto wanted = filter.find("reference");
  std::vector<ImageRow> rows;
  for (const image::ImageRecord& image : engine.images().images()) {
    if (wanted != filter.end() && !has_reference(image, wanted->second)) continue;
    rows.emplace_back(image.id, image.references, image.size_bytes, image.config.created_usec,
                      bus::ObjectPath{image_path(image.id)});
  }
  return rows;
}

}  // namespace ambit::daemon
