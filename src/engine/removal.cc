#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/engine_impl.h"

// Removing containers, and deleting what is left of them and of images.
namespace ambit::engine {
namespace {

// More than that is a worker's, so that the loop does not stall.
constexpr int kMaxEntriesAtOnce = 256;

}  // namespace

void Engine::Impl::remove(Container& container, RemoveMode mode, Done done) {
  const std::string id = container.record.id;
  if (container.restart.due_usec != 0 && mode == RemoveMode::OnlyStopped)
    return done(Error(ErrorCode::Busy, "container " + container.record.name +
                                           " is about to be restarted; stop it first, or remove it "
                                           "by force (rm -f)"));
  switch (container.run.state) {
    case State::Created:
    case State::Exited:
      activity_of(id).on_removed.push_back(std::move(done));
      return remove_now(id);
    case State::Removing:
      activity_of(id).on_removed.push_back(std::move(done));
      return;
    case State::Starting:
    case State::Running:
    case State::Paused:
    case State::Stopping:
      break;
  }
  if (mode == RemoveMode::OnlyStopped)
    return done(Error(ErrorCode::Busy, "container " + container.record.name + " is " +
                                           to_string(container.run.state) +
                                           "; stop it first, or remove it by force (rm -f)"));
  Activity& activity = activity_of(id);
  activity.on_removed.push_back(std::move(done));
  activity.remove_when_ended = true;
  if (activity.run == nullptr) return;  // recovery is ending it
  // Where it has not begun there is nothing to kill, and the start is given up; where its monitor
  // has just gone, the end is on its way.
  if (container.run.state == State::Starting) {
    activity.run->stop(0);
  } else {
    (void)kill_everything(container);
  }
}

void Engine::Impl::remove_now(const std::string& id) {
  Container& container = *containers.at(id);
  const State before = container.run.state;
  update(container, [](Container& c) { c.run.state = State::Removing; });
  const auto discarded = records.discard(id);
  std::vector<Done> dones = std::move(activity_of(id).on_removed);
  if (!discarded) {
    update(container, [before](Container& c) { c.run.state = before; });
    for (const Done& done : dones) done(discarded.error());
    return;
  }
  ids_by_name.erase(container.record.name);
  const std::string pod = container.record.options.pod;
  activities.erase(id);
  containers.erase(id);
  if (observer != nullptr) observer->container_removed(id);
  pods->refresh(pod);
  for (const Done& done : dones) done({});
  restarts.under_way.erase(id);
  std::erase(restarts.waiting, id);

  // Most containers wrote little, and nothing that a subordinate id owns.
  if (!remove_small_tree(records.trash_fd(), *discarded, kMaxEntriesAtOnce)) {
    trash.push_back(*discarded);
    sweep_trash();
  }
}

void Engine::Impl::sweep_trash() {
  std::vector<std::string> names = trash;
  names.insert(names.end(), images.trash().begin(), images.trash().end());
  if (names.empty() || sweeping) return;
  const auto userns = base_userns();
  if (!userns) {
    log(LogLevel::Warning, "deleting what is in the trash: %s", userns.error().message().c_str());
    return;
  }
  const auto started = workers.start(
      [&](int output_fd) {
        return image::remove_call({.fds = {.output_fd = output_fd, .user_ns_fd = *userns},
                                   .dir_fd = records.trash_fd(),
                                   .names = names});
      },
      {.finished = [this, names](const Result<image::WorkerResult>& result) {
        sweeping = false;
        if (!result)
          log(LogLevel::Warning, "deleting what is in the trash: %s",
              result.error().message().c_str());
        // What could not be deleted is tried again by the next ambitd, not in a loop.
        images.forget_trash(names);
        std::erase_if(trash, [&](const std::string& name) {
          return std::find(names.begin(), names.end(), name) != names.end();
        });
        sweep_trash();
      }});
  sweeping = started.has_value();
  if (!started)
    log(LogLevel::Warning, "deleting what is in the trash: %s", started.error().message().c_str());
}

}  // namespace ambit::engine
