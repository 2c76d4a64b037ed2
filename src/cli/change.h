#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bus/options.h"

namespace ambit::cli {

// What `ambit import --change` says of the image, in the words of a Containerfile.
struct ImageChanges {
  std::optional<std::vector<std::string>> command, entrypoint;
  std::vector<std::string> environment;
  std::optional<std::string> workdir, user, stop_signal;
  std::map<std::string, std::string> labels;
};

// One instruction, the word in any case: CMD and ENTRYPOINT with a JSON list, or a line for
// /bin/sh -c; ENV and LABEL with KEY=VALUE, the value in double quotes or not, or "KEY VALUE";
// WORKDIR, USER and STOPSIGNAL. InvalidArgument shows the text.
Result<void> apply_change(std::string_view text, ImageChanges& changes);

// As the options of ImportImage.
bus::OptionWriter change_options(const ImageChanges& changes);

}  // namespace ambit::cli
