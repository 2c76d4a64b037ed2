#include "cli/pod_row.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "bus/options.h"

namespace ambit::cli {
namespace {

constexpr std::string_view kFilterKeys[] = {"name", "status", "label"};

Result<PodRow> read_properties(bus::Message& message) {
  PodRow row;
  bus::OptionReader reader;
  reader.add("Name", row.name)
      .add("State", row.state)
      .add("Unit", row.unit)
      .add("ControlGroup", row.control_group)
      .add("Hostname", row.hostname)
      .add("Share", row.share)
      .add("Labels", row.labels)
      .add("CreatedAt", row.created_usec)
      .add("Shared", row.shared);
  AMBIT_TRY(reader.read(message, bus::UnknownKeys::Skip));
  return row;
}

bool has_label(const PodRow& row, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const auto label = row.labels.find(wanted.substr(0, equals));
  return label != row.labels.end() &&
         (equals == std::string::npos || label->second == wanted.substr(equals + 1));
}

bool matches_value(const PodRow& row, const std::string& key, const std::string& wanted) {
  if (key == "name") return row.name.find(wanted) != std::string::npos;
  if (key == "status") return row.state == wanted;
  return has_label(row, wanted);
}

}  // namespace

Result<std::vector<PodRow>> list_pods(Client& client) {
  std::vector<PodRow> rows;
  const auto add = [&rows](bus::Message& message) -> Result<void> {
    rows.push_back(AMBIT_TRY(read_properties(message)));
    return {};
  };
  AMBIT_TRY(for_each_object(client, kPodInterface, add));
  for (ContainerRow& container : AMBIT_TRY(list_containers(client)))
    for (PodRow& row : rows)
      if (row.name == container.pod) row.containers.push_back(container);
  std::stable_sort(rows.begin(), rows.end(), [](const PodRow& a, const PodRow& b) {
    return a.created_usec > b.created_usec;
  });
  return rows;
}

Result<PodFilter> parse_pod_filter(const std::vector<std::string>& texts) {
  PodFilter filter;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    std::string key = text.substr(0, equals);
    if (key == "state") key = "status";
    if (equals == std::string::npos ||
        std::find(std::begin(kFilterKeys), std::end(kFilterKeys), key) == std::end(kFilterKeys))
      return Error(ErrorCode::InvalidArgument,
                   "--filter '" + text + "': it is name=, status= or label=VALUE");
    filter.wanted[key].push_back(text.substr(equals + 1));
  }
  return filter;
}

bool matches(const PodFilter& filter, const PodRow& row) {
  return std::all_of(filter.wanted.begin(), filter.wanted.end(), [&row](const auto& entry) {
    const auto& [key, values] = entry;
    const auto fits = [&row, &name = key](const std::string& value) {
      return matches_value(row, name, value);
    };
    return key == "label" ? std::all_of(values.begin(), values.end(), fits)
                          : std::any_of(values.begin(), values.end(), fits);
  });
}

std::string status_text(const PodRow& row) {
  const auto up = static_cast<std::size_t>(std::count_if(
      row.containers.begin(), row.containers.end(),
      [](const ContainerRow& each) { return each.state == "running" || each.state == "paused"; }));
  std::string text = row.state;
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  if (up == row.containers.size()) return up == 0 ? text : text + strf(" (%zu)", up);
  return up == 0 ? text : text + strf(" (%zu of %zu)", up, row.containers.size());
}

}  // namespace ambit::cli
