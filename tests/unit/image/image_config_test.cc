#include "spec/image_config.h"

#include <gtest/gtest.h>

#include <string>

namespace ambit::spec {
namespace {

const std::string kDiffId = "sha256:" + std::string(64, '1');

std::string with_config(const std::string& config) {
  return R"({"architecture":"amd64","os":"linux","created":"2024-09-23T01:02:03.5+02:00",)"
         R"("config":)" +
         config + R"(,"rootfs":{"type":"layers","diff_ids":[")" + kDiffId + R"("]}})";
}

TEST(ImageConfigTest, EverythingThatSaysHowToRunIsRead) {
  auto config = parse_image_config(
      with_config(R"({"User":"www","Env":["A=b"],"Entrypoint":["/e"],"Cmd":["c","d"],)"
                  R"("WorkingDir":"/w","StopSignal":"SIGQUIT","Volumes":{"/v":{}},)"
                  R"("ExposedPorts":{"80/tcp":{}},"Labels":{"k":"v"}})"));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->architecture, "amd64");
  EXPECT_EQ(config->user, "www");
  EXPECT_EQ(config->env, std::vector<std::string>{"A=b"});
  EXPECT_EQ(config->entrypoint, std::vector<std::string>{"/e"});
  EXPECT_EQ(config->cmd, (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(config->working_dir, "/w");
  EXPECT_EQ(config->stop_signal, "SIGQUIT");
  EXPECT_EQ(config->volumes, std::vector<std::string>{"/v"});
  EXPECT_EQ(config->exposed_ports, std::vector<std::string>{"80/tcp"});
  EXPECT_EQ(config->labels.at("k"), "v");
  EXPECT_EQ(config->diff_ids, std::vector<std::string>{kDiffId});
  EXPECT_EQ(config->created_usec, 1727046123500000);
}

TEST(ImageConfigTest, WhatDockerWritesAsNullIsEmpty) {
  auto config = parse_image_config(with_config(R"({"Env":null,"Cmd":null,"Volumes":null})"));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_TRUE(config->env.empty());
  EXPECT_TRUE(parse_image_config(with_config("null")));
}

TEST(ImageConfigTest, LoneStringIsACommandOfOne) {
  auto config = parse_image_config(with_config(R"({"Entrypoint":"/e"})"));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->entrypoint, std::vector<std::string>{"/e"});
}

TEST(ImageConfigTest, WrongTypesAreCorruptAndNamed) {
  for (const std::string bad :
       {R"({"Env":[1]})", R"({"Env":{"A":"b"}})", R"({"User":7})", R"({"Labels":["a"]})",
        R"({"Volumes":["/v"]})", R"({"Cmd":["a\u0000b"]})", R"("text")"}) {
    auto config = parse_image_config(with_config(bad));
    ASSERT_FALSE(config) << bad;
    EXPECT_EQ(config.error().code(), ErrorCode::Corrupt) << bad;
  }
  auto named = parse_image_config(with_config(R"({"Env":[1]})"));
  EXPECT_NE(named.error().message().find("Env"), std::string::npos);
}

TEST(ImageConfigTest, MalformedDocumentsAreCorrupt) {
  for (const std::string& bad :
       {std::string(), std::string("{"), std::string("[]"), std::string("\xff"),
        std::string(100000, '['), std::string("{\"a\":") + std::string(100000, '[')}) {
    auto config = parse_image_config(bad);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code(), ErrorCode::Corrupt);
  }
}

TEST(ImageConfigTest, WithoutLayersItIsNoImage) {
  auto config = parse_image_config(R"({"architecture":"amd64"})");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), ErrorCode::NotAnImage);
}

TEST(ImageConfigTest, DiffIdThatIsNoDigestIsCorrupt) {
  auto config = parse_image_config(R"({"rootfs":{"diff_ids":["sha256:../../etc"]}})");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), ErrorCode::Corrupt);
}

TEST(ImageConfigTest, WrittenConfigurationReadsBackTheSame) {
  ImageConfig config;
  config.architecture = "arm64";
  config.os = "linux";
  config.created_usec = 1727046123500000;
  config.env = {"A=b"};
  config.cmd = {"sh"};
  config.volumes = {"/v"};
  config.labels = {{"k", "v"}};
  config.diff_ids = {kDiffId};
  auto again = parse_image_config(write_image_config(config));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->architecture, config.architecture);
  EXPECT_EQ(again->created_usec, config.created_usec);
  EXPECT_EQ(again->env, config.env);
  EXPECT_EQ(again->cmd, config.cmd);
  EXPECT_EQ(again->volumes, config.volumes);
  EXPECT_EQ(again->labels, config.labels);
  EXPECT_EQ(again->diff_ids, config.diff_ids);
}

TEST(ImageConfigTest, DatesBefore1970KeepTheirFraction) {
  auto config =
      parse_image_config(R"({"created":"1969-12-31T23:59:59.25Z","rootfs":{"diff_ids":[]}})");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->created_usec, -750000);
  auto again = parse_image_config(write_image_config(*config));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->created_usec, -750000);
}

TEST(ImageConfigTest, DatesOutsideOfTheYearsThatHaveANameAreAbsent) {
  for (const char* date : {"9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"}) {
    auto config = parse_image_config(std::string(R"({"created":")") + date +
                                     R"(","rootfs":{"diff_ids":[]}})");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->created_usec, 0) << date;
  }
  for (const char* date : {"9999-12-31T23:59:59.999999Z", "0000-01-01T00:00:00.000000Z"}) {
    auto config = parse_image_config(std::string(R"({"created":")") + date +
                                     R"(","rootfs":{"diff_ids":[]}})");
    ASSERT_TRUE(config);
    EXPECT_NE(write_image_config(*config).find(date), std::string::npos) << date;
  }
}

}  // namespace
}  // namespace ambit::spec
