#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "spec/container_record.h"
#include "spec/image_config.h"
#include "spec/runtime_spec.h"

// A container whose PID 1 is systemd, and what that expects of a container's manager:
// https://systemd.io/CONTAINER_INTERFACE
namespace ambit::engine {

// InvalidArgument for another value of the option than "true", "false" and "always", and for
// "always" with a PID 1 of ours (Init).
Result<void> check_systemd_option(const spec::ContainerOptions& options);

// Whether the command is systemd: it is called so, or it is an "init" that the image has as a link
// to it. `roots`: the folders that the root file system is made of, topmost first; they are read
// and never written to. What can't be resolved is not systemd.
bool is_systemd(const std::string& command, const std::vector<std::string>& roots);

// Settles the record of a container with systemd inside: after settle(). Where neither user nor
// image say otherwise it is stopped by SIGRTMIN+3 ("halt"), in the 90 s that systemd gives its own
// units. The environment gets container_uuid, of which systemd makes the machine's ID.
void settle_systemd(spec::ContainerRecord& record, const spec::ImageConfig& image);

// Mounts, cgroups and capabilities. What the user has mounted in a place, or around it, stays.
//   * tmpfs on /run, /run/lock, /tmp and /var/log/journal
//   * /run/host, read-only: container-manager, container-uuid, os-release (write_host_files)
//   * cgroups are writable: they are the container's own below the root of its namespace
//   * CAP_SYS_BOOT, unless it was dropped: reboot(2) in a PID namespace ends that alone
// Nothing for a record that is not systemd's.
void add_systemd_mounts(spec::RuntimeSpec& spec, const spec::ContainerRecord& record,
                        const std::string& data_path);
std::vector<std::string> systemd_capabilities(const spec::ContainerRecord& record);

// Writes what /run/host shows below the container's folder.
Result<void> write_host_files(int data_dir_fd, const spec::ContainerRecord& record);

}  // namespace ambit::engine
