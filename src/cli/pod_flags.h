#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/options.h"
#include "cli/client.h"
#include "cli/limit_flags.h"
#include "cli/parser.h"

namespace ambit::cli {

// What `ambit pod create` is told, as it was typed.
struct PodFlags {
  std::optional<std::string> name, hostname, share, shm_size;
  std::vector<std::string> labels;
  LimitFlags limits;
};

void add_pod_flags(Parser& parser, PodFlags& flags);

// The options of CreatePod. InvalidArgument names the flag and shows its value.
Result<bus::OptionWriter> pod_options(const PodFlags& flags);

// Of `--pod`: "web" also of "new:web".
std::string pod_name(const std::string& text);

// Makes the pod of "new:web", with everything at its default; nothing for another text.
Result<void> make_new_pod(Client& client, const std::optional<std::string>& text);

}  // namespace ambit::cli
