#include "engine/launch_spec.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/strings.h"
#include "engine/systemd_inside.h"
#include "os/file.h"
#include "sandbox/capabilities.h"
#include "sandbox/default_spec.h"

namespace ambit::engine {
namespace {

constexpr std::string_view kHost = "host:";
constexpr std::string_view kRootfs = "rootfs:";

// setrlimit(2) by the names that people write.
constexpr const char* kLimits[] = {"core",    "cpu",      "data",   "fsize",      "locks",
                                   "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                   "rss",     "rtprio",   "rttime", "sigpending", "stack"};

Result<spec::Rlimit> rlimit_of(const spec::Ulimit& limit) {
  const std::string name = to_lower(limit.name);
  if (std::find(std::begin(kLimits), std::end(kLimits), name) == std::end(kLimits))
    return Error(ErrorCode::InvalidArgument, "no such limit: '" + limit.name + "'");
  if (limit.soft > limit.hard)
    return Error(ErrorCode::InvalidArgument,
                 strf("limit %s: soft %llu is above hard %llu", name.c_str(),
                      static_cast<unsigned long long>(limit.soft),
                      static_cast<unsigned long long>(limit.hard)));
  std::string type = "RLIMIT_";
  for (const char c : name) type += static_cast<char>(c - 'a' + 'A');
  return spec::Rlimit{.type = type, .hard = limit.hard, .soft = limit.soft};
}

bool has_any(const std::vector<std::string>& options,
             std::initializer_list<std::string_view> wanted) {
  return std::any_of(options.begin(), options.end(), [&](const std::string& option) {
    return std::find(wanted.begin(), wanted.end(), option) != wanted.end();
  });
}

spec::Mount completed(spec::Mount mount) {
  if (mount.type == "tmpfs") {
    mount.source = "tmpfs";
    if (!has_any(mount.options, {"suid"})) mount.options.emplace_back("nosuid");
    if (!has_any(mount.options, {"dev"})) mount.options.emplace_back("nodev");
    return mount;
  }
  if (!has_any(mount.options, {"bind", "rbind"})) mount.options.emplace_back("rbind");
  // What a user calls read-only is so with everything that is mounted below it.
  if (has_any(mount.options, {"rbind"}))
    std::replace(mount.options.begin(), mount.options.end(), std::string("ro"), std::string("rro"));
  if (!has_any(mount.options, {"private", "rprivate", "slave", "rslave", "shared", "rshared",
                               "unbindable", "runbindable"}))
    mount.options.emplace_back("rprivate");
  return mount;
}

auto depth_of(const spec::Mount& mount) {
  return std::count(mount.destination.begin(), mount.destination.end(), '/');
}

void add_mounts(spec::RuntimeSpec& spec, const spec::ContainerRecord& record,
                const std::string& data_path) {
  for (const char* name : {"hosts", "hostname", "resolv.conf"})
    spec.mounts.push_back({.destination = std::string("/etc/") + name,
                           .type = "bind",
                           .source = data_path + "/etc/" + name,
                           .options = {"bind", "rprivate", "nosuid", "nodev", "noexec"}});
  add_systemd_mounts(spec, record, data_path);
  std::vector<spec::Mount> mounts;
  for (const spec::Mount& mount : record.options.mounts) mounts.push_back(completed(mount));
  // An outer one would hide an inner one that was mounted before it.
  std::stable_sort(mounts.begin(), mounts.end(),
                   [](const auto& a, const auto& b) { return depth_of(a) < depth_of(b); });
  spec.mounts.insert(spec.mounts.end(), mounts.begin(), mounts.end());
}

void set_root(spec::RuntimeSpec& spec, const RootSource& root, const std::string& data_path) {
  if (!root.rootfs.empty()) {
    spec.root_path = root.rootfs;
    return;
  }
  spec.root_path = data_path + "/upper";
  if (root.host_mounts.empty()) {
    spec.ambit.overlay = spec::Overlay{
        .lower = root.layers, .upper = data_path + "/upper", .work = data_path + "/work"};
    return;
  }
  // Below everything that default_spec mounts into them.
  spec.mounts.insert(spec.mounts.begin(), root.host_mounts.begin(), root.host_mounts.end());
}

bool is_root(std::string_view user) {
  const std::string_view name = user.substr(0, user.find(':'));
  return name.empty() || name == "root" || name == "0";
}

Result<void> set_capabilities(spec::RuntimeSpec& spec, const spec::ContainerRecord& record) {
  const spec::ContainerOptions& options = record.options;
  std::vector<std::string> added = options.capabilities_add;
  for (std::string& capability : systemd_capabilities(record))
    added.push_back(std::move(capability));
  const auto granted =
      AMBIT_TRY(sandbox::apply_capability_options(added, options.capabilities_drop));
  std::vector<std::string> for_user;
  if (!is_root(record.user) && !options.capabilities_add.empty())
    for_user = AMBIT_TRY(sandbox::apply_capability_options(options.capabilities_add, {"ALL"}));
  spec.process.capabilities = sandbox::capability_sets(granted, for_user);
  return {};
}

}  // namespace

ImageKind image_kind(const std::string& image) {
  if (image == kHost) return ImageKind::Host;
  if (std::string_view(image).substr(0, kRootfs.size()) == kRootfs) return ImageKind::Rootfs;
  return ImageKind::Store;
}

std::string rootfs_path(const std::string& image) { return image.substr(kRootfs.size()); }

Result<spec::RuntimeSpec> make_launch_spec(const spec::ContainerRecord& record,
                                           const RootSource& root, const std::string& data_path) {
  const spec::ContainerOptions& options = record.options;
  sandbox::DefaultSpecOptions defaults;
  if (options.network == "host") defaults.network = sandbox::NetworkMode::Host;
  if (options.limits.shm_size_bytes) defaults.shm_size_bytes = *options.limits.shm_size_bytes;
  spec::RuntimeSpec spec = sandbox::default_spec(defaults);
  set_root(spec, root, data_path);
  spec.root_readonly = options.read_only;
  spec.hostname = options.hostname;
  spec.process.args = record.command;
  spec.process.env = record.environment;
  spec.process.cwd = record.working_dir;
  spec.process.terminal = options.terminal || record.systemd.console;
  spec.process.console_size = options.console_size;
  spec.process.no_new_privileges = !has_any(options.security_options, {"no-new-privileges=false"});
  spec.process.oom_score_adj = options.limits.oom_score_adj;
  spec.ambit.user = record.user;
  spec.ambit.init = options.init;
  AMBIT_TRY(set_capabilities(spec, record));
  for (const spec::Ulimit& limit : options.ulimits)
    spec.process.rlimits.push_back(AMBIT_TRY(rlimit_of(limit)));
  add_mounts(spec, record, data_path);
  return spec;
}

Result<void> write_etc_files(int data_dir_fd, const spec::ContainerRecord& record) {
  const std::string& hostname = record.options.hostname;
  UniqueFd etc = AMBIT_TRY(os::open_at(data_dir_fd, "etc", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  const auto write = [&](const char* name, const std::string& text) {
    return os::write_file_atomic(etc.get(), name, text, os::Durability::Crash, 0644);
  };
  AMBIT_TRY(write("hostname", hostname + "\n"));
  AMBIT_TRY(write("hosts", "127.0.0.1\tlocalhost " + hostname +
                               "\n::1\tlocalhost ip6-localhost ip6-loopback " + hostname + "\n"));
  std::string resolv_conf;
  if (record.options.network == "host") {
    constexpr std::size_t kMaxResolvConf = 65536;
    // A host without the file resolves nothing either.
    if (auto host = os::read_file_at(AT_FDCWD, "/etc/resolv.conf", kMaxResolvConf); host)
      resolv_conf = *std::move(host);
  }
  return write("resolv.conf", resolv_conf);
}

}  // namespace ambit::engine
