#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

// How C++ types lie in D-Bus messages: Wire<T>::signature(), read() and append(). There is one for
// bool, the integers, std::string, ObjectPath, UniqueFd, std::vector, std::map (a dictionary),
// std::tuple (a struct) and Variant<T>.
namespace ambit::bus {

struct ObjectPath {
  std::string value;
  bool operator==(const ObjectPath&) const = default;
  bool operator<(const ObjectPath& other) const { return value < other.value; }
};

// "v" that holds just this type.
template <typename T>
struct Variant {
  T value{};
};

template <typename T>
struct Wire;

namespace detail {

// A failure to read is the peer's: InvalidArgument. One to append is ours: Internal.
Result<void> check_read(int r, const std::string& signature);
Result<void> check_append(int r, const std::string& signature);

Result<void> enter(sd_bus_message* message, char type, const std::string& contents);
Result<void> leave(sd_bus_message* message);
// True where the array that was entered has no further element.
Result<bool> at_end(sd_bus_message* message);
Result<void> open(sd_bus_message* message, char type, const std::string& contents);
Result<void> close(sd_bus_message* message);

template <typename T, char Type>
struct BasicWire {
  static std::string signature() { return {Type}; }
  static Result<void> read(sd_bus_message* message, T& value) {
    return check_read(sd_bus_message_read_basic(message, Type, &value), signature());
  }
  static Result<void> append(sd_bus_message* message, const T& value) {
    return check_append(sd_bus_message_append_basic(message, Type, &value), signature());
  }
};

}  // namespace detail

template <>
struct Wire<std::uint8_t> : detail::BasicWire<std::uint8_t, 'y'> {};
template <>
struct Wire<std::uint16_t> : detail::BasicWire<std::uint16_t, 'q'> {};
template <>
struct Wire<std::int32_t> : detail::BasicWire<std::int32_t, 'i'> {};
template <>
struct Wire<std::uint32_t> : detail::BasicWire<std::uint32_t, 'u'> {};
template <>
struct Wire<std::int64_t> : detail::BasicWire<std::int64_t, 'x'> {};
template <>
struct Wire<std::uint64_t> : detail::BasicWire<std::uint64_t, 't'> {};

template <>
struct Wire<bool> {
  static std::string signature() { return "b"; }
  static Result<void> read(sd_bus_message* message, bool& value);
  static Result<void> append(sd_bus_message* message, bool value);
};

// Sent as valid_utf8() has it.
template <>
struct Wire<std::string> {
  static std::string signature() { return "s"; }
  static Result<void> read(sd_bus_message* message, std::string& value);
  static Result<void> append(sd_bus_message* message, const std::string& value);
};

template <>
struct Wire<ObjectPath> {
  static std::string signature() { return "o"; }
  static Result<void> read(sd_bus_message* message, ObjectPath& value);
  static Result<void> append(sd_bus_message* message, const ObjectPath& value);
};

// Both ways a duplicate (CLOEXEC) travels: the reader owns what it reads, the sender keeps its own.
template <>
struct Wire<UniqueFd> {
  static std::string signature() { return "h"; }
  static Result<void> read(sd_bus_message* message, UniqueFd& value);
  static Result<void> append(sd_bus_message* message, const UniqueFd& value);
};

template <typename T>
struct Wire<std::vector<T>> {
  static std::string signature() { return "a" + Wire<T>::signature(); }
  static Result<void> read(sd_bus_message* message, std::vector<T>& value) {
    AMBIT_TRY(detail::enter(message, 'a', Wire<T>::signature()));
    while (!AMBIT_TRY(detail::at_end(message))) {
      T element{};
      AMBIT_TRY(Wire<T>::read(message, element));
      value.push_back(std::move(element));
    }
    return detail::leave(message);
  }
  static Result<void> append(sd_bus_message* message, const std::vector<T>& value) {
    AMBIT_TRY(detail::open(message, 'a', Wire<T>::signature()));
    for (const T& element : value) AMBIT_TRY(Wire<T>::append(message, element));
    return detail::close(message);
  }
};

template <typename K, typename V>
struct Wire<std::map<K, V>> {
  static std::string entry() { return Wire<K>::signature() + Wire<V>::signature(); }
  static std::string signature() { return "a{" + entry() + "}"; }
  static Result<void> read(sd_bus_message* message, std::map<K, V>& value) {
    AMBIT_TRY(detail::enter(message, 'a', "{" + entry() + "}"));
    while (!AMBIT_TRY(detail::at_end(message))) {
      K key{};
      V element{};
      AMBIT_TRY(detail::enter(message, 'e', entry()));
      AMBIT_TRY(Wire<K>::read(message, key));
      AMBIT_TRY(Wire<V>::read(message, element));
      AMBIT_TRY(detail::leave(message));
      value.insert_or_assign(std::move(key), std::move(element));
    }
    return detail::leave(message);
  }
  static Result<void> append(sd_bus_message* message, const std::map<K, V>& value) {
    AMBIT_TRY(detail::open(message, 'a', "{" + entry() + "}"));
    for (const auto& [key, element] : value) {
      AMBIT_TRY(detail::open(message, 'e', entry()));
      AMBIT_TRY(Wire<K>::append(message, key));
      AMBIT_TRY(Wire<V>::append(message, element));
      AMBIT_TRY(detail::close(message));
    }
    return detail::close(message);
  }
};

template <typename... Ts>
struct Wire<std::tuple<Ts...>> {
  static std::string contents() { return (Wire<Ts>::signature() + ...); }
  static std::string signature() { return "(" + contents() + ")"; }
  static Result<void> read(sd_bus_message* message, std::tuple<Ts...>& value) {
    AMBIT_TRY(detail::enter(message, 'r', contents()));
    Result<void> result;
    std::apply([&](Ts&... each) { (void)((result = Wire<Ts>::read(message, each)) && ...); },
               value);
    AMBIT_TRY(std::move(result));
    return detail::leave(message);
  }
  static Result<void> append(sd_bus_message* message, const std::tuple<Ts...>& value) {
    AMBIT_TRY(detail::open(message, 'r', contents()));
    Result<void> result;
    std::apply(
        [&](const Ts&... each) { (void)((result = Wire<Ts>::append(message, each)) && ...); },
        value);
    AMBIT_TRY(std::move(result));
    return detail::close(message);
  }
};

template <typename T>
struct Wire<Variant<T>> {
  static std::string signature() { return "v"; }
  static Result<void> read(sd_bus_message* message, Variant<T>& value) {
    AMBIT_TRY(detail::enter(message, 'v', Wire<T>::signature()));
    AMBIT_TRY(Wire<T>::read(message, value.value));
    return detail::leave(message);
  }
  static Result<void> append(sd_bus_message* message, const Variant<T>& value) {
    AMBIT_TRY(detail::open(message, 'v', Wire<T>::signature()));
    AMBIT_TRY(Wire<T>::append(message, value.value));
    return detail::close(message);
  }
};

}  // namespace ambit::bus
