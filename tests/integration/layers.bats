#!/usr/bin/env bats
# What ambit-worker makes of images, seen through an overlay: the cases are in
# tests/support/layer_cases.py.

setup_file() {
    export AMBIT_BUILD=${AMBIT_BUILD:-$BATS_TEST_DIRNAME/../../build}
    export AMBIT_SHARED=${AMBIT_SHARED:-$BATS_TEST_DIRNAME/../../../shared}
}

layers() {
    local status=0
    python3 "$BATS_TEST_DIRNAME/../support/layer_cases.py" run "$1" || status=$?
    ((status != 77)) || [[ ${AMBIT_TEST_MUST_RUN:-} ]] || skip "this machine lacks something: see above"
    return "$status"
}

@test "layers: whiteouts and opaque markers apply to lower layers, in any order" { layers whiteouts; }
@test "layers: parents and links mean what the merged tree says" { layers parents; }
@test "layers: owners, modes, times and attributes are the archive's" { layers metadata; }
@test "layers: every archive format and compression is read" { layers formats; }
@test "layers: real images unpack as umoci unpacks them" { layers umoci; }

@test "layers: a whole Debian unpacks as tar unpacks it" {
    [[ -s $BATS_TEST_DIRNAME/../../build/cache/debian.tar ]] || skip "no Debian: contrib/check makes one with mmdebstrap"
    layers debian
}

@test "layers: trees are removed whatever is in them" { layers removing; }
@test "layers: the worker is confined before it reads" { layers process; }
