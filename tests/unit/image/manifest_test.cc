#include "image/manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace ambit::image {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string manifest_with(const std::string& config_type, const std::string& layer_type) {
  return R"({"schemaVersion":2,"config":{"mediaType":")" + config_type + R"(","digest":")" +
         kDigest + R"(","size":2},"layers":[{"mediaType":")" + layer_type + R"(","digest":")" +
         kDigest + R"(","size":3}]})";
}

IndexEntry entry(const std::string& os, const std::string& architecture,
                 const std::string& variant = "") {
  return {.blob = {kManifestType, kDigest, 1},
          .reference = "",
          .full_name = "",
          .architecture = architecture,
          .os = os,
          .variant = variant,
          .artifact_type = ""};
}

TEST(ManifestTest, OciAndDockerTypesAreImages) {
  EXPECT_TRUE(parse_manifest(manifest_with(kConfigType, kGzipLayerType)));
  EXPECT_TRUE(parse_manifest(manifest_with("application/vnd.docker.container.image.v1+json",
                                           "application/vnd.docker.image.rootfs.diff.tar.gzip")));
}

TEST(ManifestTest, ArtifactsAreNoImagesAndSayWhatTheyAre) {
  auto chart = parse_manifest(manifest_with("application/vnd.cncf.helm.config.v1+json", "x"));
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().code(), ErrorCode::NotAnImage);
  EXPECT_NE(chart.error().message().find("helm"), std::string::npos);
  EXPECT_FALSE(parse_manifest(manifest_with(kConfigType, "application/octet-stream")));
}

TEST(ManifestTest, SchemaOneIsRefusedByName) {
  auto old = parse_manifest(R"({"schemaVersion":1,"fsLayers":[]})");
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code(), ErrorCode::NotAnImage);
  EXPECT_NE(old.error().message().find("schema 1"), std::string::npos);
}

TEST(ManifestTest, DigestsThatArePathsAreCorrupt) {
  std::string text = manifest_with(kConfigType, kLayerType);
  text.replace(text.find(kDigest), kDigest.size(), "sha256:../../../etc/passwd");
  auto manifest = parse_manifest(text);
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code(), ErrorCode::Corrupt);
}

TEST(ManifestTest, WrittenManifestReadsBack) {
  Manifest manifest;
  manifest.config = {kConfigType, kDigest, 2};
  manifest.layers = {{kLayerType, kDigest, 3}};
  auto again = parse_manifest(write_manifest(manifest));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->layers[0].size_bytes, 3U);
}

TEST(ChoosePlatformTest, HostsPlatformIsTaken) {
  auto chosen = choose_platform({entry("linux", "arm64"), entry("linux", "amd64"),
                                 entry("unknown", "unknown"), entry("windows", "amd64")},
                                {.os = "linux", .architecture = "amd64"});
  ASSERT_TRUE(chosen) << chosen.error().message();
  EXPECT_EQ(chosen->architecture, "amd64");
  EXPECT_EQ(chosen->os, "linux");
}

TEST(ChoosePlatformTest, HighestVariantWins) {
  auto chosen = choose_platform(
      {entry("linux", "arm", "v5"), entry("linux", "arm", "v7"), entry("linux", "arm", "v6")},
      {.os = "linux", .architecture = "arm"});
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->variant, "v7");
}

TEST(ChoosePlatformTest, ErrorListsWhatThereIs) {
  auto chosen = choose_platform(
      {entry("linux", "arm64", "v8"), entry("unknown", "unknown"), entry("linux", "s390x")},
      {.os = "linux", .architecture = "amd64"});
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code(), ErrorCode::Unsupported);
  EXPECT_EQ(chosen.error().message(),
            "there is no image for linux/amd64, only for linux/arm64/v8, linux/s390x");
}

TEST(ChainIdsTest, FollowTheSpecification) {
  // sha256("sha256:aa… sha256:aa…"), as `printf … | sha256sum` gives it.
  const auto chain = chain_ids({kDigest, kDigest});
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0], std::string(64, 'a'));
  EXPECT_EQ(chain[1], "9d2cc34dc7dc748dba0ed439e6987c2f2c39ec504fa0c1527531d9bc7d0f1052");
}

}  // namespace
}  // namespace ambit::image
