#include "spec/reference.h"

#include <cstddef>

#include "base/strings.h"

namespace ambit::spec {
namespace {

constexpr char kDefaultRegistry[] = "docker.io";
constexpr char kLegacyRegistry[] = "index.docker.io";
constexpr char kOfficial[] = "library/";
constexpr char kDefaultTag[] = "latest";
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxTagBytes = 128;
constexpr std::size_t kHexDigits = 64;
constexpr std::string_view kSha256 = "sha256:";

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_alnum(c) || c == '_'; }

Error invalid(std::string_view text, const char* why) {
  return Error(ErrorCode::InvalidReference,
               "invalid image reference '" + std::string(text) + "': " + why);
}

// The length of the separator at `text[at]`: one of ".", "_", "__" or any number of "-"; 0 for
// anything else.
std::size_t separator_length(std::string_view text, std::size_t at) {
  if (text[at] == '.') return 1;
  if (text[at] == '_') return at + 1 < text.size() && text[at + 1] == '_' ? 2 : 1;
  std::size_t length = 0;
  while (at + length < text.size() && text[at + length] == '-') ++length;
  return length;
}

// Runs of [a-z0-9] joined by separators.
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t step = is_lower_alnum(text[i]) ? 1 : separator_length(text, i);
    if (step == 0) return false;
    if (!is_lower_alnum(text[i]) && (i + step >= text.size() || !is_lower_alnum(text[i + step])))
      return false;
    i += step;
  }
  return true;
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  return true;
}

bool is_ipv6(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
  for (const char c : text.substr(1, text.size() - 2)) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!hex && c != ':') return false;
  }
  return true;
}

bool is_registry(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
  if (!host.empty() && host.front() == '[') return is_ipv6(host);
  for (const std::string& label : split(host, '.')) {
    if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
    for (const char c : label)
      if (!is_alnum(c) && c != '-') return false;
  }
  return true;
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTagBytes || !is_word(text.front())) return false;
  for (const char c : text)
    if (!is_word(c) && c != '.' && c != '-') return false;
  return true;
}

// The first component is a registry if it can't be part of a repository: docker's rule.
bool looks_like_registry(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         to_lower(first) != first;
}

void split_registry(std::string_view name, Reference& reference) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || !looks_like_registry(name.substr(0, slash))) {
    reference.registry = kDefaultRegistry;
    reference.repository = name;
  } else {
    reference.registry = name.substr(0, slash);
    reference.repository = name.substr(slash + 1);
  }
  if (reference.registry == kLegacyRegistry) reference.registry = kDefaultRegistry;
  if (reference.registry == kDefaultRegistry && !reference.repository.empty() &&
      reference.repository.find('/') == std::string::npos)
    reference.repository = kOfficial + reference.repository;
}

}  // namespace

std::string Reference::normalised() const {
  std::string text = registry + "/" + repository;
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string Reference::familiar() const {
  Reference shorter = *this;
  if (registry != kDefaultRegistry) return normalised();
  if (repository.starts_with(kOfficial)) shorter.repository.erase(0, sizeof kOfficial - 1);
  // What is left must not read as a registry or gain the official prefix again.
  const std::size_t slash = shorter.repository.find('/');
  if (slash != std::string::npos && repository.starts_with(kOfficial)) return normalised();
  if (slash != std::string::npos && looks_like_registry(shorter.repository.substr(0, slash)))
    return normalised();
  shorter.registry.clear();
  return shorter.normalised().substr(1);
}

Result<Reference> parse_reference(std::string_view text) {
  if (is_sha256_hex(text)) return invalid(text, "64 hex digits are an image's ID");
  Reference reference;
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!is_sha256_digest(reference.digest))
      return invalid(text, "the digest is not sha256: and 64 lower-case hex digits");
  }
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(reference.tag))
      return invalid(text, "a tag is up to 128 of [A-Za-z0-9_.-], not starting with '.' or '-'");
  }
  if (rest.empty()) return invalid(text, "the name is missing");
  split_registry(rest, reference);
  if (!is_registry(reference.registry)) return invalid(text, "the registry is not HOST[:PORT]");
  if (reference.registry.size() + reference.repository.size() + 1 > kMaxNameBytes)
    return invalid(text, "longer than 255 characters");
  for (const std::string& component : split(reference.repository, '/'))
    if (!is_path_component(component))
      return invalid(text, "a repository is of lower-case letters, digits and . _ - between them");
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = kDefaultTag;
  return reference;
}

std::string familiar_name(std::string_view normalised) {
  auto reference = parse_reference(normalised);
  return reference ? reference->familiar() : std::string(normalised);
}

bool is_sha256_hex(std::string_view text) {
  if (text.size() != kHexDigits) return false;
  for (const char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  return true;
}

bool is_sha256_digest(std::string_view text) {
  return text.starts_with(kSha256) && is_sha256_hex(text.substr(kSha256.size()));
}

std::string digest_hex(std::string_view digest) {
  return std::string(digest.substr(kSha256.size()));
}

}  // namespace ambit::spec
