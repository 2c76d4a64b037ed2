#include "bus/options.h"

#include <algorithm>

#include "base/strings.h"

namespace ambit::bus {
namespace {

std::string quoted(const std::string& key) { return "option \"" + key + "\""; }

// What the variant that comes next holds.
std::string variant_contents(const Message& message) {
  char type = 0;
  const char* contents = nullptr;
  if (sd_bus_message_peek_type(message.get(), &type, &contents) <= 0 || contents == nullptr)
    return {};
  return contents;
}

}  // namespace

OptionReader& OptionReader::add_setter(std::string key, std::string signature,
                                       std::function<Result<void>(Message&)> set) {
  entries_.insert_or_assign(std::move(key), Entry{std::move(signature), std::move(set)});
  return *this;
}

Result<void> OptionReader::read(Message& message, UnknownKeys unknown) {
  const std::string element = message.rest() == "a(sv)" ? "(sv)" : "{sv}";
  const char entry_type = element[0] == '(' ? 'r' : 'e';
  std::vector<std::string> seen;
  AMBIT_TRY(detail::enter(message.get(), 'a', element));
  while (!AMBIT_TRY(detail::at_end(message.get()))) {
    AMBIT_TRY(detail::enter(message.get(), entry_type, "sv"));
    AMBIT_TRY(read_entry(message, unknown, seen));
    AMBIT_TRY(detail::leave(message.get()));
  }
  return detail::leave(message.get());
}

Result<void> OptionReader::read_entry(Message& message, UnknownKeys unknown,
                                      std::vector<std::string>& seen) {
  std::string key = AMBIT_TRY(message.read<std::string>());
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (unknown == UnknownKeys::Skip) return message.skip();
    return Error(ErrorCode::InvalidArgument, quoted(key) + " is not known");
  }
  if (std::find(seen.begin(), seen.end(), key) != seen.end())
    return Error(ErrorCode::InvalidArgument, quoted(key) + " is given twice");

  const auto& [signature, set] = found->second;
  const std::string contents = variant_contents(message);
  if (contents != signature)
    return Error(ErrorCode::InvalidArgument,
                 strf("%s is of type '%s', not '%s'", quoted(key).c_str(), signature.c_str(),
                      contents.c_str()));
  AMBIT_TRY(detail::enter(message.get(), 'v', signature));
  AMBIT_TRY(set(message).context(quoted(key)));
  seen.push_back(std::move(key));
  return detail::leave(message.get());
}

Result<void> OptionWriter::append(Message& message, char type, const char* element) const {
  AMBIT_TRY(detail::open(message.get(), 'a', element));
  for (const auto& [key, value] : entries_) {
    AMBIT_TRY(detail::open(message.get(), type, "sv"));
    AMBIT_TRY(message.append(key));
    AMBIT_TRY(value(message).context(quoted(key)));
    AMBIT_TRY(detail::close(message.get()));
  }
  return detail::close(message.get());
}

Result<void> OptionWriter::append_dict(Message& message) const {
  return append(message, 'e', "{sv}");
}

Result<void> OptionWriter::append_structs(Message& message) const {
  return append(message, 'r', "(sv)");
}

}  // namespace ambit::bus
