#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/paths.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/bus.h"
#include "bus/event_loop.h"
#include "engine/container.h"
#include "engine/exec.h"
#include "engine/health_activity.h"
#include "engine/pod.h"
#include "engine/service_context.h"
#include "engine/transfer.h"
#include "image/store.h"
#include "systemd/unit_property.h"

namespace ambit::engine {

class Pods;

// Who is told of every change; the daemon puts them on the bus. Called from the event loop, once
// per change, after the engine's own state is as the call says. Objects may be looked at, the
// engine not called back into.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void container_added(const Container& container) = 0;
  // Whatever of RunState and the name differs from `before`.
  virtual void container_changed(const Container& container, const Container& before) = 0;
  // After container_changed with State::Exited; once a run.
  virtual void container_exited(const Container& container) = 0;
  // It has said something over its NOTIFY_SOCKET; spec/notify_message.h.
  virtual void container_notified(const Container& container, const std::string& text) = 0;
  virtual void container_removed(const std::string& id) = 0;
  virtual void exec_changed(const std::string& exec_id) = 0;
  // It began, came further, ended, or is forgotten: Engine::transfers().
  virtual void transfer_changed(const std::string& id) = 0;
  virtual void images_changed() = 0;  // compare Engine::images() with what is known
  virtual void pod_added(const Pod& pod) = 0;
  virtual void pod_changed(const Pod& pod, const PodRunState& before) = 0;
  virtual void pod_removed(const std::string& name) = 0;
};

// Descriptors of a client that come with a start.
struct ClientStreams {
  UniqueFd stdin_fd, stdout_fd, stderr_fd;  // each optional
  UniqueFd terminal;                        // instead, for a container with a terminal
  std::optional<spec::ConsoleSize> console_size;
  ServiceContext service;
};

struct ExecOptions {
  std::vector<std::string> command;
  std::vector<std::string> environment;
  std::string working_dir;
  std::string user;
  bool terminal = false;
  // All capabilities of the container's user namespace, no filter of system calls.
  bool privileged = false;
  std::vector<UniqueFd> preserved_fds;  // the command's 3, 4, 5, ...
  ClientStreams streams;
};

using Done = std::function<void(Result<void>)>;
using FoundContainer = std::function<void(Result<const Container*>)>;
using WaitDone = std::function<void(int code)>;
using ExecStarted = std::function<void(Result<std::string>)>;  // the exec's ID
using TextDone = std::function<void(Result<std::string>)>;
using FdsDone = std::function<void(Result<std::vector<UniqueFd>>)>;
// Of what a container has written; image::kUnknownSize where it can't be told.
struct ContainerSize {
  std::string id;
  std::uint64_t bytes = 0;
};
using SizesDone = std::function<void(Result<std::vector<ContainerSize>>)>;
using ImagesDone = std::function<void(Result<std::vector<std::string>>)>;  // image IDs

enum class RemoveMode { OnlyStopped, Force };

// The lifecycle of containers and the store of images, on one sd-event loop. Every method returns
// at once; what takes longer calls back, from the loop, exactly once (also when the engine is
// destroyed: with an error).
class Engine {
 public:
  struct Options {
    Paths paths;
    std::string libexec_dir;  // where ambit-monitor and ambit-worker are
    UniqueFd base_userns;     // from the fd store, or none
    // Called when a base user namespace was made, so that the fd store keeps it.
    std::function<void(int fd)> keep_base_userns;
  };

