#include "daemon/event_log.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "engine/pods.h"
#include "systemd/unit_name.h"

namespace ambit::daemon {
namespace {

using systemd::Event;
using systemd::EventRecord;

constexpr std::chrono::milliseconds kRetry{100};

std::string labels_json(const std::map<std::string, std::string>& labels) {
  if (labels.empty()) return "";
  return nlohmann::json(labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// What is in `left` and not in `right`.
std::vector<std::string> missing_in(const std::vector<std::string>& left,
                                    const std::vector<std::string>& right) {
  std::vector<std::string> found;
  for (const std::string& text : left)
    if (std::find(right.begin(), right.end(), text) == right.end()) found.push_back(text);
  return found;
}

std::string first_line(const std::string& text) {
  return std::string(trim(text.substr(0, text.find('\n'))));
}

std::string image_name(const std::string& id, const std::vector<std::string>& references) {
  return references.empty() ? short_id(id) : references.front();
}

}  // namespace

EventLog::EventLog(bus::EventLoop& loop, engine::Engine& engine)
    : loop_(loop),
      engine_(engine),
      sender_("", systemd::JournalSender::Options::from_environment()),
      images_(images_now()) {
  for (const auto& [id, container] : engine.containers()) know(*container);
  for (const auto& [name, pod] : engine.pods().all()) pods_.emplace(name, *pod);
  // Those that an earlier ambitd started have been told of.
  for (const auto& [id, exec] : engine.execs())
    if (exec.running) running_execs_.insert(id);
}

EventLog::~EventLog() { sender_.flush(); }

void EventLog::know(const engine::Container& container) {
  const spec::ContainerRecord& record = container.record;
  containers_.insert_or_assign(record.id,
                               KnownContainer{.name = record.name,
                                              .image = record.image,
                                              .labels = labels_json(record.options.labels)});
}

void EventLog::container_added(const engine::Container& container) {
  know(container);
  const spec::ContainerRecord& record = container.record;
  tell_container(record.id, {.event = Event::ContainerCreated,
                             .message = record.name + " created from " + record.image});
}

void EventLog::container_changed(const engine::Container& container,
                                 const engine::Container& before) {
  const std::string& id = container.record.id;
  const std::string& name = container.record.name;
  if (name != before.record.name) {
    know(container);
    tell_container(id, {.event = Event::ContainerRenamed,
                        .message = before.record.name + " renamed to " + name,
                        .fields = {{"AMBIT_OLD_NAME", before.record.name}}});
  }
  // That it is starting says its start.
  if (container.health.health != before.health.health &&
      container.health.health != spec::Health::Starting)
    tell_health(container);
  const engine::State was = before.run.state;
  const engine::State is = container.run.state;
  if (is == engine::State::Paused && was != is)
    tell_container(id, {.event = Event::ContainerPaused, .message = name + " paused"});
  if (was == engine::State::Paused && is == engine::State::Running)
    tell_container(id, {.event = Event::ContainerResumed, .message = name + " resumed"});
}

void EventLog::tell_health(const engine::Container& container) {
  const spec::HealthRecord& health = container.health;
  const bool is_bad = health.health == spec::Health::Unhealthy;
  std::string message = container.record.name + " is " + to_string(health.health);
  if (is_bad && !health.results.empty() && !health.results.front().output.empty())
    message += ": " + first_line(health.results.front().output);
  tell_container(container.record.id, {.event = Event::ContainerHealth,
                                       .priority = is_bad ? systemd::kWarning : systemd::kNotice,
                                       .message = std::move(message),
                                       .fields = {{"AMBIT_HEALTH", to_string(health.health)}}});
}

void EventLog::container_exited(const engine::Container& container) {
  if (container.run.exit_code != engine::kExitCodeUnknown) return;
  const std::string& reason = container.run.exit_reason;
  const std::string why = reason == "oom" ? "its memory ran out" : "nobody knows how";
  tell_container(container.record.id,
                 {.event = Event::ContainerExited,
                  .priority = systemd::kWarning,
                  .message = container.record.name + " has ended, its monitor with it: " + why,
                  .fields = {{"AMBIT_EXIT_CODE", std::to_string(container.run.exit_code)},
                             {"AMBIT_EXIT_REASON", reason}}});
}

void EventLog::container_removed(const std::string& id) {
  const auto known = containers_.find(id);
  if (known == containers_.end()) return;
  tell_container(id,
                 {.event = Event::ContainerRemoved, .message = known->second.name + " removed"});
  containers_.erase(known);
}

void EventLog::exec_changed(const std::string& exec_id) {
  const auto found = engine_.execs().find(exec_id);
  if (found == engine_.execs().end()) return;
  const engine::Exec& exec = found->second;
  const bool has_begun = exec.running && running_execs_.insert(exec_id).second;
  const bool has_ended = !exec.running && running_execs_.erase(exec_id) > 0;
  const auto container = containers_.find(exec.container_id);
  const std::string name = container == containers_.end() ? "" : container->second.name;
  const std::string command = exec.command.empty() ? "" : exec.command.front();
  if (has_begun)
    tell_container(exec.container_id, {.event = Event::ExecStarted,
                                       .message = name + ": further command started: " + command,
                                       .fields = {{"AMBIT_EXEC_ID", exec_id},
                                                  {"AMBIT_PID", std::to_string(exec.pid)}}});
  if (has_ended)
    tell_container(
        exec.container_id,
        {.event = Event::ExecExited,
         .message = name + ": further command exited with code " + std::to_string(exec.exit_code),
         .fields = {{"AMBIT_EXEC_ID", exec_id},
                    {"AMBIT_EXIT_CODE", std::to_string(exec.exit_code)}}});
}

std::map<std::string, EventLog::KnownImage> EventLog::images_now() const {
  std::map<std::string, KnownImage> images;
  for (const image::ImageRecord& image : engine_.images().images())
    images.emplace(image.id, KnownImage{.references = image.references});
  return images;
}

void EventLog::images_changed() {
  const auto before = std::exchange(images_, images_now());
  if (before == images_) return;
  for (const auto& [id, image] : before) {
    const std::string name = image_name(id, image.references);
    const auto now = images_.find(id);
    if (now == images_.end()) {
      tell_image(Event::ImageRemoved, id, name, "image " + name + " removed");
      continue;
    }
    for (const std::string& reference : missing_in(image.references, now->second.references))
      tell_image(Event::ImageUntagged, id, reference,
                 "image " + short_id(id) + " is no longer " + reference);
    for (const std::string& reference : missing_in(now->second.references, image.references))
      tell_image(Event::ImageTagged, id, reference,
                 "image " + short_id(id) + " is now " + reference);
  }
  for (const auto& [id, image] : images_) {
    if (before.count(id) > 0) continue;
    const std::string name = image_name(id, image.references);
    tell_image(Event::ImageLoaded, id, name, "image " + name + " loaded");
  }
}

void EventLog::tell_container(const std::string& id, EventRecord record) {
  const auto found = containers_.find(id);
  if (found == containers_.end()) return;
  const KnownContainer& container = found->second;
  auto& fields = record.fields;
  fields.emplace_back("SYSLOG_IDENTIFIER", container.name);
  fields.emplace_back("USER_UNIT", systemd::scope_unit(container.name));
  fields.emplace_back("CONTAINER_NAME", container.name);
  fields.emplace_back("CONTAINER_ID", short_id(id));
  fields.emplace_back("CONTAINER_ID_FULL", id);
  fields.emplace_back("IMAGE_NAME", container.image);
  if (!container.labels.empty()) fields.emplace_back("AMBIT_LABELS", container.labels);
  tell(record);
}

void EventLog::tell_image(Event event, const std::string& id, const std::string& reference,
                          std::string message) {
  tell({.event = event,
        .message = std::move(message),
        .fields = {
            {"SYSLOG_IDENTIFIER", "ambit"}, {"AMBIT_IMAGE_ID", id}, {"IMAGE_NAME", reference}}});
}

void EventLog::pod_added(const engine::Pod& pod) {
  pods_.insert_or_assign(pod.record.name, pod);
  tell_pod(pod, Event::PodCreated, "created");
}

void EventLog::pod_changed(const engine::Pod& pod, const engine::PodRunState& before) {
  pods_.insert_or_assign(pod.record.name, pod);
  const auto is_up = [](engine::PodState state) {
    return state == engine::PodState::Running || state == engine::PodState::Degraded;
  };
  const engine::PodState was = before.state;
  const engine::PodState is = pod.run.state;
  const bool was_paused = was == engine::PodState::Paused;
  if (is == engine::PodState::Paused && !was_paused) tell_pod(pod, Event::PodPaused, "paused");
  if (was_paused && is_up(is)) tell_pod(pod, Event::PodResumed, "resumed");
  if (!was_paused && !is_up(was) && is_up(is)) tell_pod(pod, Event::PodStarted, "started");
  const bool has_ended = is == engine::PodState::Exited || is == engine::PodState::Created;
  if ((is_up(was) || was_paused) && has_ended) tell_pod(pod, Event::PodStopped, "stopped");
}

void EventLog::pod_removed(const std::string& name) {
  const auto known = pods_.find(name);
  if (known == pods_.end()) return;
  tell_pod(known->second, Event::PodRemoved, "removed");
  pods_.erase(known);
}

// In the view of the pod's slice, which has the output of all its containers as well.
void EventLog::tell_pod(const engine::Pod& pod, Event event, const char* what) {
  const std::string& name = pod.record.name;
  EventRecord record{.event = event, .message = "pod " + name + " " + what};
  record.fields = {{"SYSLOG_IDENTIFIER", name}, {"USER_UNIT", pod.unit}, {"AMBIT_POD", name}};
  const std::string labels = labels_json(pod.record.options.labels);
  if (!labels.empty()) record.fields.emplace_back("AMBIT_LABELS", labels);
  tell(record);
}

void EventLog::tell(const EventRecord& record) {
  if (!sender_.has_room()) return;
  sender_.queue(systemd::journal_record(record));
  if (std::exchange(is_flush_due_, true)) return;
  // What is told stands behind the answer that somebody waits for.
  auto soon = loop_.defer([this] { flush(); });
  if (!soon) return flush();
  flush_soon_ = *std::move(soon);
  (void)flush_soon_.set_priority(SD_EVENT_PRIORITY_IDLE);
}

void EventLog::flush() {
  is_flush_due_ = false;
  sender_.flush();
  if (sender_.is_empty()) return;
  auto retry = loop_.on_timer(kRetry, [this] { flush(); });
  if (retry) retry_ = *std::move(retry);
}

}  // namespace ambit::daemon
