# `ambit stats` where the kernel counts memory: a machine whose user manager has that controller
# (contrib/vm); elsewhere the test skips.

load ../support/ambit

@test "stats: memory and its limit are what the kernel counts" {
    grep -qw memory "/sys/fs/cgroup/user.slice/user-$UID.slice/user@$UID.service/cgroup.controllers" ||
        missing "the memory controller is not delegated"
    ambit run -d --name "$c" -m 64m $image sleep 100
    run -0 ambit stats --no-stream --format json "$c"
    jq -e '.[0] | .memoryBytes > 0 and .memoryLimitBytes == 67108864 and .memoryPercent > 0' <<<"$output"
}
