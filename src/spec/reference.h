#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Names of images as docker and podman write them: [REGISTRY/]REPOSITORY[:TAG][@DIGEST].
namespace ambit::spec {

struct Reference {
  std::string registry;    // "docker.io", "localhost:5000"
  std::string repository;  // "library/busybox"
  std::string tag;         // "" only where there is a digest
  std::string digest;      // "sha256:…" or ""

  // "docker.io/library/busybox:latest": the form that is stored, compared and put on the bus.
  std::string normalised() const;

  // "busybox:latest": what people read; parse_reference() gives the same reference back.
  std::string familiar() const;
};

// Parses and completes a name: "busybox" is docker.io/library/busybox:latest. InvalidReference
// names the text and what is wrong with it. 64 hex digits are refused: they are an image's ID.
// The grammar is that of github.com/distribution/reference.
Result<Reference> parse_reference(std::string_view text);

// Shortens a normalised reference for display; what doesn't parse comes back as it is.
std::string familiar_name(std::string_view normalised);

// True for "sha256:" and 64 lower-case hex digits, the only digest that ambit stores.
bool is_sha256_digest(std::string_view text);

// True for 64 lower-case hex digits.
bool is_sha256_hex(std::string_view text);

// The 64 digits of a digest. Precondition: is_sha256_digest(digest).
std::string digest_hex(std::string_view digest);

}  // namespace ambit::spec
