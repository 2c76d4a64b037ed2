#include "spec/pod_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "spec/holder_settings.h"
#include "spec/json_reader.h"

namespace ambit::spec {

bool PodOptions::shares(NamespaceType type) const {
  return std::find(share.begin(), share.end(), type) != share.end();
}

std::string write_pod_record(const PodRecord& record) {
  const PodOptions& options = record.options;
  nlohmann::json json = {{"name", record.name},          {"createdUsec", record.created_usec},
                         {"complete", record.complete},  {"share", nlohmann::json::array()},
                         {"hostname", options.hostname}, {"labels", options.labels}};
  for (const NamespaceType type : options.share) json["share"].push_back(share_name(type));
  if (options.shm_size_bytes) json["shmSizeBytes"] = *options.shm_size_bytes;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<PodRecord> parse_pod_record(std::string_view text) {
  JsonReader read("pod record");
  const nlohmann::json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"name", "createdUsec", "complete", "share", "hostname", "labels"});
  PodRecord record;
  record.name = read.string(json, "name");
  record.created_usec = read.number<std::int64_t>(json, "createdUsec");
  record.complete = read.boolean(json, "complete");
  record.options.hostname = read.string(json, "hostname");
  record.options.labels = read.map(json, "labels");
  record.options.shm_size_bytes = read.optional_number<std::uint64_t>(json, "shmSizeBytes");
  record.options.share.clear();
  for (const std::string& name : read.list(json, "share")) {
    const auto type = parse_share(name);
    if (type)
      record.options.share.push_back(*type);
    else
      read.wrong("share");
  }
  AMBIT_TRY(read.check());
  return record;
}

}  // namespace ambit::spec
