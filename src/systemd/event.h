#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What happens to containers and images, as records in the journal. The monitor writes what it is
// there for (start, stop, end), so that the record is complete while no ambitd runs; ambitd writes
// the rest. docs/formats.md lists kinds and fields, units/ambit.catalog explains each to people.
namespace ambit::systemd {

enum class Event {
  ContainerCreated,
  ContainerStarted,
  ContainerStopping,
  ContainerPaused,
  ContainerResumed,
  ContainerOom,
  ContainerExited,
  ContainerRenamed,
  ContainerHealth,
  ContainerRemoved,
  ContainerLogDropped,
  ExecStarted,
  ExecExited,
  ImageLoaded,
  ImageTagged,
  ImageUntagged,
  ImageRemoved,
  PodCreated,
  PodStarted,
  PodStopped,
  PodPaused,
  PodResumed,
  PodRemoved,
};

struct EventKind {
  Event event;
  const char* type;         // AMBIT_EVENT_TYPE: "container", "image" or "pod"
  const char* name;         // AMBIT_EVENT
  const char* docker_name;  // what docker and podman call it, "" for nothing
  const char* message_id;   // MESSAGE_ID, for ever: do not change
};

std::span<const EventKind> event_kinds();
const EventKind& kind_of(Event event);
// Null for an ID that is none of ours.
const EventKind* kind_of_message_id(std::string_view message_id);

// Priorities, syslog's: of what is in order, and of what is not. Never those of output (6 and 3):
// journald limits the rate of a user's records separately for these, so that a container that
// prints too much can't silence what is told of it.
constexpr int kNotice = 5;
constexpr int kWarning = 4;

struct EventRecord {
  Event event = Event::ContainerCreated;
  int priority = kNotice;
  std::string message;
  // Further fields, by name. Values of any bytes.
  std::vector<std::pair<std::string, std::string>> fields;
};

// The record in journald's native form, for JournalSender::queue().
std::string journal_record(const EventRecord& record);

}  // namespace ambit::systemd
