#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "spec/runtime_spec.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

// Every member of config.json that is for Linux, each with a value that is not its default.
constexpr char kWhole[] = R"({
  "ociVersion": "1.2.0",
  "root": {"path": "rootfs", "readonly": true},
  "hostname": "h", "domainname": "d.example",
  "annotations": {"a": "b"},
  "process": {
    "args": ["sh", "-c", "x"], "env": ["A=b"], "cwd": "/w", "terminal": true,
    "consoleSize": {"height": 24, "width": 80},
    "user": {"uid": 1, "gid": 2, "additionalGids": [3, 4], "umask": 7},
    "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": ["CAP_FOWNER"],
                     "permitted": ["CAP_SETUID"], "ambient": ["CAP_SETGID"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 5}],
    "noNewPrivileges": true, "oomScoreAdj": -5,
    "scheduler": {"policy": "SCHED_DEADLINE", "nice": -3, "priority": 4,
                  "flags": ["SCHED_FLAG_RESET_ON_FORK"], "runtime": 1, "deadline": 2, "period": 3},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6},
    "apparmorProfile": "profile", "selinuxLabel": "a:b:c:d"
  },
  "mounts": [{"destination": "/m", "type": "bind", "source": "/s", "options": ["rbind", "rro"],
              "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
              "gidMappings": [{"containerID": 0, "hostID": 1001, "size": 2}]}],
  "hooks": {
    "prestart": [{"path": "/1", "args": ["1", "x"], "env": ["A=1"], "timeout": 1}],
    "createRuntime": [{"path": "/2"}], "createContainer": [{"path": "/3"}],
    "startContainer": [{"path": "/4"}], "poststart": [{"path": "/5"}], "poststop": [{"path": "/6"}]
  },
  "linux": {
    "namespaces": [{"type": "user"}, {"type": "mount"}, {"type": "pid", "path": "/proc/1/ns/pid"},
                   {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"},
                   {"type": "time"}],
    "uidMappings": [{"containerID": 0, "hostID": 1, "size": 2}],
    "gidMappings": [{"containerID": 3, "hostID": 4, "size": 5}],
    "timeOffsets": {"monotonic": {"secs": -2, "nanosecs": 3}, "boottime": {"secs": 4, "nanosecs": 0}},
    "devices": [{"path": "/dev/x", "type": "c", "major": 1, "minor": 2, "fileMode": 438, "uid": 3, "gid": 4}],
    "cgroupsPath": "a:b:c",
    "sysctl": {"net.ipv4.ip_forward": "1"},
    "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
    "rootfsPropagation": "rslave", "mountLabel": "e:f:g:h",
    "personality": {"domain": "LINUX32", "flags": []},
    "intelRdt": {},
    "resources": {
      "devices": [{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}],
      "memory": {"limit": 1, "reservation": 2, "swap": -1, "kernel": 4, "kernelTCP": 5, "swappiness": 6,
                 "disableOOMKiller": true, "checkBeforeUpdate": true},
      "cpu": {"shares": 1, "quota": -1, "burst": 3, "period": 4, "realtimeRuntime": 5,
              "realtimePeriod": 6, "idle": 1, "cpus": "0-1", "mems": "0"},
      "pids": {"limit": 7},
      "blockIO": {"weight": 10, "leafWeight": 11,
                  "weightDevice": [{"major": 8, "minor": 0, "weight": 12, "leafWeight": 13}],
                  "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 14}],
                  "throttleWriteBpsDevice": [{"major": 8, "minor": 1, "rate": 15}],
                  "throttleReadIOPSDevice": [{"major": 8, "minor": 2, "rate": 16}],
                  "throttleWriteIOPSDevice": [{"major": 8, "minor": 3, "rate": 17}]},
      "hugepageLimits": [{"pageSize": "2MB", "limit": 18}],
      "network": {"classID": 19, "priorities": [{"name": "eth0", "priority": 20}]},
      "rdma": {"mlx5_1": {"hcaHandles": 21, "hcaObjects": 22}},
      "unified": {"memory.high": "23"}
    },
    "seccomp": {
      "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
      "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
      "listenerPath": "/run/l", "listenerMetadata": "m",
      "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1,
                    "args": [{"index": 1, "value": 18446744073709551615, "valueTwo": 3,
                              "op": "SCMP_CMP_MASKED_EQ"}]}]
    }
  },
  "ambit": {"overlay": {"lower": ["/l"], "upper": "/u", "work": "/w"}, "user": "bin", "init": true}
})";

TEST(RuntimeSpecWholeTest, EveryMemberIsReadAndWrittenAgain) {
  const auto spec = parse_runtime_spec(kWhole);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(json::diff(json::parse(kWhole), json::parse(write_runtime_spec(*spec))), json::array());
}

TEST(RuntimeSpecWholeTest, LimitsAboveTheLargestSignedNumberAreNone) {
  const auto resources = parse_resources(R"({"memory": {"limit": 18446744073709551615}})");
  ASSERT_TRUE(resources);
  EXPECT_EQ((*resources).memory->limit_bytes, -1);
}

TEST(RuntimeSpecWholeTest, WrongTypesAreNamed) {
  const char* const kCases[][2] = {
      {R"({"linux": {"resources": {"memory": {"limit": "1"}}}})", "limit"},
      {R"({"linux": {"resources": {"cpu": {"shares": 1.5}}}})", "shares"},
      {R"({"linux": {"resources": {"rdma": []}}})", "rdma"},
      {R"({"linux": {"timeOffsets": 1}})", "timeOffsets"},
      {R"({"linux": {"seccomp": {"syscalls": {}}}})", "syscalls"},
      {R"({"linux": {"devices": [{"major": "1"}]}})", "major"},
      {R"({"hooks": {"prestart": [{"path": "relative"}]}})", "hooks.path"},
      {R"({"hooks": {"prestart": [{"path": "/x", "timeout": 0}]}})", "hooks.timeout"},
      {R"({"process": {"user": {"uid": 4294967296}}})", "uid"},
      {R"({"process": {"noNewPrivileges": "yes"}})", "noNewPrivileges"},
      {R"({"linux": {"resources": {"rdma": {"a\u0000": {}}}}})", "rdma"},
      {R"({"linux": {"timeOffsets": {"boottime\u0000": {}}}})", "timeOffsets"},
      {R"({"linux": {"timeOffsets": {"realtime": {}}}})", "timeOffsets"},
      {R"({"linux": {"timeOffsets": {"monotonic 1 0\nboottime": {}}}})", "timeOffsets"},
      {R"({"linux": {"timeOffsets": {"monotonic": {"nanosecs": 1000000000}}}})", "nanosecs"},
  };
  for (const auto& [text, member] : kCases) {
    const auto spec = parse_runtime_spec(text);
    ASSERT_FALSE(spec) << text;
    EXPECT_NE(spec.error().message().find("'" + std::string(member) + "'"), std::string::npos)
        << spec.error().message();
  }
}

}  // namespace
}  // namespace ambit::spec
