#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>

#include "cli/event_text.h"
#include "cli/exit_codes.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "os/file.h"
#include "systemd/event_reader.h"
#include "systemd/journal_reader.h"

namespace ambit::cli {
namespace {

constexpr std::chrono::seconds kProbeLimit{3};
constexpr std::chrono::seconds kLongestWait{3600};

struct EventsFlags {
  bool follow = false;
  bool no_follow = false;
  std::optional<std::string> since, until, format;
  std::vector<std::string> filters;
};

Result<std::int64_t> time_of(const char* flag, const std::optional<std::string>& text,
                             std::int64_t otherwise) {
  if (!text) return otherwise;
  return AMBIT_TRY(parse_point_in_time(*text, now_usec()).context(flag));
}

enum class Shown { ToTheEnd, UntilLater };

// What there is now. UntilLater where an event of after `until` came.
Result<Shown> show_all(systemd::EventReader& reader, const EventFilter& filter, ListFormat format,
                       std::int64_t until_usec) {
  std::string text;
  Shown shown = Shown::ToTheEnd;
  while (const auto event = AMBIT_TRY(reader.next())) {
    if (event->realtime_usec > until_usec) {
      shown = Shown::UntilLater;
      break;
    }
    if (!matches(filter, *event)) continue;
    text += format == ListFormat::ForMachines ? show_event_as_json(*event) : show_event(*event);
  }
  AMBIT_TRY(os::write_all(STDOUT_FILENO, text));
  return shown;
}

Result<void> events(const EventsFlags& flags) {
  const ListFormat format = AMBIT_TRY(parse_list_format(flags.format));
  const EventFilter filter = AMBIT_TRY(parse_event_filter(flags.filters));
  const auto since = AMBIT_TRY(time_of("--since", flags.since, 0));
  const auto until =
      AMBIT_TRY(time_of("--until", flags.until, std::numeric_limits<std::int64_t>::max()));
  // What nobody can read must not look as if nothing happened.
  AMBIT_TRY(systemd::probe_journal(kProbeLimit).context("the journal is not readable"));
  systemd::EventReader reader = AMBIT_TRY(systemd::EventReader::open());
  const bool follow = !flags.no_follow && (flags.follow || until > now_usec());
  if (flags.since)
    AMBIT_TRY(reader.seek_time(since));
  else if (follow)
    AMBIT_TRY(reader.seek_end());
  for (;;) {
    const Shown shown = AMBIT_TRY(show_all(reader, filter, format, until));
    const std::int64_t left = until - now_usec();
    if (!follow || shown == Shown::UntilLater || left <= 0) return {};
    AMBIT_TRY(reader.wait(
        std::min<std::chrono::microseconds>(std::chrono::microseconds(left), kLongestWait)));
  }
}

// "-f" is --filter for docker, and follow for everybody who knows journalctl: a filter has a "=".
void settle_short_option(int argc, char** argv) {
  static char follow[] = "--follow";
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "-f") == 0 &&
        (i + 1 == argc || std::strchr(argv[i + 1], '=') == nullptr || argv[i + 1][0] == '-'))
      argv[i] = follow;
}

}  // namespace

int verb_events(int argc, char** argv) {
  Parser parser("events", "",
                "Shows what happens to containers and images, from the journal: from now on, or "
                "what happened since a time.");
  EventsFlags flags;
  parser.flag("--follow", flags.follow,
              "go on when all is shown: the default unless --until is over; also -f");
  parser.flag("--no-follow", flags.no_follow, "show what there is, and end");
  parser.value("--since", flags.since, "TIME",
               "from TIME on: 2024-05-01T12:00:00Z, \"2024-05-01 12:00\", 1714564800, or 10m ago");
  parser.value("--until", flags.until, "TIME", "up to TIME");
  parser.list("-f,--filter", flags.filters, "KEY=VALUE", "type, event, container, image, label");
  parser.value("--format", flags.format, "FORMAT", "table (default) or json: an object a line");
  settle_short_option(argc, argv);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (!parser.arguments().empty()) return parser.usage_error("it takes no arguments");

  const Result<void> shown = events(flags);
  if (shown) return 0;
  if (shown.error().sys_errno() == EPIPE) return kExitBrokenPipe;
  print_error(shown.error());
  return exit_code(shown.error().code());
}

}  // namespace ambit::cli
