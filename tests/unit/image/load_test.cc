// The daemon's side of images as ambitd does it: a job, the worker, its lines, the store.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/strings.h"
#include "image/store.h"
#include "image/worker_call.h"
#include "os/file.h"
#include "os/process.h"

namespace ambit::image {
namespace {

namespace fs = std::filesystem;

// A user namespace in which the caller alone is mapped, kept by its descriptor.
UniqueFd make_user_namespace() {
  int ready[2];
  int go[2];
  if (::pipe2(ready, O_CLOEXEC) < 0 || ::pipe2(go, O_CLOEXEC) < 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = ::unshare(CLONE_NEWUSER) == 0 ? '+' : '-';
    (void)!::write(ready[1], &byte, 1);
    (void)!::read(go[0], &byte, 1);
    ::_exit(0);
  }
  char byte = 0;
  UniqueFd user_ns;
  const std::string proc = strf("/proc/%d/", static_cast<int>(child));
  if (::read(ready[0], &byte, 1) == 1 && byte == '+') {
    const auto uid_map = strf("0 %u 1\n", ::getuid());
    const auto gid_map = strf("0 %u 1\n", ::getgid());
    if (os::write_value_at(AT_FDCWD, proc + "setgroups", "deny") &&
        os::write_value_at(AT_FDCWD, proc + "uid_map", uid_map) &&
        os::write_value_at(AT_FDCWD, proc + "gid_map", gid_map))
      user_ns.reset(::open((proc + "ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  }
  (void)!::write(go[1], "x", 1);
  (void)::waitpid(child, nullptr, 0);
  for (const int fd : {ready[0], ready[1], go[0], go[1]}) (void)::close(fd);
  return user_ns;
}

class LoadTest : public testing::Test {
 protected:
  void SetUp() override {
    user_ns_ = make_user_namespace();
    if (!user_ns_ && std::getenv("AMBIT_TEST_MUST_RUN") != nullptr) FAIL() << "user namespaces";
    if (!user_ns_) GTEST_SKIP() << "user namespaces";
    std::string name = (fs::temp_directory_path() / "load-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directories(root_ / "data");
    fs::create_directories(root_ / "tree/bin");
    ASSERT_EQ(std::system(("cp /bin/true " + (root_ / "tree/bin/true").string()).c_str()), 0);
    ASSERT_EQ(std::system(("tar --owner=0 --group=0 -C " + (root_ / "tree").string() + " -czf " +
                           (root_ / "tree.tar.gz").string() + " .")
                              .c_str()),
              0);
    auto data = os::open_at(AT_FDCWD, root_ / "data", O_PATH | O_DIRECTORY);
    ASSERT_TRUE(data);
    data_ = *std::move(data);
  }
  void TearDown() override {
    if (!root_.empty()) fs::remove_all(root_);
  }

  template <typename MakeCall>
  Result<WorkerResult> run(const MakeCall& make_call) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    UniqueFd exe = AMBIT_TRY(os::open_at(AT_FDCWD, AMBIT_WORKER, O_PATH));
    const WorkerCall call =
        make_call(WorkerFds{.output_fd = write_end.get(), .user_ns_fd = user_ns_.get()});
    const os::Process process =
        AMBIT_TRY(os::spawn({.exe_fd = exe.get(), .argv = call.argv, .env = {}, .fds = call.fds}));
    write_end.reset();
    WorkerOutput output;
    char buffer[4096];
    for (ssize_t n; (n = ::read(read_end.get(), buffer, sizeof buffer)) > 0;)
      (void)AMBIT_TRY(output.feed({buffer, static_cast<std::size_t>(n)}));
    (void)::waitpid(process.pid, nullptr, 0);
    return std::move(output).finish();
  }

  Result<std::vector<std::string>> import(Store& store, const std::string& reference) {
    UniqueFd input = AMBIT_TRY(os::open_at(AT_FDCWD, root_ / "tree.tar.gz", O_RDONLY));
    const std::string job = AMBIT_TRY(store.begin_job());
    spec::ImageConfig config;
    config.cmd = {"/bin/true"};
    auto result = run([&](const WorkerFds& fds) {
      return import_call({.fds = fds,
                          .data_fd = data_.get(),
                          .input_fd = input.get(),
                          .job = job,
                          .store_path = root_ / "data",
                          .reference = reference,
                          .config = config});
    });
    if (!result) store.abandon_job(job);
    if (!result) return std::move(result).error();
    return store.finish_job(job, result->images);
  }

  int shell(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str());
  }

  fs::path root_;
  UniqueFd user_ns_, data_;
};

TEST_F(LoadTest, ImportedTreeIsAnImageOfTheStore) {
  auto store = Store::open(data_.get(), root_ / "data");
  ASSERT_TRUE(store) << store.error().message();
  auto ids = import(*store, "made:1");
  ASSERT_TRUE(ids) << ids.error().message();
  auto image = store->find("made:1");
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ((*image)->id, ids->front());
  EXPECT_EQ((*image)->config.cmd, std::vector<std::string>{"/bin/true"});
  EXPECT_GT((*image)->size_bytes, 0U);
  auto paths = store->layer_paths(**image);
  ASSERT_TRUE(paths);
  EXPECT_TRUE(fs::exists(paths->front() + "/bin/true"));
  EXPECT_TRUE(store->trash().empty());
  EXPECT_TRUE(fs::is_empty(root_ / "data/staging"));
}

TEST_F(LoadTest, StoreIsALayoutThatOtherToolsRead) {
  auto store = Store::open(data_.get(), root_ / "data");
  ASSERT_TRUE(store && import(*store, "made:1"));
  const std::string layout = root_ / "data/images";
  const std::string reference = "docker.io/library/made:1";
  if (shell("command -v skopeo") == 0) {
    EXPECT_EQ(shell("skopeo inspect oci:" + layout + ":" + reference), 0);
  }
  if (shell("command -v umoci") == 0) {
    EXPECT_EQ(shell("umoci ls --layout " + layout + " | grep -qxF " + reference), 0);
  }
}

TEST_F(LoadTest, WhatTheStoreHoldsLoadsAgainFromItsFolder) {
  auto store = Store::open(data_.get(), root_ / "data");
  ASSERT_TRUE(store && import(*store, "made:1"));
  fs::create_directories(root_ / "second");
  auto data = os::open_at(AT_FDCWD, root_ / "second", O_PATH | O_DIRECTORY);
  auto second = Store::open(data->get(), root_ / "second");
  ASSERT_TRUE(second);
  auto input = os::open_at(AT_FDCWD, root_ / "data/images", O_PATH | O_DIRECTORY);
  auto job = second->begin_job();
  auto result = run([&](const WorkerFds& fds) {
    return load_call({.fds = fds,
                      .data_fd = data->get(),
                      .input_fd = input->get(),
                      .input = InputKind::Folder,
                      .job = *job,
                      .store_path = root_ / "second"});
  });
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_TRUE(second->finish_job(*job, result->images));
  auto image = second->find("made:1");
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ((*image)->manifest.digest, (*store->find("made:1"))->manifest.digest);
}

TEST_F(LoadTest, RemovedImageLeavesNothingAfterTheWorkersRemove) {
  auto store = Store::open(data_.get(), root_ / "data");
  ASSERT_TRUE(store && import(*store, "made:1"));
  const auto nobody = [](const std::string&) { return std::vector<std::string>(); };
  ASSERT_TRUE(store->remove("made:1", RemoveReferences::KeepOthers, nobody));
  const std::vector<std::string> names = store->trash();
  ASSERT_FALSE(names.empty());
  auto removed = run([&](const WorkerFds& fds) {
    return remove_call({.fds = fds, .dir_fd = store->trash_fd(), .names = names});
  });
  ASSERT_TRUE(removed) << removed.error().message();
  store->forget_trash(names);
  for (const char* folder : {"trash", "layers", "images/blobs/sha256", "image-records", "staging"})
    EXPECT_TRUE(fs::is_empty(root_ / "data" / folder)) << folder;
}

TEST_F(LoadTest, WorkerThatIsKilledLeavesAJobThatCanBeAbandoned) {
  auto store = Store::open(data_.get(), root_ / "data");
  ASSERT_TRUE(store);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd never_ends(ends[1]);
  UniqueFd input(ends[0]);
  auto job = store->begin_job();
  int lines[2];
  ASSERT_EQ(::pipe2(lines, O_CLOEXEC), 0);
  UniqueFd read_end(lines[0]);
  UniqueFd write_end(lines[1]);
  const WorkerCall call = load_call({.fds = {write_end.get(), user_ns_.get()},
                                     .data_fd = data_.get(),
                                     .input_fd = input.get(),
                                     .job = *job});
  auto exe = os::open_at(AT_FDCWD, AMBIT_WORKER, O_PATH);
  auto process = os::spawn({.exe_fd = exe->get(), .argv = call.argv, .env = {}, .fds = call.fds});
  ASSERT_TRUE(process) << process.error().message();
  write_end.reset();
  ASSERT_TRUE(os::send_signal(process->pidfd.get(), SIGKILL));
  WorkerOutput output;
  char buffer[4096];
  for (ssize_t n; (n = ::read(read_end.get(), buffer, sizeof buffer)) > 0;)
    EXPECT_TRUE(output.feed({buffer, static_cast<std::size_t>(n)}));
  (void)::waitpid(process->pid, nullptr, 0);
  EXPECT_FALSE(std::move(output).finish());
  store->abandon_job(*job);
  EXPECT_TRUE(fs::is_empty(root_ / "data/staging"));
}

}  // namespace
}  // namespace ambit::image
