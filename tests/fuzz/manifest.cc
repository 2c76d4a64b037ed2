// Manifests and indexes of images, and docker's manifest.json: each reads the same input.

#include "image/manifest.h"

#include "fuzz/fuzz.h"
#include "spec/reference.h"

namespace ambit::fuzz {
namespace {

void try_manifest(std::string_view input) {
  const auto manifest = image::parse_manifest(input);
  if (!manifest) return;
  for (const image::Descriptor& layer : (*manifest).layers)
    if (!spec::is_sha256_digest(layer.digest)) fail("a layer has a digest");
  const std::string text = image::write_manifest(*manifest);
  const auto again = image::parse_manifest(text);
  if (!again) fail("a manifest that was written is parsed");
  expect_same(text, image::write_manifest(*again), "a manifest keeps its content");
}

void try_index(std::string_view input) {
  const auto entries = image::parse_index(input);
  if (!entries) return;
  if (const auto entry = image::choose_platform(*entries, image::host_platform("amd64")))
    if (!spec::is_sha256_digest((*entry).blob.digest)) fail("what is chosen has a digest");
  const std::string text = image::write_index(*entries);
  const auto again = image::parse_index(text);
  if (!again) fail("an index that was written is parsed");
  expect_same(text, image::write_index(*again), "an index keeps its content");
}

}  // namespace

void try_input(std::string_view input) {
  try_manifest(input);
  try_index(input);
  (void)image::parse_docker_archive(input);
}

}  // namespace ambit::fuzz
