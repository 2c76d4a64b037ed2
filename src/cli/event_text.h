#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "systemd/event_reader.h"

// Events as `ambit events` shows them.
namespace ambit::cli {

// `--filter KEY=VALUE`: type, event (our name or docker's), container (name, or the beginning of
// its ID), image, label (KEY or KEY=VALUE). Values of one key are alternatives, but all labels must
// be there; keys add up. InvalidArgument names what is unknown.
struct EventFilter {
  std::map<std::string, std::vector<std::string>> wanted;
};
Result<EventFilter> parse_event_filter(const std::vector<std::string>& texts);
bool matches(const EventFilter& filter, const systemd::PastEvent& event);

// A line, with its end.
std::string show_event(const systemd::PastEvent& event);
// An object in one line, with its end: docs/formats.md.
std::string show_event_as_json(const systemd::PastEvent& event);

}  // namespace ambit::cli
