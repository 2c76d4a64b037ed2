#include "cli/pod_flags.h"

#include <map>
#include <string_view>
#include <utility>

#include "base/amounts.h"
#include "base/strings.h"
#include "cli/environment.h"

namespace ambit::cli {
namespace {

constexpr std::string_view kNew = "new:";

}  // namespace

void add_pod_flags(Parser& parser, PodFlags& flags) {
  parser.value("-n,--name", flags.name, "NAME", "its name, in the place of the argument");
  parser.value("--share", flags.share, "LIST",
               "what its containers share: net,ipc,uts (default), some of these, or none");
  parser.value("-h,--hostname", flags.hostname, "NAME", "host name; default: the pod's name");
  parser.list("-l,--label", flags.labels, "KEY[=VALUE]", "set a label");
  parser.value("--shm-size", flags.shm_size, "BYTES", "size of the common /dev/shm; default: 64m");
  add_limit_flags(parser, flags.limits);
}

Result<bus::OptionWriter> pod_options(const PodFlags& flags) {
  bus::OptionWriter options;
  if (flags.hostname) options.set("Hostname", *flags.hostname);
  if (flags.share) {
    std::vector<std::string> names;
    // docker's and podman's ways to say: nothing.
    if (*flags.share != "none" && !flags.share->empty()) names = split(*flags.share, ',');
    options.set("Share", std::move(names));
  }
  if (!flags.labels.empty()) {
    std::map<std::string, std::string> labels;
    for (const std::string& text : flags.labels)
      AMBIT_TRY(add_label(text, labels).context("--label"));
    options.set("Labels", std::move(labels));
  }
  if (flags.shm_size)
    options.set("ShmSizeBytes", AMBIT_TRY(parse_size(*flags.shm_size).context("--shm-size")));
  AMBIT_TRY(set_limit_options(flags.limits, options));
  return options;
}

std::string pod_name(const std::string& text) {
  return text.starts_with(kNew) ? text.substr(kNew.size()) : text;
}

Result<void> make_new_pod(Client& client, const std::optional<std::string>& text) {
  if (!text || !text->starts_with(kNew)) return {};
  bus::Message call = AMBIT_TRY(client.new_manager_call("CreatePod"));
  AMBIT_TRY(call.append(pod_name(*text)));
  AMBIT_TRY(bus::OptionWriter().append_dict(call));
  (void)AMBIT_TRY(client.call(call));
  return {};
}

}  // namespace ambit::cli
