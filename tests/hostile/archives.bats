#!/usr/bin/env bats
# Archives that attack, given to ambit-worker: the table is tests/support/hostile_tars.py.

setup_file() {
    export AMBIT_BUILD=${AMBIT_BUILD:-$BATS_TEST_DIRNAME/../../build}
}

hostile() { python3 "$BATS_TEST_DIRNAME/../support/hostile_tars.py" run "$1"; }

@test "archives: links that lead out of the image lead nowhere" { hostile links; }
@test "archives: hard links reach nothing outside of the image" { hostile "hard links"; }
@test "archives: devices, attributes and owners can't be smuggled in" { hostile owners; }
@test "archives: whiteouts take away nothing outside of the image" { hostile whiteouts; }
@test "archives: names of any kind and length do no harm" { hostile names; }
@test "archives: entries that come again replace each other safely" { hostile repeated; }
@test "archives: damaged and endless ones are refused in bounded memory" { hostile damaged; }
@test "archives: false manifests, indexes and configurations are refused" { hostile documents; }
