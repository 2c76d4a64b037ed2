#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/strings.h"
#include "oci/scope_properties.h"

// GVariant's text form (developer.gnome.org, "GVariant Text Format"), as much of it as properties
// of units are written in.
namespace ambit::oci {
namespace {

constexpr std::string_view kPrefix = "org.systemd.property.";
constexpr std::string_view kSec = "Sec";
constexpr double kUsecInSec = 1e6;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Number {
  std::string text;  // "-5", "1.5", "0x10"
  std::string type;  // "uint64"; "" where none is written
};
struct Text {
  std::string text;
  std::string type;  // "", "objectpath", "signature"
};
using Value = std::variant<bool, Number, Text, std::vector<Number>, std::vector<Text>>;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Value> parse() {
    Value value = AMBIT_TRY(parse_value());
    skip_space();
    if (at_ < text_.size()) return wrong("something follows the value");
    return value;
  }

 private:
  static Error wrong(const char* what) { return Error(ErrorCode::InvalidArgument, what); }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      at_++;
  }

  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  std::string_view take_while(bool (*fits)(char)) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && fits(text_[at_])) at_++;
    return text_.substr(begin, at_ - begin);
  }

  Result<Value> parse_value() {
    const char c = peek();
    if (c == '[' || c == '@') return parse_array();
    if (c == '\'' || c == '"') return Value(Text{AMBIT_TRY(parse_string()), ""});
    if (!is_letter(c)) return Value(AMBIT_TRY(parse_number("")));
    const std::string word(take_while([](char each) { return is_letter(each) || is_digit(each); }));
    if (word == "true" || word == "false") return Value(word == "true");
    const char next = peek();
    if (word == "boolean") return parse_value();
    if ((word == "objectpath" || word == "signature" || word == "string") &&
        (next == '\'' || next == '"'))
      return Value(Text{AMBIT_TRY(parse_string()), word == "string" ? "" : word});
    return Value(AMBIT_TRY(parse_number(word)));
  }

  Result<std::string> parse_string() {
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\') {
        if (at_ == text_.size()) break;
        c = text_[at_++];
        if (c == 'n')
          c = '\n';
        else if (c == 't')
          c = '\t';
        else if (is_letter(c) || is_digit(c))
          return wrong("an escape that is not supported");
      }
      value += c;
    }
    if (at_ == text_.size()) return wrong("a string without its end");
    at_++;
    return value;
  }

  Result<Number> parse_number(std::string type) {
    static const std::string_view kTypes[] = {"",       "byte",  "int16",  "uint16", "int32",
                                              "uint32", "int64", "uint64", "double"};
    bool known = false;
    for (const std::string_view each : kTypes) known = known || each == type;
    if (!known) return wrong("neither a boolean, a number, a string nor an array of these");
    skip_space();
    const std::string_view digits = take_while([](char each) {
      return is_letter(each) || is_digit(each) || each == '.' || each == '-' || each == '+';
    });
    if (digits.empty() || is_letter(digits[0])) return wrong("a number is missing");
    return Number{std::string(digits), std::move(type)};
  }

  // Elements are of one type; a type before the first counts for all.
  Result<Value> parse_array() {
    std::string type;
    if (peek() == '@') {
      at_++;
      type = take_while([](char each) { return is_letter(each); });
      if (type != "as" && type != "au" && type != "at" && type != "ai" && type != "ax")
        return wrong("an array of a type that is not supported");
    }
    if (peek() != '[') return wrong("an array is missing");
    at_++;
    std::vector<Number> numbers;
    std::vector<Text> texts;
    while (peek() != ']') {
      if (!numbers.empty() || !texts.empty()) {
        if (peek() != ',') return wrong("an array without its end");
        at_++;
      }
      Value element = AMBIT_TRY(parse_value());
      if (auto* number = std::get_if<Number>(&element))
        numbers.push_back(std::move(*number));
      else if (auto* text = std::get_if<Text>(&element))
        texts.push_back(std::move(*text));
      else
        return wrong("an array of something else than strings or numbers");
    }
    at_++;
    return finish_array(type, std::move(numbers), std::move(texts));
  }

  static Result<Value> finish_array(const std::string& type, std::vector<Number> numbers,
                                    std::vector<Text> texts) {
    if (!numbers.empty() && !texts.empty()) return wrong("an array of strings and numbers");
    if (numbers.empty() && texts.empty() && type.empty()) return wrong("an array without a type");
    if (!texts.empty() || type == "as") {
      if (!numbers.empty() || (!type.empty() && type != "as"))
        return wrong("elements of another type");
      return Value(std::move(texts));
    }
    const std::map<std::string, std::string> kNames = {
        {"au", "uint32"}, {"at", "uint64"}, {"ai", "int32"}, {"ax", "int64"}};
    const std::string name = type.empty() ? numbers[0].type : kNames.at(type);
    if (numbers.empty()) numbers.push_back({"", name});  // its type alone
    for (Number& each : numbers) each.type = name;
    return Value(std::move(numbers));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

template <typename T>
Result<T> to_integer(const std::string& text) {
  if constexpr (std::is_signed_v<T>) {
    const std::int64_t value = AMBIT_TRY(parse_int(text));
    if (static_cast<std::int64_t>(static_cast<T>(value)) == value) return static_cast<T>(value);
  } else {
    const std::uint64_t value = AMBIT_TRY(parse_uint(text));
    if (static_cast<std::uint64_t>(static_cast<T>(value)) == value) return static_cast<T>(value);
  }
  return Error(ErrorCode::InvalidArgument, text + " is out of its type's range");
}

template <typename T>
Result<void> set_one(const std::string& name, const Number& number, dbus::Properties& properties) {
  properties.set(name, AMBIT_TRY(to_integer<T>(number.text)));
  return {};
}

template <typename T>
Result<void> set_all(const std::string& name, const std::vector<Number>& numbers,
                     dbus::Properties& properties) {
  std::vector<T> values;
  for (const Number& each : numbers)
    if (!each.text.empty()) values.push_back(AMBIT_TRY(to_integer<T>(each.text)));
  properties.set(name, std::move(values));
  return {};
}

Result<void> set(const std::string& name, bool value, dbus::Properties& properties) {
  properties.set(name, value);
  return {};
}

Result<void> set(const std::string& name, const Number& number, dbus::Properties& properties) {
  if (number.type == "byte") return set_one<std::uint8_t>(name, number, properties);
  if (number.type == "uint16") return set_one<std::uint16_t>(name, number, properties);
  if (number.type == "uint32") return set_one<std::uint32_t>(name, number, properties);
  if (number.type == "int64") return set_one<std::int64_t>(name, number, properties);
  if (number.type == "uint64") return set_one<std::uint64_t>(name, number, properties);
  if (number.type.empty() || number.type == "int32")
    return set_one<std::int32_t>(name, number, properties);
  return Error(ErrorCode::InvalidArgument, "no property of a unit is of type " + number.type);
}

Result<void> set(const std::string& name, const Text& text, dbus::Properties& properties) {
  if (text.type == "objectpath")
    properties.set(name, dbus::ObjectPath{text.text});
  else if (text.type.empty())
    properties.set(name, text.text);
  else
    return Error(ErrorCode::InvalidArgument, "no property of a unit is of type " + text.type);
  return {};
}

Result<void> set(const std::string& name, const std::vector<Number>& numbers,
                 dbus::Properties& properties) {
  const std::string& type = numbers[0].type;
  if (type == "byte") return set_all<std::uint8_t>(name, numbers, properties);
  if (type == "uint32") return set_all<std::uint32_t>(name, numbers, properties);
  if (type == "uint64") return set_all<std::uint64_t>(name, numbers, properties);
  if (type == "int64") return set_all<std::int64_t>(name, numbers, properties);
  if (type.empty() || type == "int32") return set_all<std::int32_t>(name, numbers, properties);
  return Error(ErrorCode::InvalidArgument, "no property of a unit is an array of " + type);
}

Result<void> set(const std::string& name, const std::vector<Text>& texts,
                 dbus::Properties& properties) {
  std::vector<std::string> values;
  for (const Text& each : texts) values.push_back(each.text);
  properties.set(name, std::move(values));
  return {};
}

// Seconds of any number's type become the microseconds that D-Bus has.
Result<void> set_seconds(const std::string& name, const Value& value,
                         dbus::Properties& properties) {
  const Number* number = std::get_if<Number>(&value);
  if (number == nullptr) return Error(ErrorCode::InvalidArgument, "is no number of seconds");
  const std::string usec_name = name.substr(0, name.size() - kSec.size()) + "USec";
  if (const auto whole = parse_uint(number->text); whole && *whole <= UINT64_MAX / 1'000'000) {
    properties.set(usec_name, *whole * 1'000'000);
    return {};
  }
  char* end = nullptr;
  const double seconds = std::strtod(number->text.c_str(), &end);
  const double usec = seconds * kUsecInSec;
  if (*end != '\0' || !std::isfinite(usec) || usec < 0 || usec >= 9e18)
    return Error(ErrorCode::InvalidArgument, number->text + " is no number of seconds");
  properties.set(usec_name, static_cast<std::uint64_t>(std::llround(usec)));
  return {};
}

Result<void> add_property(const std::string& name, const std::string& text,
                          dbus::Properties& properties) {
  const bool is_name = name.size() >= 3 && [&] {
    for (const char c : name)
      if (!is_letter(c)) return false;
    return true;
  }();
  if (!is_name) return Error(ErrorCode::InvalidArgument, "\"" + name + "\" is no property's name");
  // The scope's end would be theirs.
  if (name == "PIDs" || name == "PIDFDs")
    return Error(ErrorCode::InvalidArgument,
                 "it would take other processes into the container's scope");
  const Value value = AMBIT_TRY(Parser(text).parse());
  // "...Sec" but not "...USec", which is what D-Bus has.
  const bool in_seconds = name.size() > kSec.size() + 1 &&
                          name.compare(name.size() - kSec.size(), kSec.size(), kSec) == 0 &&
                          name[name.size() - kSec.size() - 1] >= 'a';
  if (in_seconds) return set_seconds(name, value, properties);
  return std::visit([&](const auto& each) { return set(name, each, properties); }, value);
}

}  // namespace

Result<void> add_annotation_properties(const std::map<std::string, std::string>& annotations,
                                       dbus::Properties& properties) {
  for (const auto& [key, text] : annotations) {
    if (key.compare(0, kPrefix.size(), kPrefix) != 0) continue;
    AMBIT_TRY(add_property(key.substr(kPrefix.size()), text, properties)
                  .context("annotation " + key + " = " + text));
  }
  return {};
}

}  // namespace ambit::oci
