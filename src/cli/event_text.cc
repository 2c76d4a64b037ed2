#include "cli/event_text.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "cli/human.h"
#include "cli/json_text.h"
#include "cli/time_text.h"

namespace ambit::cli {
namespace {

constexpr std::string_view kKeys[] = {"type", "event", "container", "image", "label"};

Json labels_of(const systemd::PastEvent& event) {
  Json labels = Json::parse(event.field("AMBIT_LABELS"), nullptr, /*allow_exceptions=*/false);
  return labels.is_object() ? labels : Json::object();
}

bool has_label(const systemd::PastEvent& event, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const Json labels = labels_of(event);
  const auto label = labels.find(wanted.substr(0, equals));
  if (label == labels.end()) return false;
  return equals == std::string::npos || *label == wanted.substr(equals + 1);
}

bool is_image(const systemd::PastEvent& event, const std::string& wanted) {
  const std::string name = short_reference(event.field("IMAGE_NAME"));
  const std::string plain = short_reference(wanted);
  const std::string id = event.field("AMBIT_IMAGE_ID");
  return name == plain || name == plain + ":latest" || name + ":latest" == plain ||
         (!id.empty() && plain.size() >= 4 && id.starts_with(plain));
}

bool matches_value(const systemd::PastEvent& event, const std::string& key,
                   const std::string& wanted) {
  if (key == "type") return event.kind->type == wanted;
  if (key == "event") return event.kind->name == wanted || event.kind->docker_name == wanted;
  if (key == "image") return is_image(event, wanted);
  const std::string id = event.field("CONTAINER_ID_FULL");
  return event.field("CONTAINER_NAME") == wanted ||
         (wanted.size() >= 3 && id.starts_with(wanted)) || event.field("AMBIT_OLD_NAME") == wanted;
}

// "AMBIT_EXIT_CODE" is "exitCode".
std::string member_name(std::string_view field) {
  std::string name;
  bool is_upper = false;
  for (const char c : field) {
    if (c == '_') {
      is_upper = true;
      continue;
    }
    name += is_upper || c < 'A' || c > 'Z' ? c : static_cast<char>(c - 'A' + 'a');
    is_upper = false;
  }
  return name;
}

}  // namespace

Result<EventFilter> parse_event_filter(const std::vector<std::string>& texts) {
  EventFilter filter;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (equals == std::string::npos ||
        std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys))
      return Error(
          ErrorCode::InvalidArgument,
          "--filter '" + text + "': it is type=, event=, container=, image= or label=VALUE");
    filter.wanted[key].push_back(text.substr(equals + 1));
  }
  return filter;
}

bool matches(const EventFilter& filter, const systemd::PastEvent& event) {
  return std::all_of(filter.wanted.begin(), filter.wanted.end(), [&](const auto& entry) {
    const auto& [key, values] = entry;
    if (key == "label")
      return std::all_of(values.begin(), values.end(),
                         [&](const std::string& value) { return has_label(event, value); });
    return std::any_of(values.begin(), values.end(), [&, &name = key](const std::string& value) {
      return matches_value(event, name, value);
    });
  });
}

std::string show_event(const systemd::PastEvent& event) {
  const std::string container = event.field("CONTAINER_ID");
  const std::string id =
      container.empty() ? std::string(short_id(event.field("AMBIT_IMAGE_ID"))) : container;
  return strf("%s %s %s %s %s\n", format_timestamp(event.realtime_usec).c_str(), event.kind->type,
              event.kind->name, id.c_str(), printable(event.message).c_str());
}

std::string show_event_as_json(const systemd::PastEvent& event) {
  Json json = {{"timeUsec", event.realtime_usec},
               {"type", event.kind->type},
               {"event", event.kind->name},
               {"message", event.message}};
  const bool is_image = std::string_view(event.kind->type) == "image";
  json["id"] = event.field(is_image ? "AMBIT_IMAGE_ID" : "CONTAINER_ID_FULL");
  json["name"] = event.field(is_image ? "IMAGE_NAME" : "CONTAINER_NAME");
  if (!is_image) json["image"] = event.field("IMAGE_NAME");
  if (!is_image) json["labels"] = labels_of(event);
  constexpr std::string_view kPrefix = "AMBIT_";
  for (const auto& [name, value] : event.fields) {
    if (!name.starts_with(kPrefix) || name.starts_with("AMBIT_EVENT") || name == "AMBIT_LABELS" ||
        name == "AMBIT_IMAGE_ID")
      continue;
    const std::string member = member_name(std::string_view(name).substr(kPrefix.size()));
    const auto number = parse_int(value);
    if (number && name != "AMBIT_OLD_NAME" && name != "AMBIT_EXEC_ID")
      json[member] = *number;
    else
      json[member] = value;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ambit::cli
