#include "spec/reference.h"

#include <gtest/gtest.h>

#include <string>

namespace ambit::spec {
namespace {

const std::string kHex(64, 'a');
const std::string kDigest = "sha256:" + kHex;

std::string normalised(const std::string& text) {
  auto reference = parse_reference(text);
  return reference ? reference->normalised() : "";
}

TEST(ReferenceTest, ShortNamesAreCompletedAsDockerDoes) {
  EXPECT_EQ(normalised("busybox"), "docker.io/library/busybox:latest");
  EXPECT_EQ(normalised("busybox:1.36"), "docker.io/library/busybox:1.36");
  EXPECT_EQ(normalised("grafana/loki"), "docker.io/grafana/loki:latest");
  EXPECT_EQ(normalised("docker.io/busybox"), "docker.io/library/busybox:latest");
  EXPECT_EQ(normalised("index.docker.io/busybox"), "docker.io/library/busybox:latest");
  EXPECT_EQ(normalised("quay.io/podman/stable"), "quay.io/podman/stable:latest");
}

TEST(ReferenceTest, FirstComponentIsARegistryIfItCantBePartOfARepository) {
  EXPECT_EQ(normalised("localhost/x"), "localhost/x:latest");
  EXPECT_EQ(normalised("localhost:5000/x:y"), "localhost:5000/x:y");
  EXPECT_EQ(normalised("[::1]:5000/x"), "[::1]:5000/x:latest");
  EXPECT_EQ(normalised("Host/x"), "Host/x:latest");
  EXPECT_EQ(normalised("host/x"), "docker.io/host/x:latest");
}

TEST(ReferenceTest, DigestTakesThePlaceOfTheDefaultTag) {
  EXPECT_EQ(normalised("busybox@" + kDigest), "docker.io/library/busybox@" + kDigest);
  EXPECT_EQ(normalised("busybox:1@" + kDigest), "docker.io/library/busybox:1@" + kDigest);
}

TEST(ReferenceTest, MalformedNamesAreRefusedByName) {
  const std::string bad[] = {"",
                             ":tag",
                             "UPPER",
                             "a//b",
                             "/a",
                             "a/",
                             "-a",
                             "a-",
                             "a..b",
                             "a___b",
                             "a:",
                             "a:.b",
                             "a:" + std::string(129, 't'),
                             "a b",
                             "a\nb",
                             "../a",
                             "host:port/x",
                             "x@sha256:abc",
                             "x@" + kDigest + "0",
                             "x@md5:" + kHex,
                             kHex,
                             std::string(256, 'a')};
  for (const std::string& text : bad) {
    auto reference = parse_reference(text);
    ASSERT_FALSE(reference) << text;
    EXPECT_EQ(reference.error().code(), ErrorCode::InvalidReference);
    EXPECT_NE(reference.error().message().find("'" + text + "'"), std::string::npos);
  }
}

TEST(ReferenceTest, FamiliarNamesReadBackAsTheSameReference) {
  for (const std::string text : {"busybox", "grafana/loki:2", "quay.io/a/b:c", "localhost/x",
                                 "docker.io/library/a/b", "docker.io/localhost/x"}) {
    const std::string full = normalised(text);
    ASSERT_FALSE(full.empty()) << text;
    EXPECT_EQ(normalised(familiar_name(full)), full) << familiar_name(full);
  }
  EXPECT_EQ(familiar_name("docker.io/library/busybox:latest"), "busybox:latest");
  EXPECT_EQ(familiar_name("docker.io/grafana/loki:2"), "grafana/loki:2");
}

TEST(ReferenceTest, OnlyLowerCaseSha256CountsAsADigest) {
  EXPECT_TRUE(is_sha256_digest(kDigest));
  EXPECT_FALSE(is_sha256_digest("sha256:" + std::string(64, 'A')));
  EXPECT_FALSE(is_sha256_digest("sha256:" + std::string(63, 'a') + "/"));
  EXPECT_FALSE(is_sha256_digest("sha512:" + kHex));
}

}  // namespace
}  // namespace ambit::spec
