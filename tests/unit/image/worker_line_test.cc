#include <gtest/gtest.h>

#include <string>

#include "image/worker_call.h"

namespace ambit::image {
namespace {

WorkerResult one_image() {
  ImageRecord image;
  image.id = std::string(64, '1');
  image.references = {"docker.io/library/a:b"};
  image.manifest = {"application/vnd.oci.image.manifest.v1+json", "sha256:" + std::string(64, '2'),
                    7};
  image.config_blob = {"application/vnd.oci.image.config.v1+json", "sha256:" + std::string(64, '1'),
                       8};
  image.layers.push_back({.blob = {"t", "sha256:" + std::string(64, '3'), 9},
                          .diff_id = "sha256:" + std::string(64, '4'),
                          .chain_id = std::string(64, '4'),
                          .unpacked_bytes = 10});
  image.config.diff_ids = {"sha256:" + std::string(64, '4')};
  WorkerResult result;
  result.images = {image};
  result.notes = {"a note"};
  return result;
}

TEST(WorkerOutputTest, ResultComesThroughInWhateverPiecesItArrives) {
  const std::string text =
      write_line(Progress{.stage = "reading", .object = "x", .done_bytes = 1, .total_bytes = 2}) +
      write_line(one_image());
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
    WorkerOutput output;
    std::size_t progress = 0;
    for (std::size_t i = 0; i < text.size(); i += step) {
      auto lines = output.feed(text.substr(i, step));
      ASSERT_TRUE(lines) << lines.error().message();
      progress += lines->size();
    }
    EXPECT_EQ(progress, 1U);
    auto result = std::move(output).finish();
    ASSERT_TRUE(result) << result.error().message();
    ASSERT_EQ(result->images.size(), 1U);
    EXPECT_EQ(result->images[0].references[0], "docker.io/library/a:b");
    EXPECT_EQ(result->images[0].layers[0].chain_id, std::string(64, '4'));
    EXPECT_EQ(result->images[0].layers[0].unpacked_bytes, 10U);
    EXPECT_EQ(result->notes, std::vector<std::string>{"a note"});
  }
}

TEST(WorkerOutputTest, ErrorOfTheWorkerKeepsItsCodeAndMessage) {
  WorkerResult failed;
  failed.error = Error(ErrorCode::NotAnImage, "no image");
  WorkerOutput output;
  ASSERT_TRUE(output.feed(write_line(failed)));
  auto result = std::move(output).finish();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::NotAnImage);
  EXPECT_EQ(result.error().message(), "no image");
}

TEST(WorkerOutputTest, EndWithoutAResultIsAnError) {
  WorkerOutput output;
  ASSERT_TRUE(output.feed(
      write_line(Progress{.stage = "reading", .done_bytes = 1, .total_bytes = 2}) + "{\"type\""));
  EXPECT_FALSE(std::move(output).finish());
}

TEST(WorkerOutputTest, WhatAWorkerThatWasTakenOverMayWriteIsRefused) {
  const std::string good = write_line(one_image());
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    EXPECT_NE(text.find(from), std::string::npos) << from;
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
    return text;
  };
  for (const std::string& bad :
       {std::string("x\n"), std::string("{}\n"), std::string("{\"type\":\"other\"}\n"),
        std::string("{\"type\":\"result\",\"error\":{\"code\":9999}}\n"),
        replaced(std::string(64, '4'), "../../" + std::string(58, '4')),
        replaced(std::string(64, '2'), "short"),
        replaced("\"loadedUsec\":0", "\"loadedUsec\":9223372036854775808"),
        replaced("docker.io/library/a:b", "a:b"), replaced("docker.io/library/a:b", "../a"),
        good + good, std::string(1000, '[') + "\n"}) {
    WorkerOutput output;
    EXPECT_FALSE(output.feed(bad)) << bad.substr(0, 200);
  }
}

TEST(WorkerCallTest, DescriptorsAndTheirNamesAreInTheSameOrder) {
  const WorkerCall call = load_call({.fds = {.output_fd = 10, .user_ns_fd = 11},
                                     .data_fd = 12,
                                     .input_fd = 13,
                                     .input = InputKind::Folder,
                                     .job = "j",
                                     .store_path = "/s",
                                     .name_hint = "n"});
  EXPECT_EQ(call.argv[1], "load");
  EXPECT_EQ(call.argv[2], "output,userns,data,folder");
  EXPECT_EQ(call.fds, (std::vector<int>{10, 11, 12, 13}));
}

}  // namespace
}  // namespace ambit::image
