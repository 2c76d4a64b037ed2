# ambit-fetch, which speaks to registries: what it can still do while it does.

load ../support/ambit
load ../support/registry

setup_file() {
    need_image
    command -v docker-registry >/dev/null || missing docker-registry
    start_registry "$BATS_FILE_TMPDIR/registry"
    export registry_port registry_pid
    "$BATS_TEST_DIRNAME/../support/make-image" oci-dir own:1 "$BATS_FILE_TMPDIR/layout" "fetch $RANDOM"
    push "oci:$BATS_FILE_TMPDIR/layout" "$registry_port" own:1
}

teardown_file() { kill "$registry_pid"; }

# A pull that hangs in the middle of its layer; its ambit-fetch is $fetch.
setup() {
    start_proxy "$BATS_TEST_TMPDIR/proxy" "$registry_port" blobs/=stall:50*all
    ref=127.0.0.1:$proxy_port/own:1
    env AMBIT_SECRET=1 "$@" ambit pull -q --creds me:secret "$ref" >/dev/null 2>&1 3>&- &
    pulling=$!
    eventually grep -q blobs/ "$BATS_TEST_TMPDIR/proxy/requests"
    fetch=$(pgrep -u "$UID" -x ambit-fetch)
}

teardown() {
    kill -INT "$pulling" 2>/dev/null || true
    wait "$pulling" || true
    kill "$proxy_pid"
}

status() { sed -n "s/^$1:\t//p" "/proc/$fetch/status"; }

@test "fetch: no new privileges, a filter of system calls, no capabilities, no dump" {
    [ "$(status NoNewPrivs)" = 1 ]
    [ "$(status Seccomp)" = 2 ]
    [ "$(status CapEff)" = 0000000000000000 ]
    # Not dumpable: its files in procfs are root's, also for its own user.
    [ "$(stat -c %u "/proc/$fetch/environ")" = 0 ]
}

@test "fetch: the password is neither in an argument nor in the journal" {
    not grep -q secret "/proc/$fetch/cmdline"
    for pid in $(pgrep -u "$UID" -x 'ambit-worker|ambitd'); do not grep -q secret "/proc/$pid/cmdline"; done
    not grep -q secret <(journalctl --user -u ambit.service -o cat)
}

@test "fetch: who hangs up ends it" {
    kill -INT "$pulling"
    eventually test ! -e "/proc/$fetch"
    wait "$pulling" || true
}
