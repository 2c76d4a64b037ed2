#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/paths.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/bus.h"
#include "bus/event_loop.h"
#include "daemon/container_object.h"
#include "daemon/event_log.h"
#include "daemon/exec_object.h"
#include "daemon/idle_exit.h"
#include "daemon/image_object.h"
#include "daemon/manager_object.h"
#include "daemon/observer_list.h"
#include "daemon/pod_object.h"
#include "daemon/services.h"
#include "daemon/transfer_object.h"
#include "engine/engine.h"

namespace ambit::daemon {

// ambitd: the engine, and its objects on the bus. Everybody who may talk to the session bus is the
// user himself, so no call is checked for who made it.
// For the service manager (RestartForceExitStatus=): start the ambitd that is installed now.
// EX_TEMPFAIL of sysexits.h.
constexpr int kExitReplaced = 75;

class Daemon final : public engine::Observer {
 public:
  struct Options {
    Paths paths;
    std::string libexec_dir;
    std::chrono::microseconds idle_limit{};
  };

  // Opens the store, takes over what runs, and only then takes the name on the bus. AlreadyExists
  // where another ambitd works on this store.
  static Result<std::unique_ptr<Daemon>> start(Options options);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  // Hangs up first: callers that still wait are told by the bus, and ask the next ambitd.
  ~Daemon() override;

  // Until SIGTERM, SIGINT or the idle limit, then 0; until SIGHUP, then kExitReplaced; until the
  // bus goes away, then 1.
  Result<int> run();

  void container_added(const engine::Container& container) override;
  void container_changed(const engine::Container& container,
                         const engine::Container& before) override;
  void container_exited(const engine::Container& container) override;
  void container_notified(const engine::Container& container, const std::string& text) override;
  void container_removed(const std::string& id) override;
  void exec_changed(const std::string& exec_id) override;
  void transfer_changed(const std::string& id) override;
  void images_changed() override;
  void pod_added(const engine::Pod& pod) override;
  void pod_changed(const engine::Pod& pod, const engine::PodRunState& before) override;
  void pod_removed(const std::string& name) override;

 private:
  Daemon(bus::EventLoop loop, bus::Bus bus) : loop_(std::move(loop)), bus_(std::move(bus)) {}

  Result<void> open_engine(const Options& options);
  Result<void> publish(const Options& options);
  Result<void> watch(const Options& options);
  bool is_needed() const;
  void leave();
  void make_way();
  void leave_when_done();
  void make_way_when_done();
  void look_later(void (Daemon::*look)());
  void tell_status();

  template <typename Object, typename... Args>
  void add(std::map<std::string, std::unique_ptr<Object>>& objects, const std::string& id,
           const Args&... args);
  template <typename Object>
  void remove(std::map<std::string, std::unique_ptr<Object>>& objects, const std::string& id,
              const char* interface);

  bus::EventLoop loop_;
  bus::Bus bus_;
  UniqueFd store_lock_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Services> services_;
  ObserverList observers_;
  std::unique_ptr<EventLog> event_log_;
  std::unique_ptr<ManagerObject> manager_;
  std::map<std::string, std::unique_ptr<ContainerObject>> containers_;
  std::map<std::string, std::unique_ptr<ExecObject>> execs_;
  std::map<std::string, std::unique_ptr<ImageObject>> images_;
  std::map<std::string, std::unique_ptr<PodObject>> pods_;
  std::map<std::string, std::unique_ptr<TransferObject>> transfers_;
  bus::Slot object_manager_;
  bus::Slot on_disconnect_;
  bool bus_is_gone_ = false;
  bus::EventSource on_sigterm_;
  bus::EventSource on_sigint_;
  bus::EventSource on_sighup_;
  std::unique_ptr<IdleExit> idle_exit_;
  bus::EventSource leave_check_;
};

}  // namespace ambit::daemon
