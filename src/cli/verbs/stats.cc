#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <tuple>

#include "base/strings.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/human.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

// CPU use is a difference between two looks.
constexpr std::chrono::milliseconds kFirstInterval{500};
constexpr std::chrono::milliseconds kInterval{1000};

using Values = std::map<std::string, bus::Variant<std::uint64_t>>;

struct Sample {
  std::string id, name;
  Values values;

  std::optional<std::uint64_t> get(const char* key) const {
    const auto found = values.find(key);
    if (found == values.end()) return std::nullopt;
    return found->second.value;
  }
};

using Samples = std::map<std::string, Sample>;  // by ID

Result<Samples> take_samples(Client& client, const std::vector<std::string>& names) {
  bus::Message call = AMBIT_TRY(client.new_manager_call("ContainerStatistics"));
  AMBIT_TRY(call.append(names));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  using Row = std::tuple<bus::ObjectPath, std::string, Values>;
  Samples samples;
  for (auto& [path, name, values] : AMBIT_TRY(answer.read<std::vector<Row>>())) {
    const std::string id = id_of_path(path.value);
    samples.emplace(id, Sample{.id = id, .name = std::move(name), .values = std::move(values)});
  }
  return samples;
}

// 100 is one processor. Nothing for a container that has just come.
std::optional<double> cpu_percent(const Sample& now, const Samples& before) {
  const auto found = before.find(now.id);
  if (found == before.end()) return std::nullopt;
  const auto usec = now.get("TimeUSec").value_or(0) - found->second.get("TimeUSec").value_or(0);
  const auto used = now.get("CpuUSec").value_or(0);
  const auto was = found->second.get("CpuUSec").value_or(0);
  // Started anew: the count began again.
  if (usec == 0 || used < was) return std::nullopt;
  return 100.0 * static_cast<double>(used - was) / static_cast<double>(usec);
}

std::optional<double> memory_percent(const Sample& sample) {
  const auto limit = sample.get("MemoryLimitBytes");
  if (!limit || *limit == UINT64_MAX || *limit == 0) return std::nullopt;
  return 100.0 * static_cast<double>(sample.get("MemoryBytes").value_or(0)) /
         static_cast<double>(*limit);
}

std::string percent(const std::optional<double>& value) {
  return value ? strf("%.2f%%", *value) : "-";
}

std::string size(const std::optional<std::uint64_t>& bytes) {
  if (!bytes) return "-";
  return *bytes == UINT64_MAX ? "unlimited" : human_size(*bytes);
}

std::string pair(const std::optional<std::uint64_t>& one, const std::optional<std::uint64_t>& two) {
  return one || two ? size(one) + " / " + size(two) : "-";
}

std::string cpu_time(const Sample& sample) {
  return strf("%.2fs", static_cast<double>(sample.get("CpuUSec").value_or(0)) / 1e6);
}

std::string show_table(const Samples& now, const Samples& before) {
  Table table({"CONTAINER ID", "NAME", "CPU %", "CPU TIME", "MEM USAGE / LIMIT", "MEM %", "NET I/O",
               "BLOCK I/O", "PIDS"});
  for (const auto& [id, sample] : now) {
    const auto processes = sample.get("Processes");
    table.add({short_id(id), sample.name, percent(cpu_percent(sample, before)), cpu_time(sample),
               pair(sample.get("MemoryBytes"), sample.get("MemoryLimitBytes")),
               percent(memory_percent(sample)),
               pair(sample.get("NetworkReceivedBytes"), sample.get("NetworkSentBytes")),
               pair(sample.get("IoReadBytes"), sample.get("IoWriteBytes")),
               processes ? std::to_string(*processes) : "-"});
  }
  return table.text();
}

Json show_sample(const Sample& sample, const Samples& before) {
  Json json = {{"id", sample.id}, {"name", sample.name}};
  const auto set = [&](const char* member, const auto& value) {
    if (value)
      json[member] = *value;
    else
      json[member] = nullptr;
  };
  set("cpuPercent", cpu_percent(sample, before));
  set("cpuUsec", sample.get("CpuUSec"));
  set("memoryBytes", sample.get("MemoryBytes"));
  auto limit = sample.get("MemoryLimitBytes");
  if (limit == UINT64_MAX) limit.reset();
  set("memoryLimitBytes", limit);
  set("memoryPercent", memory_percent(sample));
  set("networkReceivedBytes", sample.get("NetworkReceivedBytes"));
  set("networkSentBytes", sample.get("NetworkSentBytes"));
  set("ioReadBytes", sample.get("IoReadBytes"));
  set("ioWriteBytes", sample.get("IoWriteBytes"));
  set("processes", sample.get("Processes"));
  set("processLimit", sample.get("ProcessLimit"));
  return json;
}

std::string show_as_json(const Samples& now, const Samples& before) {
  Json list = Json::array();
  for (const auto& [id, sample] : now) list.push_back(show_sample(sample, before));
  return show_json(list);
}

enum class Times { Once, Forever };

Result<void> stats(const std::vector<std::string>& names, ListFormat format, Times times) {
  constexpr char kFromTheTop[] = "\x1b[H\x1b[J";
  const bool redraws =
      times == Times::Forever && format == ListFormat::ForPeople && ::isatty(STDOUT_FILENO) == 1;
  Client client = AMBIT_TRY(Client::connect());
  Samples before = AMBIT_TRY(take_samples(client, names));
  auto interval = kFirstInterval;
  for (;;) {
    std::this_thread::sleep_for(interval);
    Samples now = AMBIT_TRY(take_samples(client, names));
    const std::string text =
        format == ListFormat::ForMachines ? show_as_json(now, before) : show_table(now, before);
    print((redraws ? kFromTheTop : "") + text);
    if (times == Times::Once) return {};
    before = std::move(now);
    interval = kInterval;
  }
}

}  // namespace

int verb_stats(int argc, char** argv) {
  Parser parser(
      "stats", "[CONTAINER...]",
      "Shows what containers use, those named or all that run, again every second. '-': no "
      "controller counts it ('ambit doctor').");
  bool all = false;
  bool no_stream = false;
  std::optional<std::string> format_text;
  parser.flag("-a,--all", all, "accepted for docker's sake: what does not run uses nothing");
  parser.flag("--no-stream", no_stream, "show it once, and end");
  parser.value("--format", format_text, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;

  const auto format = parse_list_format(format_text);
  const Result<void> shown =
      format ? stats(parser.arguments(), *format, no_stream ? Times::Once : Times::Forever)
             : Result<void>(format.error());
  if (shown) return 0;
  print_error(shown.error());
  return exit_code(shown.error().code());
}

}  // namespace ambit::cli
