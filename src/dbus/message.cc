#include "dbus/message.h"

#include <bit>
#include <cstring>
#include <utility>

namespace ambit::dbus {
namespace {

constexpr char kByteOrder = std::endian::native == std::endian::little ? 'l' : 'B';
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFixedBytes = 16;  // up to and with the length of the header fields
constexpr std::size_t kBodySizeAt = 4;
constexpr std::size_t kFieldsSizeAt = 12;
constexpr std::size_t kBoundary = 8;
// The specification's limit is 128 MiB; what this client is told is short.
constexpr std::size_t kMaxBytes = 1 << 20;

// Header fields, by the specification's numbers.
enum class Field : std::uint8_t {
  Path = 1,
  Interface = 2,
  Member = 3,
  ErrorName = 4,
  ReplySerial = 5,
  Destination = 6,
  Sender = 7,
  Signature = 8,
};

Error corrupt(const char* what) {
  return Error(ErrorCode::Corrupt, std::string("a message of the bus: ") + what);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

std::size_t aligned(std::size_t size) { return (size + kBoundary - 1) / kBoundary * kBoundary; }

// An element of the header's a(yv).
void add_field(Writer& header, Field field, std::string_view type, std::string_view value) {
  if (value.empty()) return;
  header.align(kBoundary);
  header.fixed(static_cast<std::uint8_t>(field));
  header.signature(type);
  if (type == "g")
    header.signature(value);
  else
    header.string(value);
}

std::string* text_of(Received& message, Field field) {
  switch (field) {
    case Field::Path:
      return &message.path;
    case Field::Interface:
      return &message.interface;
    case Field::Member:
      return &message.member;
    case Field::ErrorName:
      return &message.error_name;
    case Field::Sender:
      return &message.sender;
    default:
      return nullptr;
  }
}

Result<void> read_field(Reader& reader, Received& message) {
  const auto field = static_cast<Field>(AMBIT_TRY(reader.byte()));
  const char type = AMBIT_TRY(reader.basic_type());
  if (type == 'u') {
    const std::uint32_t number = AMBIT_TRY(reader.number());
    if (field == Field::ReplySerial) message.reply_serial = number;
  } else if (type == 'g') {
    std::string signature = AMBIT_TRY(reader.signature());
    if (field == Field::Signature) message.signature = std::move(signature);
  } else if (type == 's' || type == 'o') {
    std::string text = AMBIT_TRY(reader.string());
    if (std::string* target = text_of(message, field)) *target = std::move(text);
  } else {
    return corrupt("a header field of an unknown type");
  }
  return {};
}

}  // namespace

std::string write_call_with(const Target& target, std::uint32_t serial, std::string_view signature,
                            const Writer& body) {
  Writer header;
  header.fixed(static_cast<std::uint8_t>(kByteOrder));
  header.fixed(static_cast<std::uint8_t>(MessageType::Call));
  header.fixed(std::uint8_t{0});  // flags
  header.fixed(kVersion);
  header.fixed(static_cast<std::uint32_t>(body.bytes().size()));
  header.fixed(serial);
  const Writer::Array fields = header.begin_array(kBoundary);
  add_field(header, Field::Path, "o", target.path);
  add_field(header, Field::Interface, "s", target.interface);
  add_field(header, Field::Member, "s", target.member);
  add_field(header, Field::Destination, "s", target.destination);
  add_field(header, Field::Signature, "g", signature);
  header.end_array(fields);
  header.align(kBoundary);
  return header.bytes() + body.bytes();
}

Result<std::optional<std::size_t>> message_size(std::string_view bytes) {
  if (bytes.size() < kFixedBytes) return std::optional<std::size_t>();
  if (bytes[0] != kByteOrder || bytes[3] != kVersion) return corrupt("no message");
  const std::size_t body = number_at(bytes, kBodySizeAt);
  const std::size_t fields = number_at(bytes, kFieldsSizeAt);
  if (body > kMaxBytes || fields > kMaxBytes) return corrupt("too long");
  return std::optional<std::size_t>(aligned(kFixedBytes + fields) + body);
}

Result<Received> parse_message(std::string_view bytes) {
  const auto size = AMBIT_TRY(message_size(bytes));
  if (!size || *size != bytes.size()) return corrupt("its length");
  const std::size_t fields = number_at(bytes, kFieldsSizeAt);
  Received message;
  message.type = static_cast<MessageType>(bytes[1]);
  message.serial = number_at(bytes, kFieldsSizeAt - sizeof(std::uint32_t));
  // The fields begin at a boundary of 8, which is where a Reader begins.
  Reader reader(bytes.substr(kFixedBytes, fields));
  while (!reader.at_end()) {
    AMBIT_TRY(reader.align(kBoundary));
    AMBIT_TRY(read_field(reader, message));
  }
  message.body = bytes.substr(aligned(kFixedBytes + fields));
  return message;
}

Result<void> Reader::align(std::size_t boundary) {
  const std::size_t next = (at_ + boundary - 1) / boundary * boundary;
  if (next > bytes_.size()) return corrupt("it ends too soon");
  at_ = next;
  return {};
}

Result<std::uint8_t> Reader::byte() {
  if (at_end()) return corrupt("it ends too soon");
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

Result<std::uint32_t> Reader::number() {
  AMBIT_TRY(align(sizeof(std::uint32_t)));
  if (bytes_.size() - at_ < sizeof(std::uint32_t)) return corrupt("it ends too soon");
  const std::uint32_t number = number_at(bytes_, at_);
  at_ += sizeof number;
  return number;
}

Result<std::string> Reader::text(std::size_t length) {
  if (bytes_.size() - at_ <= length) return corrupt("it ends too soon");
  std::string text(bytes_.substr(at_, length));
  at_ += length;
  if (bytes_[at_++] != '\0' || text.find('\0') != std::string::npos)
    return corrupt("a string with a NUL or without its end");
  return text;
}

Result<std::string> Reader::string() { return text(AMBIT_TRY(number())); }

Result<std::string> Reader::signature() { return text(AMBIT_TRY(byte())); }

Result<char> Reader::basic_type() {
  auto types = signature();
  if (!types) return std::move(types).error();
  return types->size() == 1 ? types->front() : '\0';
}

Result<std::string> Reader::string_variant() {
  const char type = AMBIT_TRY(basic_type());
  if (type != 's' && type != 'o') return corrupt("a value of another type than a string");
  return string();
}

}  // namespace ambit::dbus
