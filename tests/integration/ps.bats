# `ambit ps`: order, and staying there.

load ../support/ambit

@test "ps: --sort orders by a key, and others are refused" {
    ambit create --name "$c-b" $image true
    ambit create --name "$c-a" $image true
    ambit create --name "$c-c" $image true
    run -0 eval "ambit ps -a --sort name --filter name=$c --format json | jq -r '.[].name'"
    [ "$output" = "$c-a"$'\n'"$c-b"$'\n'"$c-c" ]
    run -0 eval "ambit ps -a --filter name=$c --format json | jq -r '.[].name'"
    [ "$output" = "$c-c"$'\n'"$c-a"$'\n'"$c-b" ]
    run -125 ambit ps --sort colour
    [[ $output == *colour*created* ]]
}

@test "ps: --watch shows again what changes, without asking in between" {
    local pid
    ambit ps -a -w --filter name="$c" >"$BATS_TEST_TMPDIR/seen" 3>&- &
    pid=$!
    eventually has_line NAMES "$BATS_TEST_TMPDIR/seen"
    ambit run -d --name "$c" $image sleep 1000
    eventually has_line "Up .*$c" "$BATS_TEST_TMPDIR/seen"
    ambit kill "$c"
    eventually has_line "Exited (137).*$c" "$BATS_TEST_TMPDIR/seen"
    kill $pid
}
