#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bus/message.h"
#include "bus/wire.h"

// a{sv}: options, by name. A reader is a table of the keys there are, each with the variable that
// takes its value; a writer a list of values that a message takes later.
namespace ambit::bus {

enum class UnknownKeys { Refuse, Skip };

class OptionReader {
 public:
  // `target` must outlive the reader. It keeps its value where the key is missing.
  template <typename T>
  OptionReader& add(std::string key, T& target) {
    return add_setter(std::move(key), Wire<T>::signature(), [&target](Message& message) {
      T value{};
      auto result = Wire<T>::read(message.get(), value);
      if (result) target = std::move(value);
      return result;
    });
  }
  template <typename T>
  OptionReader& add(std::string key, std::optional<T>& target) {
    return add_setter(std::move(key), Wire<T>::signature(), [&target](Message& message) {
      T value{};
      auto result = Wire<T>::read(message.get(), value);
      if (result) target.emplace(std::move(value));
      return result;
    });
  }
  // For a value that becomes something else: `set` gets it and may refuse it.
  template <typename T>
  OptionReader& on(std::string key, std::function<Result<void>(T)> set) {
    return add_setter(std::move(key), Wire<T>::signature(), [set](Message& message) {
      T value{};
      auto result = Wire<T>::read(message.get(), value);
      return result ? set(std::move(value)) : result;
    });
  }

  // The dictionary that comes next in `message`. InvalidArgument names the key that is unknown, of
  // another type, or there twice. It also takes the a(sv) of systemd's calls.
  Result<void> read(Message& message, UnknownKeys unknown = UnknownKeys::Refuse);

 private:
  struct Entry {
    std::string signature;
    std::function<Result<void>(Message&)> set;
  };
  OptionReader& add_setter(std::string key, std::string signature,
                           std::function<Result<void>(Message&)> set);
  Result<void> read_entry(Message& message, UnknownKeys unknown, std::vector<std::string>& seen);

  std::map<std::string, Entry> entries_;
};

class OptionWriter {
 public:
  template <typename T>
  OptionWriter& set(std::string key, T value) {
    // A descriptor can't be copied and std::function must be.
    auto kept = std::make_shared<const Variant<T>>(Variant<T>{std::move(value)});
    entries_.emplace_back(std::move(key), [kept](Message& message) {
      return Wire<Variant<T>>::append(message.get(), *kept);
    });
    return *this;
  }
  OptionWriter& set(std::string key, const char* value) {
    return set(std::move(key), std::string(value));
  }
  // All of another's, behind those that there are.
  OptionWriter& add(const OptionWriter& other) {
    entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
    return *this;
  }
  bool empty() const noexcept { return entries_.empty(); }

  // As a{sv}.
  Result<void> append_dict(Message& message) const;
  // As a(sv), the form of systemd's properties.
  Result<void> append_structs(Message& message) const;

 private:
  Result<void> append(Message& message, char type, const char* element) const;

  std::vector<std::pair<std::string, std::function<Result<void>(Message&)>>> entries_;
};

}  // namespace ambit::bus
