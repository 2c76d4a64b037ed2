#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>

#include "base/strings.h"
#include "bus/event_loop.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/log_follower.h"
#include "cli/log_printer.h"
#include "cli/log_source.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "systemd/journal_reader.h"

namespace ambit::cli {
namespace {

constexpr std::chrono::seconds kProbeLimit{3};

struct LogsFlags {
  bool follow = false;
  bool timestamps = false;
  std::optional<std::string> tail, since, until;
};

// Where the container is; a path is "" where it was removed and only its ID is left.
struct Place {
  std::string id;
  std::string path;
};

Result<Place> find(Client& client, const std::string& name) {
  const auto path = client.find_container(name);
  if (path) return Place{.id = id_of_path(*path), .path = *path};
  if (path.error().code() == ErrorCode::NoSuchContainer && is_full_id(name))
    return Place{.id = name};
  return path.error();
}

// Nothing: all.
Result<std::optional<std::size_t>> parse_tail(const std::optional<std::string>& text) {
  if (!text || *text == "all" || *text == "-1") return std::optional<std::size_t>();
  return std::optional<std::size_t>(AMBIT_TRY(parse_uint(*text).context("--tail")));
}

Result<std::optional<std::int64_t>> parse_time(const char* flag,
                                               const std::optional<std::string>& text) {
  if (!text) return std::optional<std::int64_t>();
  return std::optional(AMBIT_TRY(parse_point_in_time(*text, now_usec()).context(flag)));
}

// Nothing was found: because nothing was written, or because this user may not read it.
Result<void> explain_nothing(Client& client, const Place& place) {
  if (!place.path.empty() &&
      AMBIT_TRY(client.property<std::int64_t>(place.path, kContainerInterface, "StartedAt")) == 0)
    return {};
  return systemd::probe_journal(kProbeLimit).context("the journal is not readable");
}

Result<void> logs(const LogsFlags& flags, const std::string& name) {
  const auto since = AMBIT_TRY(parse_time("--since", flags.since));
  const auto until = AMBIT_TRY(parse_time("--until", flags.until));
  const auto tail = AMBIT_TRY(parse_tail(flags.tail));
  Client client = AMBIT_TRY(Client::connect());
  const Place place = AMBIT_TRY(find(client, name));
  const LogSource source = AMBIT_TRY(open_log(client, place.id, place.path, name));
  OutputReader& reader = *source.reader;
  if (!source.note.empty()) print_error("%s", source.note.c_str());
  if (tail && !until)
    AMBIT_TRY(reader.seek_last_lines(*tail));
  else if (since)
    AMBIT_TRY(reader.seek_time(*since));
  LogPrinter printer(
      STDOUT_FILENO, STDERR_FILENO,
      flags.timestamps ? LogPrinter::Timestamps::EachLine : LogPrinter::Timestamps::None);
  LogFollower follower(client, reader, printer,
                       {.since_usec = since.value_or(0),
                        .until_usec = until.value_or(std::numeric_limits<std::int64_t>::max())});
  if (tail && until)
    AMBIT_TRY(follower.show_last(*tail));
  else if (flags.follow && !place.path.empty())
    AMBIT_TRY(follower.follow(place.path));
  else
    AMBIT_TRY(follower.show());
  const bool is_journal = source.kind == LogSource::Kind::Journal;
  if (is_journal && !follower.has_shown() && !flags.tail && !since && !until)
    return explain_nothing(client, place);
  return {};
}

}  // namespace

int verb_logs(int argc, char** argv) {
  Parser parser(
      "logs", "CONTAINER",
      "Shows what a container has written, byte for byte, from the journal or, with "
      "--log-driver file, from its own files. A whole ID also finds in the journal what one "
      "has written that was removed.");
  LogsFlags flags;
  parser.flag("-f,--follow", flags.follow, "go on until the container has exited");
  parser.value("-n,--tail", flags.tail, "N", "the last N lines; all is the default");
  parser.value("--since", flags.since, "TIME",
               "from TIME on: 2024-05-01T12:00:00Z, \"2024-05-01 12:00\", 1714564800, or 10m ago");
  parser.value("--until", flags.until, "TIME", "up to TIME");
  parser.flag("-t,--timestamps", flags.timestamps, "show when each line was written");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() != 1) return parser.usage_error("which container?");

  const Result<void> shown = logs(flags, parser.arguments().front());
  if (shown) return 0;
  if (shown.error().sys_errno() == EPIPE) return kExitBrokenPipe;
  print_error(shown.error());
  return exit_code(shown.error().code());
}

}  // namespace ambit::cli
