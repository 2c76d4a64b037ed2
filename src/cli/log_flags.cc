#include "cli/log_flags.h"

#include <map>
#include <utility>

#include "cli/output.h"
#include "spec/log_options.h"
#include "systemd/journal_access.h"

namespace ambit::cli {

void add_log_flags(Parser& parser, LogFlags& flags) {
  parser.value("--log-driver", flags.driver, "DRIVER",
               "where output is kept: journald (default), file (of its own) or none");
  parser.list("--log-opt", flags.options, "NAME=VALUE",
              "of file: max-size=10m, max-file=3; of journald: tag=TEXT");
}

Result<void> set_log_options(const LogFlags& flags, bus::OptionWriter& options) {
  const std::string driver = flags.driver.value_or(spec::kLogJournald);
  AMBIT_TRY(spec::check_log_driver(driver).context("--log-driver"));
  std::map<std::string, std::string> texts;
  for (const std::string& text : flags.options) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error(ErrorCode::InvalidArgument, "--log-opt '" + text + "': it is NAME=VALUE");
    texts[text.substr(0, equals)] = text.substr(equals + 1);
  }
  AMBIT_TRY(spec::parse_log_options(texts, driver).context("--log-opt"));
  if (flags.driver) options.set("LogDriver", driver);
  if (!texts.empty()) options.set("LogOptions", std::move(texts));
  return {};
}

void warn_about_log(Client& client, const LogFlags& flags, const std::string& path) {
  if (flags.driver) return;
  if (systemd::look_at_journal() == systemd::JournalAccess::Readable) return;
  // One that has gone already has nothing to say.
  auto reason = client.property<std::string>(path, kContainerInterface, "LogFallbackReason");
  if (!reason || reason->empty()) return;
  print_error("its output is kept in a file, where 'ambit logs' finds it: %s", reason->c_str());
}

}  // namespace ambit::cli
