#include "systemd/event.h"

#include "systemd/journal_sender.h"

namespace ambit::systemd {
namespace {

constexpr EventKind kKinds[] = {
    {Event::ContainerCreated, "container", "created", "create", "8a4ab078c6f6bcfc66d4a9ba1974e1bb"},
    {Event::ContainerStarted, "container", "started", "start", "0433b821ddd308cffb81602d06589977"},
    {Event::ContainerStopping, "container", "stopping", "stop", "f0c7e136aba51b8d95ba67ab752014bd"},
    {Event::ContainerPaused, "container", "paused", "pause", "433a02bc83f711ddf588e8f326cef7f6"},
    {Event::ContainerResumed, "container", "resumed", "unpause",
     "40ffbdcc6364be4f8bbfbb8dc5518f72"},
    {Event::ContainerOom, "container", "oom", "oom", "dd25d4ce8420fde462816e0ec87719d6"},
    {Event::ContainerExited, "container", "exited", "die", "5b5475a1b7d351167b73a2a43514f77d"},
    {Event::ContainerRenamed, "container", "renamed", "rename", "0cdd8df4e3033cd1cfbe24d20435f81e"},
    {Event::ContainerHealth, "container", "health", "health_status",
     "db5fa3d9d88476fc8d8894ddfc990d3c"},
    {Event::ContainerRemoved, "container", "removed", "destroy",
     "5483d9bbd718e714bf83cd1c45835f55"},
    {Event::ContainerLogDropped, "container", "log_dropped", "",
     "173019bb088cc974f82382535671fbca"},
    {Event::ExecStarted, "container", "exec_started", "exec_start",
     "3f8e39ce4481e8bb6267e38557691b9f"},
    {Event::ExecExited, "container", "exec_exited", "exec_die", "a3ce8a50f3cfa547db2bd8409d88b514"},
    {Event::ImageLoaded, "image", "loaded", "load", "b3914a151ab915ed8af1e81a040112b0"},
    {Event::ImageTagged, "image", "tagged", "tag", "6e8da47b005c6109477349d3966c7b59"},
    {Event::ImageUntagged, "image", "untagged", "untag", "9c9bbe0c3ee99fb7da68757ab6220bea"},
    {Event::ImageRemoved, "image", "removed", "delete", "cafe54d0148952c19d5b826b39d5e513"},
    {Event::PodCreated, "pod", "created", "create", "9f0a83d440ae4e2fa4fb37fe81eaf048"},
    {Event::PodStarted, "pod", "started", "start", "58a57577e9984272af541cedf901d5fd"},
    {Event::PodStopped, "pod", "stopped", "stop", "9ea2d0251123420c800f474dcd4a4518"},
    {Event::PodPaused, "pod", "paused", "pause", "6346291cbe424303ae9cff9f04f3bb5b"},
    {Event::PodResumed, "pod", "resumed", "unpause", "1dd98574bfcd45e78dfdd99af57c78fb"},
    {Event::PodRemoved, "pod", "removed", "remove", "efe98654f8b04a23baa6950d0976db64"},
};

}  // namespace

std::span<const EventKind> event_kinds() { return kKinds; }

const EventKind& kind_of(Event event) {
  // In the order of the enumeration, as a test says.
  return kKinds[static_cast<std::size_t>(event)];
}

const EventKind* kind_of_message_id(std::string_view message_id) {
  for (const EventKind& kind : kKinds)
    if (message_id == kind.message_id) return &kind;
  return nullptr;
}

std::string journal_record(const EventRecord& record) {
  const EventKind& kind = kind_of(record.event);
  std::string text;
  append_journal_field(text, "MESSAGE", record.message);
  append_journal_field(text, "MESSAGE_ID", kind.message_id);
  append_journal_field(text, "PRIORITY", std::to_string(record.priority));
  append_journal_field(text, "AMBIT_EVENT", kind.name);
  append_journal_field(text, "AMBIT_EVENT_TYPE", kind.type);
  for (const auto& [name, value] : record.fields) append_journal_field(text, name, value);
  return text;
}

}  // namespace ambit::systemd
