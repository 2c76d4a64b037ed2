#include "daemon/daemon.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/object_paths.h"
#include "daemon/service_manager.h"
#include "daemon/store_lock.h"
#include "engine/pods.h"

namespace ambit::daemon {
namespace {

// Between two looks at whether the last calls have been answered, on the way out.
constexpr std::chrono::milliseconds kLeaveInterval{100};
constexpr std::chrono::milliseconds kAfterBus{500};

void note(const Result<void>& result) {
  if (!result) log(LogLevel::Warning, "%s", result.error().message().c_str());
}

// The loop takes them as events. Children get an empty mask (os::spawn).
Result<void> block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  const int r = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (r != 0) return Error::from_errno(r, "blocking signals");
  // A peer that hangs up is told by the write that fails.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return Error::from_errno(errno, "SIGPIPE");
  return {};
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(Options options) {
  AMBIT_TRY(block_signals());
  bus::EventLoop loop = AMBIT_TRY(bus::EventLoop::create());
  bus::Bus bus = AMBIT_TRY(bus::Bus::open_user());
  std::unique_ptr<Daemon> daemon(new Daemon(std::move(loop), std::move(bus)));
  AMBIT_TRY(daemon->bus_.attach(daemon->loop_));
  daemon->store_lock_ = AMBIT_TRY(lock_store(options.paths.data));
  AMBIT_TRY(daemon->open_engine(options));
  AMBIT_TRY(daemon->publish(options));
  AMBIT_TRY(daemon->watch(options));
  AMBIT_TRY(daemon->bus_.request_name(kBusName));
  daemon->tell_status();
  notify("READY=1");
  return daemon;
}

Daemon::~Daemon() {
  bus_.close();
  if (engine_) engine_->set_observer(nullptr);
}

Result<int> Daemon::run() {
  const int code = AMBIT_TRY(loop_.run());
  if (!bus_is_gone_) return code;
  log(LogLevel::Error, "the user bus has gone; ambitd ends, to be started with the next one");
  // systemd looks at its own connection to the bus whenever a unit changes. Where it hears of our
  // end before it hears of the bus's, it connects to a socket that nobody accepts on, and waits for
  // a minute and a half.
  (void)::poll(nullptr, 0, kAfterBus.count());
  return code;
}

Result<void> Daemon::open_engine(const Options& options) {
  auto stored = take_stored_fds();
  UniqueFd userns;
  if (const auto found = stored.find(kBaseUsernsName); found != stored.end())
    userns = std::move(found->second);
  engine_ = AMBIT_TRY(
      engine::Engine::open(loop_, bus_,
                           {.paths = options.paths,
                            .libexec_dir = options.libexec_dir,
                            .base_userns = std::move(userns),
                            .keep_base_userns = [](int fd) { store_fd(kBaseUsernsName, fd); }}));
  services_.reset(new Services{.loop = loop_, .bus = bus_, .engine = *engine_});
  return engine_->recover().context("taking over what runs");
}

Result<void> Daemon::publish(const Options& options) {
  object_manager_ = AMBIT_TRY(bus_.add_object_manager(kManagerPath));
  manager_ = std::make_unique<ManagerObject>(*services_, options.paths);
  AMBIT_TRY(manager_->publish());
  for (const auto& [id, container] : engine_->containers()) container_added(*container);
  for (const auto& [id, exec] : engine_->execs()) exec_changed(id);
  for (const auto& [name, pod] : engine_->pods().all()) pod_added(*pod);
  images_changed();
  event_log_ = std::make_unique<EventLog>(loop_, *engine_);
  observers_.add(*this);
  observers_.add(*event_log_);
  engine_->set_observer(&observers_);
  return {};
}

Result<void> Daemon::watch(const Options& options) {
  on_disconnect_ = AMBIT_TRY(bus_.on_disconnect([this] {
    bus_is_gone_ = true;
    loop_.exit(EXIT_FAILURE);
  }));
  on_sighup_ = AMBIT_TRY(loop_.on_signal(SIGHUP, [this](const signalfd_siginfo&) { make_way(); }));
  on_sigterm_ =
      AMBIT_TRY(loop_.on_signal(SIGTERM, [this](const signalfd_siginfo&) { loop_.exit(0); }));
  on_sigint_ =
      AMBIT_TRY(loop_.on_signal(SIGINT, [this](const signalfd_siginfo&) { loop_.exit(0); }));
  idle_exit_ = AMBIT_TRY(
      IdleExit::create(loop_, bus_, options.idle_limit,
                       {.is_needed = [this] { return is_needed(); }, .idle = [this] { leave(); }}));
  return loop_.enable_watchdog();
}

bool Daemon::is_needed() const { return *services_->unanswered > 0 || engine_->needs_daemon(); }

// The service manager hears of it first, so that it queues a start for whoever calls from now on;
// then the bus, which keeps later calls for the next owner of the name. What came before is
// answered.
void Daemon::leave() {
  notify("STOPPING=1\nSTATUS=Nothing to do");
  note(bus_.release_name(kBusName));
  note(bus_.dispatch_arrived());
  leave_when_done();
}

void Daemon::leave_when_done() {
  if (!is_needed()) return loop_.exit(0);
  look_later(&Daemon::leave_when_done);
}

// What is under way is finished before: a start would fail, a load begin anew. Whoever waits for a
// container asks the next ambitd. From the release of the name on, calls wait for that one.
void Daemon::make_way() {
  if (!engine_->workers_idle()) {
    notify("STATUS=Makes way for another ambitd when images are loaded");
    return look_later(&Daemon::make_way);
  }
  notify("STATUS=Makes way for another ambitd");
  engine_->hand_over();
  note(bus_.release_name(kBusName));
  note(bus_.dispatch_arrived());
  make_way_when_done();
}

void Daemon::make_way_when_done() {
  if (!engine_->is_starting()) return loop_.exit(kExitReplaced);
  look_later(&Daemon::make_way_when_done);
}

void Daemon::look_later(void (Daemon::*look)()) {
  auto timer = loop_.on_timer(kLeaveInterval, [this, look] { (this->*look)(); });
  if (timer)
    leave_check_ = *std::move(timer);
  else
    loop_.exit(EXIT_FAILURE);
}

void Daemon::tell_status() {
  const auto& containers = engine_->containers();
  const auto running = std::count_if(containers.begin(), containers.end(), [](const auto& entry) {
    return engine::is_up(entry.second->run.state);
  });
  notify(strf("STATUS=%zu containers, %td running", containers.size(), running));
}

template <typename Object, typename... Args>
void Daemon::add(std::map<std::string, std::unique_ptr<Object>>& objects, const std::string& id,
                 const Args&... args) {
  auto object = std::make_unique<Object>(*services_, args...);
  note(object->publish());
  objects.insert_or_assign(id, std::move(object));
}

template <typename Object>
void Daemon::remove(std::map<std::string, std::unique_ptr<Object>>& objects, const std::string& id,
                    const char* interface) {
  const auto found = objects.find(id);
  if (found == objects.end()) return;
  note(bus_.emit_interfaces_removed(found->second->path(), interface));
  objects.erase(found);
}

void Daemon::container_added(const engine::Container& container) {
  add(containers_, container.record.id, container);
  tell_status();
}

void Daemon::container_changed(const engine::Container& container,
                               const engine::Container& before) {
  const auto found = containers_.find(container.record.id);
  if (found != containers_.end()) found->second->tell_changes(before);
  if (container.run.state != before.run.state) tell_status();
}

void Daemon::container_exited(const engine::Container& container) {
  const auto found = containers_.find(container.record.id);
  if (found != containers_.end()) found->second->tell_exit();
}

void Daemon::container_notified(const engine::Container& container, const std::string& text) {
  const auto found = containers_.find(container.record.id);
  if (found != containers_.end()) found->second->tell_notified(text);
}

void Daemon::container_removed(const std::string& id) {
  remove(containers_, id, kContainerInterface);
  tell_status();
}

void Daemon::exec_changed(const std::string& exec_id) {
  const auto exec = engine_->execs().find(exec_id);
  if (exec == engine_->execs().end()) return remove(execs_, exec_id, kExecInterface);
  const auto found = execs_.find(exec_id);
  if (found == execs_.end()) return add(execs_, exec_id, exec->second);
  note(found->second->update(exec->second));
}

void Daemon::pod_added(const engine::Pod& pod) { add(pods_, pod.record.name, pod); }

void Daemon::pod_changed(const engine::Pod& pod, const engine::PodRunState& before) {
  const auto found = pods_.find(pod.record.name);
  if (found != pods_.end()) found->second->tell_changes(before);
}

void Daemon::pod_removed(const std::string& name) { remove(pods_, name, kPodInterface); }

void Daemon::transfer_changed(const std::string& id) {
  const auto transfer = engine_->transfers().find(id);
  if (transfer == engine_->transfers().end()) return remove(transfers_, id, kTransferInterface);
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return add(transfers_, id, transfer->second);
  note(found->second->update(transfer->second));
}

void Daemon::images_changed() {
  std::map<std::string, const image::ImageRecord*> now;
  for (const image::ImageRecord& image : engine_->images().images()) now.emplace(image.id, &image);
  std::vector<std::string> gone;
  for (const auto& [id, object] : images_)
    if (now.count(id) == 0) gone.push_back(id);
  for (const std::string& id : gone) remove(images_, id, kImageInterface);
  for (const auto& [id, image] : now) {
    const auto found = images_.find(id);
    if (found == images_.end())
      add(images_, id, *image);
    else
      note(found->second->update(*image));
  }
}

}  // namespace ambit::daemon
