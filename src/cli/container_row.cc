#include "cli/container_row.h"

#include <algorithm>

#include "base/strings.h"
#include "bus/options.h"
#include "cli/human.h"

namespace ambit::cli {
namespace {

constexpr char kRestarting[] = "restarting";  // no state on the bus: it has exited until then
constexpr std::string_view kFilterKeys[] = {"name",  "id",     "status", "image",
                                            "label", "exited", "health", "pod"};

Result<ContainerRow> read_properties(bus::Message& message) {
  ContainerRow row;
  bus::OptionReader reader;
  reader.add("Id", row.id)
      .add("Name", row.name)
      .add("Image", row.image)
      .add("ImageId", row.image_id)
      .add("Command", row.command)
      .add("State", row.state)
      .add("Unit", row.unit)
      .add("Labels", row.labels)
      .add("Pod", row.pod)
      .add("CreatedAt", row.created_usec)
      .add("StartedAt", row.started_usec)
      .add("ExitedAt", row.exited_usec)
      .add("ExitCode", row.exit_code)
      .add("ExitReason", row.exit_reason)
      .add("MainPID", row.main_pid)
      .add("PastRuns", row.past_runs)
      .add("OomKilled", row.oom_killed)
      .add("Health", row.health)
      .add("RestartPolicy", row.restart_policy)
      .add("RestartCount", row.restart_count)
      .add("RestartAt", row.restart_usec);
  AMBIT_TRY(reader.read(message, bus::UnknownKeys::Skip));
  return row;
}

bool matches_label(const ContainerRow& row, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const auto label = row.labels.find(wanted.substr(0, equals));
  return label != row.labels.end() &&
         (equals == std::string::npos || label->second == wanted.substr(equals + 1));
}

bool matches_image(const ContainerRow& row, const std::string& wanted) {
  const std::string image = short_reference(row.image);
  const std::string plain = short_reference(wanted);
  return image == plain || image == plain + ":latest" || image + ":latest" == plain ||
         (!row.image_id.empty() && plain.size() >= 4 && row.image_id.starts_with(plain));
}

bool matches_value(const ContainerRow& row, const std::string& key, const std::string& wanted) {
  if (key == "name") return row.name.find(wanted) != std::string::npos;
  if (key == "id") return row.id.starts_with(wanted);
  if (key == "status" && wanted == kRestarting) return row.restart_usec != 0;
  if (key == "status") return row.state == wanted;
  if (key == "image") return matches_image(row, wanted);
  if (key == "health") return row.health == (wanted == "none" ? "" : wanted);
  if (key == "pod") return row.pod == wanted;
  if (key == "exited") return row.state == "exited" && strf("%d", row.exit_code) == wanted;
  return matches_label(row, wanted);
}

}  // namespace

Result<std::vector<ContainerRow>> list_containers(Client& client) {
  std::vector<ContainerRow> rows;
  const auto add = [&rows](bus::Message& message) -> Result<void> {
    rows.push_back(AMBIT_TRY(read_properties(message)));
    return {};
  };
  AMBIT_TRY(for_each_object(client, kContainerInterface, add));
  std::stable_sort(rows.begin(), rows.end(), [](const ContainerRow& a, const ContainerRow& b) {
    return a.created_usec > b.created_usec;
  });
  return rows;
}

Result<void> add_sizes(Client& client, std::vector<ContainerRow>& rows) {
  if (rows.empty()) return {};
  std::vector<std::string> ids;
  for (const ContainerRow& row : rows) ids.push_back(row.id);
  bus::Message call = AMBIT_TRY(client.new_manager_call("ContainerSizes"));
  AMBIT_TRY(call.append(ids));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  using Row = std::tuple<bus::ObjectPath, std::uint64_t>;
  std::map<std::string, std::uint64_t> sizes;
  for (const auto& [path, bytes] : AMBIT_TRY(answer.read<std::vector<Row>>()))
    sizes[id_of_path(path.value)] = bytes;
  for (ContainerRow& row : rows) {
    const auto size = sizes.find(row.id);
    if (size != sizes.end() && size->second != UINT64_MAX) row.size_bytes = size->second;
  }
  return {};
}

bool is_running(const ContainerRow& row) {
  return row.state == "starting" || row.state == "running" || row.state == "paused" ||
         row.state == "stopping" || row.restart_usec != 0;
}

namespace {

// A reason that the code does not tell stands beside it.
std::string code_text(const ContainerRow& row) {
  std::string text =
      row.exit_code >= 0 && row.exit_reason != "lost" ? strf("%d", row.exit_code) : "unknown";
  if (row.exit_reason == "oom" || row.exit_reason == "timeout") text += ", " + row.exit_reason;
  return text;
}

// As docker has it.
std::string health_text(const ContainerRow& row) {
  if (row.health.empty()) return "";
  return row.health == "starting" ? " (health: starting)" : " (" + row.health + ")";
}

std::string restart_text(const ContainerRow& row, std::int64_t now_usec) {
  const std::int64_t left = row.restart_usec - now_usec;
  const std::string when =
      left > 0 ? strf("in %lld s", static_cast<long long>((left + 999'999) / 1'000'000)) : "now";
  return "Restarting (" + code_text(row) + ") " + when;
}

}  // namespace

std::string status_text(const ContainerRow& row, std::int64_t now_usec) {
  if (row.state == "running" || row.state == "paused") {
    const std::int64_t since = now_usec > row.started_usec ? now_usec - row.started_usec : 0;
    return "Up " + human_duration(since) + (row.state == "paused" ? " (paused)" : "") +
           health_text(row);
  }
  if (row.restart_usec != 0) return restart_text(row, now_usec);
  if (row.state == "exited") {
    const std::string ago = human_ago(row.exited_usec, now_usec);
    return "Exited (" + code_text(row) + ")" + (ago.empty() ? "" : " " + ago);
  }
  std::string text = row.state;
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

Result<ContainerFilter> parse_container_filter(const std::vector<std::string>& texts) {
  ContainerFilter filter;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      return Error(ErrorCode::InvalidArgument, "--filter '" + text + "': write KEY=VALUE");
    std::string key = text.substr(0, equals);
    if (key == "ancestor") key = "image";
    if (key == "state") key = "status";
    if (std::find(std::begin(kFilterKeys), std::end(kFilterKeys), key) == std::end(kFilterKeys))
      return Error(ErrorCode::InvalidArgument,
                   "--filter '" + text +
                       "': the key is name, id, status, image (ancestor), label, exited, health "
                       "or pod");
    filter.wanted[key].push_back(text.substr(equals + 1));
  }
  return filter;
}

bool matches(const ContainerFilter& filter, const ContainerRow& row) {
  for (const auto& [key, values] : filter.wanted) {
    const auto fits = [&key = key, &row](const std::string& value) {
      return matches_value(row, key, value);
    };
    const bool all = key == "label";
    if (all ? !std::all_of(values.begin(), values.end(), fits)
            : !std::any_of(values.begin(), values.end(), fits))
      return false;
  }
  return true;
}

}  // namespace ambit::cli
