#pragma once

#include "base/result.h"
#include "bus/message.h"
#include "bus/options.h"
#include "engine/engine.h"
#include "spec/container_record.h"
#include "spec/image_config.h"

// The a{sv} arguments of our methods: which keys there are, of what type, and where they go.
// dbus/*.xml has them in prose. InvalidArgument names the key that is wrong.
namespace ambit::daemon {

// Of CreateContainer.
Result<void> read_create_options(bus::Message& call, spec::ContainerOptions& options);

// Of Container.Start.
Result<void> read_start_options(bus::Message& call, engine::ClientStreams& streams);

// Of RunContainer: both.
Result<void> read_run_options(bus::Message& call, spec::ContainerOptions& options,
                              engine::ClientStreams& streams);

// Of Container.Exec.
Result<void> read_exec_options(bus::Message& call, engine::ExecOptions& options);

struct RemoveOptions {
  engine::RemoveMode mode = engine::RemoveMode::OnlyStopped;
  std::optional<std::uint64_t> timeout_usec;
};
// Of Container.Remove.
Result<RemoveOptions> read_remove_options(bus::Message& call);

// Of Image.Remove.
Result<engine::RemoveMode> read_image_remove_options(bus::Message& call);

// Of Container.Attach: the streams asked for.
Result<std::vector<std::string>> read_attach_options(bus::Message& call);

// Of ImportImage.
Result<void> read_import_options(bus::Message& call, spec::ImageConfig& config);

// Of PullImage, pull_options.cc.
Result<void> read_pull_options(bus::Message& call, engine::PullRequest& request);

// Of LoadImage: the reference, or "".
Result<std::string> read_load_options(bus::Message& call);

}  // namespace ambit::daemon
