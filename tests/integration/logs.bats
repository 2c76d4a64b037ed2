# `ambit logs`: the bytes the container wrote, as it wrote them.

load ../support/ambit

# identical FILE: a container writes FILE, and its logs are the same bytes.
identical() {
    ambit run -i --name "$c" $image sh -c 'cat' <"$1" >"$BATS_TEST_TMPDIR/seen"
    cmp "$1" "$BATS_TEST_TMPDIR/seen"
    ambit logs "$c" >"$BATS_TEST_TMPDIR/logs"
    cmp "$1" "$BATS_TEST_TMPDIR/logs"
}

@test "logs: NUL bytes come back" {
    printf 'a\0b\n\0\0\nc\n' >"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
}

@test "logs: empty lines come back" {
    printf '\n\na\n\n\nb\n\n' >"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
}

@test "logs: a last line without an end has none afterwards" {
    printf 'a\nno end' >"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
}

@test "logs: lines of 60 KiB come back whole" {
    head -c 61440 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/in"
    printf '\nshort\n' >>"$BATS_TEST_TMPDIR/in"
    head -c 61440 /dev/zero | tr '\0' y >>"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
}

@test "logs: random bytes come back" {
    head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
}

@test "logs: text that is no UTF-8, and blanks at the ends, come back" {
    printf '  \xff\xfe leading\ttrailing \t \r\n\xc3\n \n' >"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
}

@test "logs: standard error of the container is ours" {
    ambit run --name "$c" $image sh -c 'echo out; echo err >&2' >/dev/null 2>&1
    run -0 --separate-stderr ambit logs "$c"
    [ "$output" = out ]
    [ "$stderr" = err ]
}

@test "logs: --tail shows the last lines" {
    ambit run --name "$c" $image seq 20 >/dev/null
    run -0 ambit logs --tail 2 "$c"
    [ "$output" = $'19\n20' ]
    run -0 ambit logs --tail 0 "$c"
    [ "$output" = "" ]
}

@test "logs: -t puts a time before each line" {
    ambit run --name "$c" $image seq 2 >/dev/null
    run -0 ambit logs -t "$c"
    [[ ${lines[0]} =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T.*\ 1$ ]]
}

@test "logs: --since and --until cut at a time" {
    local middle
    ambit run -d --name "$c" $image sh -c 'echo early; until [ -e /tmp/go ]; do sleep 0.02; done; echo late' >/dev/null
    eventually log_has "$c" early
    middle=$(date +%s.%N)
    let_go "$c"
    ambit wait "$c"
    run -0 ambit logs --since "$middle" "$c"
    [ "$output" = late ]
    run -0 ambit logs --until "$middle" "$c"
    [ "$output" = early ]
}

@test "logs: -f shows what comes and ends with the container" {
    ambit run -d --name "$c" $image sh -c 'echo one; until [ -e /tmp/go ]; do sleep 0.02; done; echo two'
    ambit logs -f "$c" >"$BATS_TEST_TMPDIR/out" &
    eventually has_line one "$BATS_TEST_TMPDIR/out"
    let_go "$c"
    timeout 20 tail --pid=$! -f /dev/null
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = $'one\ntwo' ]
}

@test "logs: a container that was started twice has the output of both runs" {
    ambit run --name "$c" $image echo again >/dev/null
    ambit start -a "$c" >/dev/null
    run -0 ambit logs "$c"
    [ "$output" = $'again\nagain' ]
}

@test "logs: --log-driver none keeps nothing, and says so" {
    ambit run --name "$c" --log-driver none $image echo secret
    run -125 ambit logs "$c"
    [[ $output == *"no logs of $c"*"--log-driver none"* ]]
    run -125 ambit logs -f "$c"
    run -0 journalctl --user -o cat CONTAINER_NAME="$c"
    [[ $output != *secret* ]]
}

@test "logs: 20000 lines at once come back, all of them" {
    ambit run --name "$c" $image seq 20000 >"$BATS_TEST_TMPDIR/seen"
    ambit logs "$c" | cmp - "$BATS_TEST_TMPDIR/seen"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/seen")" = 20000 ]
}

@test "logs: a container that prints without end loses nothing, and silences no other" {
    local written
    ambit run -d --name "$c-loud" $image sh -c 'yes "a line of the loud one" | head -n 2000000; until [ -e /tmp/go ]; do sleep 0.1; done; echo end'
    ambit run --name "$c-quiet" $image sh -c 'for i in $(seq 200); do echo $i; sleep 0.005; done' >/dev/null
    run -0 ambit logs "$c-quiet"
    [ "$output" = "$(seq 200)" ]
    let_go "$c-loud"
    ambit wait "$c-loud"
    written=$(ambit logs "$c-loud" | sort | uniq -c | sed 's/^ *//')
    [ "$written" = $'2000000 a line of the loud one\n1 end' ]
}

@test "logs: E14 the last line of each is there with -f, also with --rm, time and again" {
    local i
    for i in $(seq "$(rounds 100 10)"); do
        for one in "$c-1" "$c-2"; do
            ambit run -d --rm --name "$one" $image sh -c 'until [ -e /tmp/go ]; do sleep 0.01; done; echo first; echo last'
        done
        ambit logs -f "$c-1" >"$BATS_TEST_TMPDIR/1" &
        local one=$!
        ambit logs -f "$c-2" >"$BATS_TEST_TMPDIR/2" &
        local two=$!
        let_go "$c-1"
        let_go "$c-2"
        ends_with 0 "$one"
        ends_with 0 "$two"
        [ "$(cat "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2")" = $'first\nlast\nfirst\nlast' ]
    done
}

@test "logs: E15 one line of 40 KiB is one record, and what is typed is not one for each key" {
    head -c 40960 /dev/zero | tr '\0' j >"$BATS_TEST_TMPDIR/in"
    echo >>"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
    [ "$(journalctl --user -o json CONTAINER_NAME="$c" AMBIT_STREAM=stdout --all | wc -l)" = 1 ]
    "$support/terminal.py" type 'echo 0123456789012345678901234567890123456789\nexit\n' 0 ambit run -it --name "$c-2" $image sh
    (($(journalctl --user -o json CONTAINER_NAME="$c-2" AMBIT_STREAM=stdout | wc -l) < 20))
}

@test "logs: E20 a line of 5 KiB is one record, whole for journalctl as well" {
    ambit run --name "$c" $image sh -c 'head -c 5000 /dev/zero | tr "\0" z; echo' >/dev/null
    [ "$(journalctl --user -o cat --all CONTAINER_NAME="$c" AMBIT_STREAM=stdout | wc -c)" = 5001 ]
}
