# shellcheck shell=bash
# Shared by the tests of ambit-oci: bundles of busybox-static, and what a container leaves behind.

bats_require_minimum_version 1.5.0

oci_program=${AMBIT_OCI:-ambit-oci}
oci_root=$BATS_TEST_TMPDIR/states
bundle=$BATS_TEST_TMPDIR/bundle
c=t$BATS_TEST_NUMBER-$$

oci() { "$oci_program" --root "$oci_root" "$@"; }

# make_bundle COMMAND...: the engine's own `spec` with this command and without a terminal.
make_bundle() {
    mkdir -p "$bundle/rootfs/bin"
    cp /bin/busybox "$bundle/rootfs/bin/busybox"
    local name
    for name in sh sleep; do ln -sf busybox "$bundle/rootfs/bin/$name"; done
    rm -f "$bundle/config.json"
    if ((EUID == 0)); then oci spec --bundle "$bundle"; else oci spec --rootless --bundle "$bundle"; fi
    # shellcheck disable=SC2016  # a variable of jq
    change '.process.terminal = false | .process.args = $ARGS.positional' --args -- "$@"
}

# change FILTER [JQ-OPTION...]: edits config.json.
change() {
    local filter=$1
    shift
    jq "$filter" "$bundle/config.json" "$@" >"$bundle/new.json"
    mv "$bundle/new.json" "$bundle/config.json"
}

status_is() { [[ $(oci state "$c" | jq -r .status) == "$1" ]]; }

# These tests need no image and no ambitd.
setup_file() { :; }

setup() { mkdir -p "$oci_root"; }

teardown() { oci delete --force "$c" >/dev/null 2>&1 || true; }
