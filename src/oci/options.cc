#include "oci/options.h"

#include "base/strings.h"

namespace ambit::oci {
namespace {

Error wrong(const std::string& what) { return Error(ErrorCode::InvalidArgument, what); }

}  // namespace

Options& Options::flag(const char* name, char letter, bool& value) {
  options_.push_back({name, letter, Option::Form::Flag, [&value, name](const std::string& text) {
                        if (text != "true" && text != "false")
                          return Result<void>(wrong(std::string("--") + name + "=" + text +
                                                    ": true or false is wanted"));
                        value = text == "true";
                        return Result<void>();
                      }});
  return *this;
}

Options& Options::value(const char* name, char letter, Take take) {
  options_.push_back({name, letter, Option::Form::Value, std::move(take)});
  return *this;
}

Options& Options::text(const char* name, char letter, std::string& value) {
  return this->value(name, letter, [&value](const std::string& text) {
    value = text;
    return Result<void>();
  });
}

Options& Options::list(const char* name, char letter, Arguments& values) {
  return value(name, letter, [&values](const std::string& text) {
    values.push_back(text);
    return Result<void>();
  });
}

Options& Options::number(const char* name, char letter, int& value) {
  return this->value(name, letter, [&value, name](const std::string& text) -> Result<void> {
    const std::int64_t number = AMBIT_TRY(parse_int(text).context(std::string("--") + name));
    if (number < 0 || number > INT32_MAX) return wrong(std::string("--") + name + "=" + text);
    value = static_cast<int>(number);
    return {};
  });
}

const Options::Option* Options::find(const std::string& name) const {
  for (const Option& option : options_)
    if (option.name == name) return &option;
  return nullptr;
}

const Options::Option* Options::find(char letter) const {
  for (const Option& option : options_)
    if (option.letter != 0 && option.letter == letter) return &option;
  return nullptr;
}

Result<void> Options::take_long(const Arguments& arguments, std::size_t& at) {
  const std::string& text = arguments[at];
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(2, equals == std::string::npos ? equals : equals - 2);
  const Option* option = find(name);
  if (option == nullptr) return wrong("unknown option --" + name);
  if (equals != std::string::npos) return option->take(text.substr(equals + 1));
  if (option->form == Option::Form::Flag) return option->take("true");
  if (at + 1 == arguments.size()) return wrong("option --" + name + " needs a value");
  return option->take(arguments[++at]);
}

// "-dt" are two flags, "-e A=b" and "-eA=b" an option with a value.
Result<void> Options::take_short(const Arguments& arguments, std::size_t& at) {
  const std::string& text = arguments[at];
  for (std::size_t i = 1; i < text.size(); ++i) {
    const Option* option = find(text[i]);
    if (option == nullptr) return wrong(std::string("unknown option -") + text[i]);
    if (option->form == Option::Form::Flag) {
      AMBIT_TRY(option->take("true"));
      continue;
    }
    if (i + 1 < text.size()) return option->take(text.substr(text[i + 1] == '=' ? i + 2 : i + 1));
    if (at + 1 == arguments.size())
      return wrong(std::string("option -") + text[i] + " needs a value");
    return option->take(arguments[++at]);
  }
  return {};
}

Result<Arguments> Options::parse(const Arguments& arguments, Order order) {
  Arguments others;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string& text = arguments[at];
    if (text == "--") {
      others.insert(others.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                    arguments.end());
      break;
    }
    if (text.size() > 2 && text.compare(0, 2, "--") == 0) {
      AMBIT_TRY(take_long(arguments, at));
    } else if (text.size() > 1 && text.front() == '-') {
      AMBIT_TRY(take_short(arguments, at));
    } else if (order == Order::OptionsFirst) {
      others.insert(others.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at),
                    arguments.end());
      break;
    } else {
      others.push_back(text);
    }
  }
  return others;
}

}  // namespace ambit::oci
