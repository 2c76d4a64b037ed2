#include "engine/engine.h"

#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/inspect.h"
#include "engine/settle.h"
#include "engine/systemd_inside.h"
#include "os/cgroup.h"
#include "os/file.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kMaxContainers = 10'000;
constexpr std::size_t kMinPrefix = 3;
constexpr int kNameAttempts = 32;

Error no_such(const std::string& name) {
  return Error(ErrorCode::NoSuchContainer, "no container '" + name + "'");
}

bool has_control_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> check_name(const std::string& name,
                        const std::map<std::string, std::string>& ids_by_name) {
  if (!is_valid_name(name))
    return Error(ErrorCode::InvalidArgument, "invalid container name '" + name +
                                                 "': letters, digits, and after the first also "
                                                 "_.- are allowed");
  const auto found = ids_by_name.find(name);
  if (found != ids_by_name.end())
    return Error(ErrorCode::NameInUse, "the name '" + name + "' is used by container " +
                                           short_id(found->second) +
                                           "; remove or rename that one, or choose another");
  return {};
}

std::string unused_name(const std::map<std::string, std::string>& ids_by_name) {
  std::string name = made_up_name();
  for (int i = 0; i < kNameAttempts && ids_by_name.count(name) > 0; ++i) name = made_up_name();
  if (ids_by_name.count(name) > 0) name += "_" + random_id().substr(0, 8);
  return name;
}

// The image's configuration; host: and rootfs: have none of their own.
Result<spec::ImageConfig> resolve_image(const image::Store& images, spec::ContainerRecord& record) {
  if (has_control_characters(record.image))
    return Error(ErrorCode::InvalidReference, "control characters in the image's name");
  switch (image_kind(record.image)) {
    case ImageKind::Host:
      return spec::ImageConfig{.cmd = {"/bin/sh"}};
    case ImageKind::Rootfs: {
      const std::string path = rootfs_path(record.image);
      if (path.empty() || path.front() != '/')
        return Error(ErrorCode::InvalidArgument,
                     "rootfs: needs an absolute path, got '" + path + "'");
      (void)AMBIT_TRY(os::open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY).context("rootfs"));
      return spec::ImageConfig{.cmd = {"/bin/sh"}};
    }
    case ImageKind::Store:
      break;
  }
  const image::ImageRecord* image = AMBIT_TRY(images.find(record.image));
  if (!image->broken.empty())
    return Error(ErrorCode::Corrupt,
                 "image " + record.image + " is broken: " + image->broken + "; load it again");
  record.image_id = image->id;
  return image->config;
}

