#include "spec/holder_settings.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"

namespace ambit::spec {
namespace {

struct Shareable {
  NamespaceType type;
  const char* name;
};

constexpr Shareable kShareable[] = {
    {NamespaceType::Network, "net"}, {NamespaceType::Ipc, "ipc"}, {NamespaceType::Uts, "uts"}};

Result<void> set(HolderSettings& settings, const std::string& key, const std::string& value) {
  if (key == "share") {
    settings.share.push_back(AMBIT_TRY(parse_share(value)));
  } else if (key == "hostname") {
    settings.hostname = value;
  } else if (key == "shm_size_bytes") {
    settings.shm_size_bytes = AMBIT_TRY(parse_uint(value));
  } else {
    return Error(ErrorCode::Corrupt, "unknown key");
  }
  return {};
}

}  // namespace

const char* share_name(NamespaceType type) {
  const auto* found = std::find_if(std::begin(kShareable), std::end(kShareable),
                                   [type](const Shareable& item) { return item.type == type; });
  return found == std::end(kShareable) ? "" : found->name;
}

Result<NamespaceType> parse_share(std::string_view text) {
  for (const Shareable& item : kShareable)
    if (text == item.name) return item.type;
  return Error(ErrorCode::InvalidArgument,
               "'" + std::string(text) + "' can't be shared by a pod; net, ipc and uts can");
}

std::string write_holder_settings(const HolderSettings& settings) {
  std::string text =
      "hostname=" + settings.hostname + "\n" +
      strf("shm_size_bytes=%llu\n", static_cast<unsigned long long>(settings.shm_size_bytes));
  for (const NamespaceType type : settings.share) {
    text += "share=";
    text += share_name(type);
    text += '\n';
  }
  return text;
}

Result<HolderSettings> parse_holder_settings(std::string_view text) {
  HolderSettings settings;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    const auto done = equals == std::string::npos
                          ? Result<void>(Error(ErrorCode::Corrupt, "no '='"))
                          : set(settings, line.substr(0, equals), line.substr(equals + 1));
    if (!done)
      return Error(ErrorCode::Corrupt, "holder settings: " + line + ": " + done.error().message());
  }
  return settings;
}

}  // namespace ambit::spec
