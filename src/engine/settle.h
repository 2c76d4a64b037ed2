#pragma once

#include "base/result.h"
#include "spec/container_record.h"
#include "spec/image_config.h"

namespace ambit::engine {

// Fills the settled part of `record` (command, environment, working folder, user, stop signal and
// timeout, health check) from its options over the image's configuration, as container engines do:
//   * an entrypoint given by the user drops the image's command as well
//   * a command given by the user replaces the image's command
//   * PATH is there even where neither names it; TERM with a terminal; HOSTNAME and container=ambit
// InvalidArgument: no command at all, a signal that doesn't exist, or options that need a health
// check where there is none.
Result<void> settle(spec::ContainerRecord& record, const spec::ImageConfig& image);

// RuntimeMaxUSec among the properties becomes the option of its own: the monitor has to know of it,
// too, to tell its end from another stop. InvalidArgument where a property can't be read.
Result<void> take_runtime_max(spec::ContainerOptions& options);

// InvalidArgument where an option can't be met; the message names option and value.
Result<void> check_options(const spec::ContainerOptions& options);

// Two words, "brave_otter": for a container that the user gave no name.
std::string made_up_name();

}  // namespace ambit::engine