// Whether PID 1 will be systemd; found out once, at creation.
bool runs_systemd(const image::Store& images, const spec::ContainerRecord& record) {
  const spec::ContainerOptions& options = record.options;
  if (options.systemd == "always") return true;
  if (options.systemd == "false" || options.init) return false;
  switch (image_kind(record.image)) {
    case ImageKind::Host:
      return is_systemd(record.command.front(), {"/"});
    case ImageKind::Rootfs:
      return is_systemd(record.command.front(), {rootfs_path(record.image)});
    case ImageKind::Store:
      break;
  }
  const auto image = images.find(record.image_id);
  const auto layers =
      image ? images.layer_paths(**image) : Result<std::vector<std::string>>(image.error());
  return layers && is_systemd(record.command.front(), *layers);
}

}  // namespace

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(bus::EventLoop& loop, bus::Bus& bus, Options options) {
  AMBIT_TRY(os::make_dirs(options.paths.data, 0700));
  AMBIT_TRY(os::make_dirs(options.paths.runtime, 0700));
  auto records = AMBIT_TRY(RecordStore::open(options.paths));
  UniqueFd data = AMBIT_TRY(os::open_at(AT_FDCWD, options.paths.data, O_RDONLY | O_DIRECTORY));
  auto images = AMBIT_TRY(image::Store::open(data.get(), options.paths.data));
  auto programs = AMBIT_TRY(open_programs(options.libexec_dir));
  std::string boot_id = AMBIT_TRY(os::boot_id());
  auto manager = AMBIT_TRY(systemd::ManagerClient::create(bus, loop));
  auto impl =
      std::make_unique<Impl>(loop, std::move(manager), std::move(options), std::move(records),
                             std::move(images), std::move(programs), std::move(boot_id));
  impl->store_dir = std::move(data);
  impl->pods = std::make_unique<Pods>(*impl, AMBIT_TRY(PodStore::open(impl->options.paths)));
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

void Engine::set_observer(Observer* observer) { impl_->observer = observer; }

bool Engine::needs_daemon() const {
  if (!impl_->workers.idle()) return true;
  if (!impl_->removal_timers.empty() || impl_->policies_need_daemon() ||
      impl_->health_needs_daemon())
    return true;
  return std::any_of(impl_->activities.begin(), impl_->activities.end(), [this](const auto& entry) {
    const auto& [id, activity] = entry;
    if (activity.on_started || activity.on_ready || !activity.on_stopped.empty() ||
        !activity.on_exited.empty() || !activity.on_removed.empty())
      return true;
    const Container& container = *impl_->containers.at(id);
    return activity.run != nullptr &&
           (container.record.options.auto_remove || !is_up(container.run.state));
  });
}

void Engine::hand_over() { impl_->handing_over = true; }

bool Engine::workers_idle() const { return impl_->workers.idle(); }

bool Engine::is_starting() const {
  const auto& all = impl_->containers;
  if (impl_->pods->is_starting()) return true;
  return std::any_of(all.begin(), all.end(),
                     [](const auto& entry) { return entry.second->run.state == State::Starting; });
}

Pods& Engine::pods() { return *impl_->pods; }

const std::map<std::string, std::unique_ptr<Container>>& Engine::containers() const {
  return impl_->containers;
}

Result<const Container*> Engine::find(const std::string& name) const {
  const auto named = impl_->ids_by_name.find(name);
  if (named != impl_->ids_by_name.end()) return impl_->containers.at(named->second).get();
  if (name.size() < kMinPrefix) return no_such(name);
  const auto first = impl_->containers.lower_bound(name);
  if (first == impl_->containers.end() || first->first.compare(0, name.size(), name) != 0)
    return no_such(name);
  const auto next = std::next(first);
  if (next != impl_->containers.end() && next->first.compare(0, name.size(), name) == 0)
    return Error(ErrorCode::InvalidArgument,
                 "'" + name + "' is the beginning of several IDs: " + short_id(first->first) +
                     ", " + short_id(next->first));
  return first->second.get();
}

Result<const Container*> Engine::find_by_pid(pid_t pid) const {
  const std::string group = AMBIT_TRY(os::cgroup_of(pid));
  for (const auto& [id, container] : impl_->containers) {
    const std::string& own = container->run.control_group;
    if (!own.empty() && group.compare(0, own.size() + 1, own + "/") == 0) return container.get();
  }
  return Error(ErrorCode::NoSuchContainer,
               strf("process %d is in no container", static_cast<int>(pid)));
}

Result<Container*> Engine::Impl::by_id(const std::string& id) {
  const auto found = containers.find(id);
  if (found == containers.end()) return no_such(short_id(id));
  return found->second.get();
}

Result<const Container*> Engine::create(const std::string& name, const std::string& image,
                                        spec::ContainerOptions options) {
  Impl& impl = *impl_;
  if (impl.containers.size() >= kMaxContainers)
    return Error(ErrorCode::Busy, strf("there are %zu containers already", kMaxContainers));
  spec::ContainerRecord record;
  record.id = random_id();
  record.name = name.empty() ? unused_name(impl.ids_by_name) : name;
  record.image = image;
  record.created_usec = now_usec();
  record.options = std::move(options);
  AMBIT_TRY(check_name(record.name, impl.ids_by_name));
  if (!record.options.pod.empty()) AMBIT_TRY(impl.pods->admit(record.options));
  AMBIT_TRY(check_options(record.options));
  AMBIT_TRY(check_limits(record.options.limits));
  const spec::ImageConfig config = AMBIT_TRY(resolve_image(impl.images, record));
  AMBIT_TRY(settle(record, config));
  if (runs_systemd(impl.images, record)) settle_systemd(record, config);
  // Finds every option that could not be met at the start.
  AMBIT_TRY(make_launch_spec(record, {}, impl.records.data_path(record.id)));
  AMBIT_TRY(impl.records.add(record).context("creating " + record.name));

  const std::string id = record.id;
  impl.ids_by_name.emplace(record.name, id);
  auto container = std::make_unique<Container>(Container{.record = std::move(record), .run = {}});
  const Container& added = *impl.containers.emplace(id, std::move(container)).first->second;
  if (impl.observer != nullptr) impl.observer->container_added(added);
  impl.pods->refresh(added.record.options.pod);
  return &added;
}

void Engine::start(const std::string& id, ClientStreams streams, Done done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  impl_->start(**container, std::move(streams), std::move(done));
}

void Engine::stop(const std::string& id, std::uint64_t timeout_usec, Done done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  if (auto possible = impl_->check_thawable(**container); !possible)
    return done(std::move(possible));
  impl_->note_user_stop(**container);
  impl_->stop(**container, timeout_usec, std::move(done));
}

// Not a user's stop for the restart policy: what is wanted is a container that runs.
void Engine::restart(const std::string& id, std::uint64_t timeout_usec, Done done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  impl_->activity_of(id).restart.stop = StopBy::Order;
  impl_->stop(**container, timeout_usec, [this, id, done = std::move(done)](Result<void> stopped) {
    if (!stopped) return done(std::move(stopped));
    start(id, {}, done);
  });
}

Result<void> Engine::kill(const std::string& id, int signal) {
  Container& container = *AMBIT_TRY(impl_->by_id(id));
  Activity& activity = impl_->activity_of(id);
  if (activity.run == nullptr)
    return Error(ErrorCode::NotRunning,
                 "container " + container.record.name + " is " + to_string(container.run.state));
  if (signal == SIGKILL) {
    impl_->note_user_stop(container);
    return impl_->kill_everything(container);
  }
  return activity.run->kill(signal);
}

void Engine::pause(const std::string& id, Done done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  impl_->pause(**container, std::move(done));
}

void Engine::resume(const std::string& id, Done done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  impl_->resume(**container, std::move(done));
}

void Engine::remove(const std::string& id, RemoveMode mode, Done done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  impl_->remove(**container, mode, std::move(done));
}

Result<void> Engine::rename(const std::string& id, const std::string& name) {
  Container& container = *AMBIT_TRY(impl_->by_id(id));
  if (container.record.name == name) return {};
  AMBIT_TRY(check_name(name, impl_->ids_by_name));
  spec::ContainerRecord renamed = container.record;
  renamed.name = name;
  AMBIT_TRY(impl_->records.save(renamed).context("renaming " + container.record.name));
  impl_->ids_by_name.erase(container.record.name);
  impl_->ids_by_name.emplace(name, id);
  impl_->update(container, [&](Container& c) { c.record.name = name; });
  return {};
}

Result<void> Engine::set_restart_policy(const std::string& id, const spec::RestartPolicy& policy) {
  Container& container = *AMBIT_TRY(impl_->by_id(id));
  return impl_->set_restart_policy(container, policy);
}

void Engine::wait(const std::string& id, WaitDone done) {
  const auto found = impl_->containers.find(id);
  if (found == impl_->containers.end()) return done(kExitCodeUnknown);
  if (!is_live(found->second->run.state)) return done(found->second->run.exit_code);
  impl_->activity_of(id).on_exited.push_back(std::move(done));
}

void Engine::attach(const std::string& id, std::vector<std::string> streams, FdsDone done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  Activity& activity = impl_->activity_of(id);
  if (activity.run == nullptr)
    return done(Error(ErrorCode::NotRunning, "container " + (*container)->record.name + " is " +
                                                 to_string((*container)->run.state)));
  if ((*container)->run.state == State::Paused) return done(is_paused(**container));
  if ((*container)->record.options.terminal) streams = {"tty"};
  activity.run->attach(streams, std::move(done));
}

Result<void> Engine::resize(const std::string& id, unsigned rows, unsigned columns) {
  Container& container = *AMBIT_TRY(impl_->by_id(id));
  if (!container.record.options.terminal)
    return Error(ErrorCode::InvalidArgument,
                 "container " + container.record.name + " has no terminal");
  Activity& activity = impl_->activity_of(id);
  if (activity.run == nullptr)
    return Error(ErrorCode::NotRunning,
                 "container " + container.record.name + " is " + to_string(container.run.state));
  return activity.run->resize(rows, columns);
}

std::string Engine::log_path(const Container& container) const {
  return engine::log_path(container.record, impl_->records.data_path(container.record.id));
}

Result<std::vector<pid_t>> Engine::processes(const std::string& id) const {
  const Container& container = *AMBIT_TRY(impl_->by_id(id));
  if (container.run.control_group.empty()) return std::vector<pid_t>{};
  return os::processes_below(container.run.control_group + "/payload");
}

}  // namespace ambit::engine
