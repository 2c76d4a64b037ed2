#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "spec/container_record.h"
#include "spec/runtime_spec.h"

namespace ambit::engine {

// "host:", "rootfs:/DIR" or an image's name.
enum class ImageKind { Store, Host, Rootfs };
ImageKind image_kind(const std::string& image);
std::string rootfs_path(const std::string& image);  // "/DIR"

// Where a container's root file system comes from: one of the three.
struct RootSource {
  std::vector<std::string> layers;       // of an image, topmost first
  std::string rootfs;                    // a folder of the user's
  std::vector<spec::Mount> host_mounts;  // of the host's own root, see host_root.h
};

// The runtime specification of a container's run. `data_path` is its folder: upper/ and work/ are
// the writable layer, etc/ holds the generated hosts, hostname and resolv.conf (write_etc_files).
// InvalidArgument names an option that can't be met.
Result<spec::RuntimeSpec> make_launch_spec(const spec::ContainerRecord& record,
                                           const RootSource& root, const std::string& data_path);

// Writes etc/hosts, etc/hostname and etc/resolv.conf below the container's folder.
Result<void> write_etc_files(int data_dir_fd, const spec::ContainerRecord& record);

}  // namespace ambit::engine
