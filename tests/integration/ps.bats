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

@test "ps: -s shows what each has written above its image, whoever inside owns it" {
    ambit run -d --name "$c" $image sh -c 'mkdir -m 700 /private; dd if=/dev/zero of=/private/big bs=1M count=3 2>/dev/null; chown -R 1000 /private; touch /tmp/up; sleep 100'
    ambit create --name "$c-empty" $image true
    eventually ambit exec "$c" test -e /tmp/up
    run -0 ambit ps -as --format json
    (($(jq --arg n "$c" '.[] | select(.name == $n) | .sizeBytes' <<<"$output") >= 3 << 20))
    (($(jq --arg n "$c" '.[] | select(.name == $n) | .sizeBytes' <<<"$output") < 4 << 20))
    (($(jq --arg n "$c-empty" '.[] | select(.name == $n) | .sizeBytes' <<<"$output") < 100000))
    run -0 ambit ps --size
    [[ ${lines[0]} == *SIZE* && $output == *MB* ]]
    run -0 ambit ps --format json
    jq -e 'all(has("sizeBytes") | not)' <<<"$output"
    # Over D-Bus; a name that is none is an error.
    run -0 manager ContainerSizes as 1 "$c"
    [[ $output == "a(ot) 1 \"$(path_of "$c")\" "* ]]
    run ! manager ContainerSizes as 1 nobody
}
