# The hooks of a container of ambit-oci: when they run, what they are told, and what a failure does.

load ../support/ambit
load ../support/oci

create() { oci create --bundle "$bundle" "$c" </dev/null >"$BATS_TEST_TMPDIR/output" 2>&1 3>&- 4>&-; }

# hook NAME COMMAND: a shell command as a hook of the host.
hook() {
    # shellcheck disable=SC2016  # variables of jq
    change '.hooks[$name] = [{path: "/bin/sh", args: ["sh", "-c", $command]}]' \
        --arg name "$1" --arg command "$2"
}

@test "oci: hooks of the host run in order and are told the container's id" {
    local name
    make_bundle sleep 100
    for name in prestart createRuntime poststart poststop; do
        hook "$name" "echo $name >>'$BATS_TEST_TMPDIR/order'; cat >'$BATS_TEST_TMPDIR/$name'"
    done
    create
    oci start "$c"
    oci delete --force "$c"
    [[ $(paste -sd' ' "$BATS_TEST_TMPDIR/order") == "prestart createRuntime poststart poststop" ]]
    for name in prestart createRuntime poststart poststop; do
        [[ $(jq -r .id "$BATS_TEST_TMPDIR/$name") == "$c" ]]
        [[ $(jq -r .bundle "$BATS_TEST_TMPDIR/$name") == "$bundle" ]]
    done
}

@test "oci: a createRuntime hook that fails fails create and runs poststop" {
    make_bundle sleep 100
    hook createRuntime 'exit 3'
    hook poststop "touch '$BATS_TEST_TMPDIR/stopped'"
    run ! create
    [[ -e $BATS_TEST_TMPDIR/stopped ]]
    run ! oci state "$c"
}

@test "oci: a poststart hook that fails leaves the container running" {
    make_bundle sleep 100
    hook poststart 'exit 3'
    create
    oci start "$c"
    status_is running
}

@test "oci: a hook that takes longer than its timeout is killed and fails create" {
    make_bundle sleep 100
    hook createRuntime "echo \$\$ >'$BATS_TEST_TMPDIR/pid'; exec sleep 300"
    change '.hooks.createRuntime[0].timeout = 1'
    not create
    is_gone "$(<"$BATS_TEST_TMPDIR/pid")"
    run ! oci state "$c"
}

@test "oci: a createContainer hook that fails fails create and runs poststop" {
    make_bundle sleep 100
    hook createContainer 'exit 3'
    hook poststop "touch '$BATS_TEST_TMPDIR/stopped'"
    not create
    [[ -e $BATS_TEST_TMPDIR/stopped ]]
    run ! oci state "$c"
}

@test "oci: a startContainer hook runs under the container's seccomp filter" {
    make_bundle busybox true
    hook startContainer 'busybox mkdir /made 2>/said; :'
    change '.root.readonly = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"
        , syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
    oci run --bundle "$bundle" "$c" 3>&- 4>&-
    grep -q 'not supported' "$bundle/rootfs/said"
    [[ ! -e $bundle/rootfs/made ]]
}
