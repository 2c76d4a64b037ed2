#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/options.h"
#include "cli/health_flags.h"
#include "cli/limit_flags.h"
#include "cli/log_flags.h"
#include "cli/parser.h"
#include "cli/pull.h"

namespace ambit::cli {

// What `ambit run` and `ambit create` are told of the container, as it was typed.
struct CreateFlags {
  std::optional<std::string> name, workdir, user, entrypoint, hostname, stop_signal, stop_timeout,
      timeout, network, pull, cidfile, restart, sdnotify, systemd, pod;
  std::vector<std::string> environment, environment_files, volumes, mounts, tmpfs, labels, cap_add,
      cap_drop, security_options, ulimits;
  LimitFlags limits;
  LogFlags log;
  HealthFlags health;
  PullFlags registry;
  bool interactive = false;
  bool terminal = false;
  bool remove = false;
  bool read_only = false;
  bool init = false;
};

void add_create_flags(Parser& parser, CreateFlags& flags);

// The options of CreateContainer, without those of the streams. InvalidArgument names the flag and
// shows its value; Unsupported what ambit can't do yet. Reads --env-file and the environment.
Result<bus::OptionWriter> create_options(const CreateFlags& flags);

// A call of CreateContainer or RunContainer with name, image and command. `arguments` are IMAGE and
// COMMAND; there is at least one.
Result<void> append_image_and_command(bus::Message& message, const CreateFlags& flags,
                                      const std::vector<std::string>& arguments);

// `--entrypoint`: a program, or a JSON list of program and arguments; "" for none.
Result<std::vector<std::string>> parse_entrypoint(const std::string& text);

// D-Bus carries text: what is no UTF-8 would arrive changed, so it is InvalidArgument.
Result<void> check_text(const char* what, const std::vector<std::string>& words);

// The file must not be there yet, so that no other container's ID is taken for this one's.
Result<void> check_cidfile(const CreateFlags& flags);
Result<void> write_cidfile(const CreateFlags& flags, const std::string& id);

// Says what to do where the image is not in the store.
Error explain_missing_image(Error error);

}  // namespace ambit::cli
