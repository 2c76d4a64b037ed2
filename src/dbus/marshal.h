#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

// How C++ types lie in D-Bus messages (D-Bus specification, "Marshaling (Wire Format)"), in the
// machine's own byte order: Form<T>::signature() and write(). There is one for bool, the integers,
// std::string, ObjectPath, std::vector and std::tuple (a struct).
namespace ambit::dbus {

struct ObjectPath {
  std::string value;
  bool operator==(const ObjectPath&) const = default;
};

// Bytes of a message's body. Every alignment counts from its begin, where the bus has aligned it
// to 8.
class Writer {
 public:
  void align(std::size_t boundary) {
    bytes_.resize((bytes_.size() + boundary - 1) / boundary * boundary);
  }
  template <typename T>
  void fixed(T value) {
    align(sizeof value);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void string(std::string_view text);     // "s" and "o"
  void signature(std::string_view text);  // "g"
  // The elements of an array of that alignment come between the two calls.
  struct Array {
    std::size_t length_at;
    std::size_t begin;
  };
  Array begin_array(std::size_t alignment);
  void end_array(Array array);
  void raw(std::string_view bytes) { bytes_ += bytes; }

  const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

template <typename T>
struct Form;

template <typename T, char Type>
struct FixedForm {
  static constexpr std::size_t kAlignment = sizeof(T);
  static std::string signature() { return {Type}; }
  static void write(Writer& writer, T value) { writer.fixed(value); }
};

template <>
struct Form<std::uint8_t> : FixedForm<std::uint8_t, 'y'> {};
template <>
struct Form<std::uint16_t> : FixedForm<std::uint16_t, 'q'> {};
template <>
struct Form<std::int32_t> : FixedForm<std::int32_t, 'i'> {};
template <>
struct Form<std::uint32_t> : FixedForm<std::uint32_t, 'u'> {};
template <>
struct Form<std::int64_t> : FixedForm<std::int64_t, 'x'> {};
template <>
struct Form<std::uint64_t> : FixedForm<std::uint64_t, 't'> {};

template <>
struct Form<bool> {
  static constexpr std::size_t kAlignment = sizeof(std::uint32_t);
  static std::string signature() { return "b"; }
  static void write(Writer& writer, bool value) { writer.fixed(std::uint32_t{value}); }
};

// To be UTF-8 without NUL: the bus hangs up otherwise.
template <>
struct Form<std::string> {
  static constexpr std::size_t kAlignment = sizeof(std::uint32_t);
  static std::string signature() { return "s"; }
  static void write(Writer& writer, const std::string& value) { writer.string(value); }
};

template <>
struct Form<ObjectPath> {
  static constexpr std::size_t kAlignment = sizeof(std::uint32_t);
  static std::string signature() { return "o"; }
  static void write(Writer& writer, const ObjectPath& path) { writer.string(path.value); }
};

template <typename T>
struct Form<std::vector<T>> {
  static constexpr std::size_t kAlignment = sizeof(std::uint32_t);
  static std::string signature() { return "a" + Form<T>::signature(); }
  static void write(Writer& writer, const std::vector<T>& value) {
    const Writer::Array array = writer.begin_array(Form<T>::kAlignment);
    for (const T& element : value) Form<T>::write(writer, element);
    writer.end_array(array);
  }
};

template <typename... Ts>
struct Form<std::tuple<Ts...>> {
  static constexpr std::size_t kAlignment = 8;
  static std::string signature() { return "(" + (Form<Ts>::signature() + ...) + ")"; }
  static void write(Writer& writer, const std::tuple<Ts...>& value) {
    writer.align(kAlignment);
    std::apply([&](const Ts&... each) { (Form<Ts>::write(writer, each), ...); }, value);
  }
};

// The a(sv) of systemd's calls.
class Properties {
 public:
  template <typename T>
  Properties& set(std::string_view name, const T& value) {
    structs_.align(Form<std::tuple<T>>::kAlignment);
    structs_.string(name);
    structs_.signature(Form<T>::signature());
    Form<T>::write(structs_, value);
    return *this;
  }
  Properties& set(std::string_view name, const char* value) {
    return set(name, std::string(value));
  }
  // All of another's, behind those that there are.
  Properties& add(const Properties& other);
  bool empty() const noexcept { return structs_.bytes().empty(); }

 private:
  friend struct Form<Properties>;
  Writer structs_;
};

template <>
struct Form<Properties> {
  static constexpr std::size_t kAlignment = sizeof(std::uint32_t);
  static std::string signature() { return "a(sv)"; }
  static void write(Writer& writer, const Properties& value);
};

}  // namespace ambit::dbus
