#include "daemon/call_options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <tuple>

#include "systemd/unit_property.h"
#include "unit/bus/peers.h"

namespace ambit::daemon {
namespace {

using Strings = std::vector<std::string>;

class CallOptionsTest : public testing::Test {
 protected:
  bus::Message call_with(const bus::OptionWriter& writer) {
    bus::Message message = *peers.client.new_call({nullptr, "/x", "org.example.X", "Do"});
    EXPECT_TRUE(writer.append_dict(message));
    EXPECT_GE(sd_bus_message_seal(message.get(), 1, 0), 0);
    EXPECT_GE(sd_bus_message_rewind(message.get(), 1), 0);
    return message;
  }
  static std::string failure(const Result<void>& result) {
    if (result) return "none";
    EXPECT_EQ(result.error().code(), ErrorCode::InvalidArgument);
    return result.error().message();
  }

  test::Peers peers;
  spec::ContainerOptions options;
  engine::ClientStreams streams;
};

TEST_F(CallOptionsTest, EveryKeyOfCreateContainerIsTaken) {
  using MountRow = std::tuple<std::string, std::string, std::string, Strings>;
  using UlimitRow = std::tuple<std::string, std::uint64_t, std::uint64_t>;
  bus::Message call =
      call_with(bus::OptionWriter()
                    .set("Entrypoint", Strings{"/bin/sh"})
                    .set("Environment", Strings{"A=1"})
                    .set("WorkingDirectory", "/w")
                    .set("User", "u:g")
                    .set("Hostname", "box")
                    .set("Labels", std::map<std::string, std::string>{{"k", "v"}})
                    .set("StopSignal", "INT")
                    .set("StopTimeoutUSec", std::uint64_t{5})
                    .set("Terminal", true)
                    .set("TerminalSize", std::tuple<std::uint32_t, std::uint32_t>{24, 80})
                    .set("OpenStdin", true)
                    .set("Init", true)
                    .set("AutoRemove", true)
                    .set("ReadOnly", true)
                    .set("Mounts", std::vector<MountRow>{{"bind", "/src", "/dst", {"ro"}}})
                    .set("CapabilitiesAdd", Strings{"CAP_CHOWN"})
                    .set("CapabilitiesDrop", Strings{"ALL"})
                    .set("SecurityOptions", Strings{"seccomp=unconfined"})
                    .set("Ulimits", std::vector<UlimitRow>{{"nofile", 1, UINT64_MAX}})
                    .set("Network", "host")
                    .set("RestartPolicy", "on-failure:3")
                    .set("SdNotify", "ignore")
                    .set("Properties", systemd::UnitProperties{{"TasksMax", std::uint64_t{5}}})
                    .set("OomScoreAdjust", std::int32_t{7})
                    .set("ShmSizeBytes", std::uint64_t{4096})
                    .set("LogDriver", "none"));
  ASSERT_EQ(failure(read_create_options(call, options)), "none");
  EXPECT_EQ(options.entrypoint, Strings{"/bin/sh"});
  EXPECT_EQ(options.environment, Strings{"A=1"});
  EXPECT_EQ(options.working_dir, "/w");
  EXPECT_EQ(options.user, "u:g");
  EXPECT_EQ(options.hostname, "box");
  EXPECT_EQ(options.labels.at("k"), "v");
  EXPECT_EQ(options.stop_signal, "INT");
  EXPECT_EQ(options.stop_timeout_usec, 5U);
  EXPECT_TRUE(options.terminal && options.open_stdin && options.init);
  EXPECT_TRUE(options.auto_remove && options.read_only);
  ASSERT_TRUE(options.console_size);
  EXPECT_EQ(options.console_size->rows, 24);
  EXPECT_EQ(options.console_size->columns, 80);
  ASSERT_EQ(options.mounts.size(), 1U);
  EXPECT_EQ(options.mounts[0].type, "bind");
  EXPECT_EQ(options.mounts[0].source, "/src");
  EXPECT_EQ(options.mounts[0].destination, "/dst");
  EXPECT_EQ(options.mounts[0].options, Strings{"ro"});
  EXPECT_EQ(options.capabilities_add, Strings{"CAP_CHOWN"});
  EXPECT_EQ(options.capabilities_drop, Strings{"ALL"});
  EXPECT_EQ(options.security_options, Strings{"seccomp=unconfined"});
  ASSERT_EQ(options.ulimits.size(), 1U);
  EXPECT_EQ(options.ulimits[0].soft, 1U);
  EXPECT_EQ(options.ulimits[0].hard, UINT64_MAX);
  EXPECT_EQ(options.network, "host");
  EXPECT_EQ(options.log_driver, "none");
  EXPECT_EQ(options.limits.properties, Strings{"TasksMax=5"});
  EXPECT_EQ(options.limits.oom_score_adj, 7);
  EXPECT_EQ(options.limits.shm_size_bytes, 4096U);
  EXPECT_EQ(options.restart.max_retries, 3U);
  EXPECT_EQ(options.notify, spec::NotifyMode::Ignore);
}

TEST_F(CallOptionsTest, RunContainerTakesTheKeysOfStartAsWell) {
  bus::Message call =
      call_with(bus::OptionWriter()
                    .set("Terminal", true)
                    .set("TerminalSize", std::tuple<std::uint32_t, std::uint32_t>{24, 80})
                    .set("TerminalSocket", UniqueFd(::dup(0)))
                    .set("ListenNames", Strings{"http"})
                    .set("WatchdogUSec", std::uint64_t{6})
                    .set("ServiceUnit", "a.service")
                    .set("UntilReady", false)
                    .set("Stdin", UniqueFd(::dup(0))));
  ASSERT_EQ(failure(read_run_options(call, options, streams)), "none");
  EXPECT_TRUE(options.terminal);
  EXPECT_EQ(streams.service.listen_names, Strings{"http"});
  EXPECT_EQ(streams.service.watchdog_usec, 6U);
  EXPECT_EQ(streams.service.unit, "a.service");
  EXPECT_FALSE(streams.service.until_ready);
  EXPECT_TRUE(streams.terminal);
  EXPECT_TRUE(streams.stdin_fd);
  EXPECT_FALSE(streams.stdout_fd);
  ASSERT_TRUE(streams.console_size);
  EXPECT_EQ(streams.console_size->columns, 80);
}

TEST_F(CallOptionsTest, CreateContainerRefusesTheKeysOfStart) {
  bus::Message call = call_with(bus::OptionWriter().set("Stdin", UniqueFd(::dup(0))));
  EXPECT_EQ(failure(read_create_options(call, options)), "option \"Stdin\" is not known");
}

TEST_F(CallOptionsTest, ASizeThatNoTerminalHasIsRefused) {
  bus::Message call = call_with(
      bus::OptionWriter().set("TerminalSize", std::tuple<std::uint32_t, std::uint32_t>{1, 65536}));
  EXPECT_EQ(failure(read_create_options(call, options)),
            "option \"TerminalSize\": no terminal has 1×65536 cells");
}

TEST_F(CallOptionsTest, RemoveIsForcedOnlyWhenAskedTo) {
  bus::Message plain = call_with(bus::OptionWriter());
  EXPECT_EQ(read_remove_options(plain)->mode, engine::RemoveMode::OnlyStopped);
  bus::Message forced =
      call_with(bus::OptionWriter().set("Force", true).set("TimeoutUSec", std::uint64_t{7}));
  auto options_read = read_remove_options(forced);
  ASSERT_TRUE(options_read);
  EXPECT_EQ(options_read->mode, engine::RemoveMode::Force);
  EXPECT_EQ(options_read->timeout_usec, 7U);
}

TEST_F(CallOptionsTest, ATimeWithoutForceIsRefused) {
  bus::Message call = call_with(bus::OptionWriter().set("TimeoutUSec", std::uint64_t{7}));
  EXPECT_FALSE(read_remove_options(call));
}

TEST_F(CallOptionsTest, AttachMeansAllStreamsThatAreNotRefused) {
  bus::Message all = call_with(bus::OptionWriter());
  EXPECT_EQ(*read_attach_options(all), (Strings{"stdin", "stdout", "stderr"}));
  bus::Message some = call_with(bus::OptionWriter().set("Stdin", false));
  EXPECT_EQ(*read_attach_options(some), (Strings{"stdout", "stderr"}));
  bus::Message none =
      call_with(bus::OptionWriter().set("Stdin", false).set("Stdout", false).set("Stderr", false));
  EXPECT_FALSE(read_attach_options(none));
}

}  // namespace
}  // namespace ambit::daemon
