#include "spec/notify_mode.h"

namespace ambit::spec {
namespace {

struct Word {
  NotifyMode mode;
  const char* text;
};

constexpr Word kWords[] = {{NotifyMode::Started, "conmon"},
                           {NotifyMode::Container, "container"},
                           {NotifyMode::Healthy, "healthy"},
                           {NotifyMode::Ignore, "ignore"}};

}  // namespace

Result<NotifyMode> parse_notify_mode(std::string_view text) {
  for (const Word& word : kWords)
    if (text == word.text) return word.mode;
  return Error(ErrorCode::InvalidArgument,
               "sdnotify '" + std::string(text) + "': it is conmon, container, healthy or ignore");
}

const char* to_string(NotifyMode mode) {
  for (const Word& word : kWords)
    if (word.mode == mode) return word.text;
  return "conmon";
}

}  // namespace ambit::spec
