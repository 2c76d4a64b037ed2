# exec and attach.

load ../support/ambit

@test "exec: runs a command inside and ends with its code" {
    ambit run -d --name "$c" $image sleep 100
    run -0 ambit exec "$c" echo hi
    [ "$output" = hi ]
    run -9 ambit exec "$c" sh -c 'exit 9'
    run -127 ambit exec "$c" no-such-command
    run -126 ambit exec "$c" /etc/passwd
    run -143 ambit exec "$c" sh -c 'kill -TERM $$'
}

@test "exec: sees what the container sees, and no more rights than it" {
    ambit run -d --name "$c" -e INSIDE=yes $image sleep 100
    run -0 ambit exec "$c" cat /proc/self/status
    grep -q 'CapAmb:.0000000000000000' <<<"$output"
    grep -q 'NoNewPrivs:.1' <<<"$output"
    grep -q 'Seccomp:.2' <<<"$output"
    [ "$(grep CapBnd <<<"$output")" = "$(ambit exec "$c" grep CapBnd /proc/1/status)" ]
    [ "$(ambit exec "$c" cat /proc/1/comm)" = sleep ]
    [ "$(ambit exec "$c" cat /proc/self/cgroup)" = "$(ambit exec "$c" cat /proc/1/cgroup)" ]
    [ "$(ambit exec "$c" sh -c 'echo $INSIDE')" = yes ]
}

@test "exec: -e, -w and -u are the command's own" {
    ambit run -d --name "$c" $image sleep 100
    run -0 ambit exec -e A=b -w /tmp -u nobody "$c" sh -c 'echo $A; pwd; id -u'
    [ "$output" = $'b\n/tmp\n65534' ]
}

@test "exec: -i connects standard input" {
    ambit run -d --name "$c" $image sleep 100
    head -c 500000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    ambit exec -i "$c" cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
    cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "exec: no descriptor of ours reaches the command" {
    ambit run -d --name "$c" $image sleep 100
    run -0 ambit exec "$c" sh -c 'ls /proc/self/fd'
    [ "$output" = $'0\n1\n2\n3' ]
}

@test "exec: in one that does not run is an error" {
    ambit create --name "$c" $image true
    run -125 ambit exec "$c" true
    [[ $output == *"$c is created"* ]]
}

@test "exec: ends with the container" {
    ambit run -d --name "$c" $image sleep 100
    ambit exec "$c" sh -c 'echo up; sleep 100' >"$BATS_TEST_TMPDIR/out" &
    eventually has_line up "$BATS_TEST_TMPDIR/out"
    ambit kill "$c"
    ends_with 137 $!
}

@test "exec: goes on, and its code is right, when ambitd is killed" {
    ambit run -d --name "$c" $image sleep 100
    ambit exec "$c" sh -c 'echo up; until [ -e /tmp/go ]; do sleep 0.02; done; echo done' >"$BATS_TEST_TMPDIR/out" &
    eventually has_line up "$BATS_TEST_TMPDIR/out"
    kill_ambitd
    let_go "$c"
    eventually has_line done "$BATS_TEST_TMPDIR/out"
    wait $! || true
    state_is "$c" running
}

@test "attach: shows output from now on and passes input" {
    ambit run -d -i --name "$c" $image sh -c 'echo before; while read line; do echo "got $line"; done'
    eventually log_has "$c" before
    mkfifo "$BATS_TEST_TMPDIR/in"
    ambit attach "$c" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" &
    exec 5>"$BATS_TEST_TMPDIR/in"
    echo one >&5
    eventually has_line "got one" "$BATS_TEST_TMPDIR/out"
    ! has_line before "$BATS_TEST_TMPDIR/out"
    exec 5>&-
    ambit stop -t 0 "$c"
    wait $! || true
}

@test "attach: ends with the container's code" {
    ambit run -d --name "$c" $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 8'
    ambit attach "$c" &
    let_go "$c"
    ends_with 8 $!
}

@test "attach: one that is not read does not hold the container up" {
    ambit run -d --name "$c" $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; dd if=/dev/zero bs=1M count=8 2>/dev/null; touch /tmp/through; sleep 100'
    mkfifo "$BATS_TEST_TMPDIR/stuck"
    ambit attach --no-stdin "$c" >"$BATS_TEST_TMPDIR/stuck" &
    exec 5<"$BATS_TEST_TMPDIR/stuck"
    let_go "$c"
    eventually ambit exec "$c" test -e /tmp/through
    exec 5<&-
}