  // Opens the stores, reads all records. Does not touch the user manager before recover().
  static Result<std::unique_ptr<Engine>> open(bus::EventLoop& loop, bus::Bus& bus, Options options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void set_observer(Observer* observer);

  // Adopts what an earlier ambitd left running, ends what is half-way, removes leftovers.
  Result<void> recover();

  // True while something would suffer if the daemon exited: a start or stop under way, somebody
  // waiting, a transfer, a running container that is to be removed when it exits.
  bool needs_daemon() const;

  // What can be limited: the controllers that the user's manager was given. Empty without one.
  std::vector<std::string> controllers() const;

  // Whether no image is being worked on, and whether a container is being started: what another
  // ambitd could not go on with.
  bool workers_idle() const;
  bool is_starting() const;
  // From now on what follows from a container's end (its removal, its restart) is left to the next
  // ambitd, whom those who wait for the end will ask.
  void hand_over();

  const std::map<std::string, std::unique_ptr<Container>>& containers() const;  // by ID
  // By name, ID or unique prefix. NoSuchContainer; InvalidArgument for a prefix of several.
  Result<const Container*> find(const std::string& name) const;
  // NoSuchContainer where the process is in none.
  Result<const Container*> find_by_pid(pid_t pid) const;

  // Makes the record. `name` "" for a made-up one. NameInUse, NoSuchImage, InvalidArgument for an
  // option that can't be met; the message names it.
  Result<const Container*> create(const std::string& name, const std::string& image,
                                  spec::ContainerOptions options);
  void start(const std::string& id, ClientStreams streams, Done done);
  void stop(const std::string& id, std::uint64_t timeout_usec, Done done);
  void restart(const std::string& id, std::uint64_t timeout_usec, Done done);
  Result<void> kill(const std::string& id, int signal);
  // Freezes and thaws the container's unit; the state follows the kernel's word. NotRunning where
  // it has not started or is ending; Busy where a slice above keeps it frozen.
  void pause(const std::string& id, Done done);
  void resume(const std::string& id, Done done);
  void remove(const std::string& id, RemoveMode mode, Done done);
  Result<void> rename(const std::string& id, const std::string& name);
  // From now on: a restart that is due is called off by "no".
  Result<void> set_restart_policy(const std::string& id, const spec::RestartPolicy& policy);
  void wait(const std::string& id, WaitDone done);
  void attach(const std::string& id, std::vector<std::string> streams, FdsDone done);
  Result<void> resize(const std::string& id, unsigned rows, unsigned columns);
  Result<std::vector<pid_t>> processes(const std::string& id) const;
  // The folder of its log files, "" with another log driver than file.
  std::string log_path(const Container& container) const;
  // container_sizes.cc. A worker looks through what they have written.
  void container_sizes(const std::vector<std::string>& ids, SizesDone done);
  // JSON, docs/formats.md. Asks systemd for the limits of one that runs.
  void inspect(const std::string& id, TextDone done) const;
  // limit_ops.cc. Changes properties of the unit, at once where the container runs, and keeps them
  // for its next start. InvalidArgument: one that can't be changed live. HostUnsupported, with the
  // fix: the kernel does not enforce it. Errors of systemd's as they are.
  void set_limits(const std::string& id, systemd::UnitProperties changes, Done done);

  void exec(const std::string& id, ExecOptions options, ExecStarted done);
  const std::map<std::string, Exec>& execs() const;  // ended ones stay for a minute
  void wait_exec(const std::string& exec_id, WaitDone done);
  // SIGKILL takes what the command has started along.
  Result<void> kill_exec(const std::string& exec_id, int signal);
  Result<void> resize_exec(const std::string& exec_id, unsigned rows, unsigned columns);

  // The container's health check, now; or the one that runs already. It counts like any other, and
  // answers when it is over. InvalidArgument where there is none; NotRunning; those of exec.
  void check_health(const std::string& id, CheckDone done);

  Pods& pods();

  const image::Store& images() const;
  void load_image(UniqueFd archive, const std::string& reference, ImagesDone done);
  void import_image(UniqueFd archive, const std::string& reference, const spec::ImageConfig& config,
                    ImagesDone done);
  // pull_ops.cc. Begins, or joins one of the same that is under way, and returns its ID. What goes
  // wrong from then on is the transfer's error. Ended ones stay for a minute.
  Result<std::string> pull_image(const PullRequest& request);
  const std::map<std::string, Transfer>& transfers() const;
  void wait_transfer(const std::string& id, Done done);
  // For one of those who called for it: it ends when nobody is left.
  Result<void> cancel_transfer(const std::string& id);
  Result<void> tag_image(const std::string& id, const std::string& reference);
  Result<void> untag_image(const std::string& reference);
  void remove_image(const std::string& id, RemoveMode mode, Done done);
  Result<std::string> inspect_image(const std::string& id) const;  // JSON

 private:
  friend class Pods;
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::engine
