# That the benchmark runs, and that it measures what is to be measured.

load ../support/ambit

@test "bench: a few rounds of every tool that is installed" {
    run -0 "$top/tests/bench/compare.py" --smoke --json "$BATS_TEST_TMPDIR/result.json"
    [[ $output == *median* ]]
    jq -e '.times.ambit.median_ms > 0 and .parallel.ambit.lost == 0' "$BATS_TEST_TMPDIR/result.json"
}

@test "bench: a build that is not for release is refused" {
    AMBIT_BUILD=$top/build run -1 "$top/tests/bench/compare.py"
    [[ $output == *release* ]]
}

@test "bench: a few rounds of every OCI runtime that is installed" {
    run -0 "$top/tests/bench/runtimes.py" --smoke --json "$BATS_TEST_TMPDIR/result.json"
    [[ $output == *median* ]]
    jq -e '[.cases[]."ambit-oci" | .median_ms > 0 and .peak > 0] | length >= 2 and all' \
        "$BATS_TEST_TMPDIR/result.json"
}
