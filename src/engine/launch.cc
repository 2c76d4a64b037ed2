#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "base/user_name.h"
#include "engine/engine_impl.h"
#include "engine/host_root.h"
#include "sandbox/base_userns.h"
#include "sandbox/seccomp_profile.h"

// What a start needs besides the container's record.
namespace ambit::engine {

Result<RootSource> Engine::Impl::root_source(const spec::ContainerRecord& record, int data_dir_fd) {
  RootSource source;
  switch (image_kind(record.image)) {
    case ImageKind::Host:
      source.host_mounts = AMBIT_TRY(prepare_host_root(data_dir_fd, records.data_path(record.id)));
      return source;
    case ImageKind::Rootfs:
      source.rootfs = rootfs_path(record.image);
      return source;
    case ImageKind::Store:
      break;
  }
  const image::ImageRecord* image = AMBIT_TRY(images.find(record.image_id));
  source.layers = AMBIT_TRY(images.layer_paths(*image));
  return source;
}

Result<spec::RuntimeSpec> Engine::Impl::launch_spec(const spec::ContainerRecord& record,
                                                    int data_dir_fd) {
  const RootSource root = AMBIT_TRY(root_source(record, data_dir_fd));
  spec::RuntimeSpec spec = AMBIT_TRY(make_launch_spec(record, root, records.data_path(record.id)));
  if (!record.options.pod.empty()) AMBIT_TRY(pods->add_to_spec(record, spec));
  return spec;
}

// Compiling takes milliseconds and depends on the capabilities alone.
Result<const std::string*> Engine::Impl::seccomp_for(const spec::ContainerRecord& record,
                                                     const std::vector<std::string>& capabilities) {
  for (const std::string& option : record.options.security_options)
    if (option == "seccomp=unconfined") return static_cast<const std::string*>(nullptr);
  const std::string key = join(capabilities, " ");
  auto found = seccomp_filters.find(key);
  if (found == seccomp_filters.end()) {
    std::string filter = AMBIT_TRY(sandbox::compile_default_seccomp(capabilities));
    found = seccomp_filters.emplace(key, std::move(filter)).first;
  }
  return static_cast<const std::string*>(&found->second);
}

Result<int> Engine::Impl::base_userns() {
  if (options.base_userns) return options.base_userns.get();
  sandbox::BaseNamespace made = AMBIT_TRY(sandbox::make_base_userns(user_name(::geteuid())));
  if (!made.note.empty()) log(LogLevel::Warning, "%s", made.note.c_str());
  options.base_userns = std::move(made.userns);
  if (options.keep_base_userns) options.keep_base_userns(options.base_userns.get());
  return options.base_userns.get();
}

}  // namespace ambit::engine
