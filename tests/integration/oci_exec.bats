# Further commands in a container of ambit-oci, and its scope.

load ../support/ambit
load ../support/oci

start_sleeper() {
    make_bundle sleep 100
    oci "$@" create --bundle "$bundle" "$c" </dev/null >"$BATS_TEST_TMPDIR/output" 2>&1 3>&- 4>&-
    oci "$@" start "$c"
}

@test "oci: exec --env overrides a variable of the container" {
    start_sleeper
    # shellcheck disable=SC2016  # a variable of the container's shell
    run -0 oci exec --env TERM=other "$c" sh -c 'echo "$TERM"'
    [[ $output == other ]]
}

@test "oci: exec --cwd is where the command starts" {
    start_sleeper
    run -0 oci exec --cwd /bin "$c" busybox pwd
    [[ $output == /bin ]]
}

@test "oci: exec --cap adds a capability" {
    start_sleeper
    run -0 oci exec --cap CAP_SYS_ADMIN "$c" busybox grep CapEff /proc/self/status
    (((0x${output##*$'\t'} >> 21 & 1) == 1))
    run -0 oci exec "$c" busybox grep CapEff /proc/self/status
    (((0x${output##*$'\t'} >> 21 & 1) == 0))
}

@test "oci: exec --process takes the command from a file" {
    start_sleeper
    jq '.process | .args = ["busybox", "pwd"] | .cwd = "/bin"' "$bundle/config.json" >"$BATS_TEST_TMPDIR/process"
    run -0 oci exec --process "$BATS_TEST_TMPDIR/process" "$c"
    [[ $output == /bin ]]
}

@test "oci: exec ends with 255 for a command that doesn't exist and names it" {
    start_sleeper
    run -255 oci exec "$c" /no/such/command
    [[ $output == *"/no/such/command"* ]]
}

@test "oci: exec into a paused container of a scope is refused until it is resumed" {
    start_sleeper --systemd-cgroup
    oci pause "$c"
    status_is paused
    run -255 oci exec "$c" busybox true
    [[ $output == *paused* ]]
    oci resume "$c"
    oci exec "$c" busybox true
}

@test "oci: --preserve-fds passes descriptors on" {
    make_bundle busybox cat /proc/self/fd/3
    echo handed-over >"$BATS_TEST_TMPDIR/file"
    run -0 oci run --preserve-fds 1 --bundle "$bundle" "$c" 3<"$BATS_TEST_TMPDIR/file" 4>&-
    [[ $output == handed-over ]]
}

@test "oci: a scope has the name of cgroupsPath and the properties of annotations, and goes with delete" {
    local unit=probe-$c.scope cgroup
    make_bundle sleep 100
    # shellcheck disable=SC2016  # a variable of jq
    change '.linux.cgroupsPath = "app.slice:probe:" + $name
        | .annotations = {"org.systemd.property.Description": "'"'told by config'"'"}' --arg name "$c"
    oci --systemd-cgroup create --bundle "$bundle" "$c" </dev/null >/dev/null 2>&1 3>&- 4>&-
    [[ $(systemctl --user show -P Description "$unit") == "told by config" ]]
    [[ $(systemctl --user show -P Slice "$unit") == app.slice ]]
    cgroup=/sys/fs/cgroup$(systemctl --user show -P ControlGroup "$unit")
    oci delete --force "$c"
    eventually unit_is_gone "$unit"
    [[ ! -e $cgroup ]]
}
