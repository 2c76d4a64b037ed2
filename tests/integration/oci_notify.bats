# NOTIFY_SOCKET of ambit-oci's caller: what a container says to the service manager, sd_notify(3).

load ../support/ambit
load ../support/oci

# make_host_bundle COMMAND...: a bundle with the programs of this machine.
make_host_bundle() {
    local name
    make_bundle "$@"
    rm -r "$bundle/rootfs/bin"
    mkdir "$bundle/rootfs/usr"
    for name in bin lib lib64 sbin; do ln -s "usr/$name" "$bundle/rootfs/$name"; done
    change '.mounts += [{destination: "/usr", source: "/usr", type: "bind", options: ["rbind", "ro"]}]'
}

service() {
    systemd-run --user --quiet --unit "$c" --service-type=notify -p NotifyAccess=all \
        "$(command -v "$oci_program")" --root "$oci_root" "$@" 3>&- 4>&-
}
of_service() { systemctl --user show -P "$1" "$c"; }

teardown() {
    # First: the first process of a PID namespace ignores what it has no handler for.
    oci delete --force "$c" >/dev/null 2>&1 || true
    systemctl --user stop "$c" 2>/dev/null || true
}

@test "oci notify: a service that is run is ready when its container says so, and shows its status" {
    make_host_bundle sh -c 'trap "exit 0" TERM; systemd-notify --ready --status=fine --pid=1; sleep 100 & wait'
    service run --bundle "$bundle" "$c"
    [ "$(of_service ActiveState)" = active ]
    [ "$(of_service StatusText)" = fine ]
    # The runtime, which stays, is the service: not whom the container names.
    [ "$(of_service MainPID)" != "$(oci state "$c" | jq .pid)" ]
    [ "$(of_service MainPID)" -gt 1 ]
    systemctl --user stop "$c"
    [[ -z $(ls -A "$oci_root") ]]
}

@test "oci notify: the container's first process is the service's where the runtime leaves" {
    make_host_bundle sh -c 'systemd-notify --ready; exec sleep 100'
    service run --detach --bundle "$bundle" "$c"
    [ "$(of_service ActiveState)" = active ]
    [ "$(of_service MainPID)" = "$(oci state "$c" | jq .pid)" ]
}

@test "oci notify: start waits until the container that was created is ready" {
    local socket=$BATS_TEST_TMPDIR/socket said=$BATS_TEST_TMPDIR/said start listener
    make_host_bundle sh -c 'until [ -e /go ]; do sleep 0.02; done; systemd-notify --ready; exec sleep 100'
    python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(s.recv(4096).decode().replace("\n", " "))' "$socket" >"$said" 3>&- 4>&- &
    listener=$!
    eventually test -S "$socket"
    export NOTIFY_SOCKET=$socket
    oci create --bundle "$bundle" "$c" </dev/null >/dev/null 2>&1 3>&- 4>&-
    oci start "$c" 3>&- 4>&- &
    start=$!
    eventually status_is running
    kill -0 "$start"
    touch "$bundle/rootfs/go"
    ends_with 0 "$start"
    ends_with 0 "$listener"
    run -0 cat "$said"
    [[ $output == "MAINPID=$(oci state "$c" | jq .pid) READY=1"* ]]
}

@test "oci notify: start of a container that ends without a word ends too" {
    make_bundle busybox true
    export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nobody
    oci create --bundle "$bundle" "$c" </dev/null >/dev/null 2>&1 3>&- 4>&-
    timeout 20 "$oci_program" --root "$oci_root" start "$c"
    oci delete "$c"
    [[ -z $(ls -A "$oci_root") ]]
}

@test "oci notify: neither hooks nor commands of exec have it, and nobody where the caller has none" {
    make_bundle sleep 100
    hook_env=$BATS_TEST_TMPDIR/env
    # shellcheck disable=SC2016  # a variable of jq
    change '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $command]}]' --arg command "env >'$hook_env'"
    NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nobody oci create --bundle "$bundle" "$c" </dev/null >/dev/null 2>&1 3>&- 4>&-
    oci start "$c"
    run -0 oci exec "$c" busybox env
    [[ $output != *NOTIFY* ]]
    run -0 cat "$hook_env"
    [[ $output != *NOTIFY* ]]
    oci delete --force "$c"
    make_bundle sh -c 'busybox env; busybox ls /run/notify'
    run oci run --bundle "$bundle" "$c"
    [[ $output != *NOTIFY* && $output == *"No such file"* ]]
}

@test "oci notify: what the container can see of it can't be written, nor replaced" {
    # shellcheck disable=SC2016  # variables of the container's shell
    make_bundle sh -c 'busybox touch "${NOTIFY_SOCKET%/*}/file"; busybox rm -f "$NOTIFY_SOCKET"; busybox ls "${NOTIFY_SOCKET%/*}"'
    NOTIFY_SOCKET=@abstract run -0 oci run --bundle "$bundle" "$c"
    [[ $output == *"Read-only file system"*notify ]]
}
