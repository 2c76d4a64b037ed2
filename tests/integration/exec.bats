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

@test "exec: -e goes over the container's own, and the name stands there once" {
    ambit run -d --name "$c" -e INSIDE=yes $image sleep 100
    run -0 ambit exec -e INSIDE=no "$c" env
    [ "$(grep -c '^INSIDE=' <<<"$output")" = 1 ]
    grep -qx INSIDE=no <<<"$output"
}

@test "exec: --privileged has all capabilities of the container's namespace, and no filter" {
    ambit run -d --name "$c" $image sleep 100
    run -0 ambit exec --privileged "$c" cat /proc/self/status
    grep -q 'Seccomp:.0' <<<"$output"
    ! grep -q 'CapEff:.00000000a80425fb' <<<"$output"
    ambit exec --privileged "$c" mount -t tmpfs none /tmp
    run ! ambit exec "$c" mount -t tmpfs none /var
}

@test "exec: --preserve-fds passes descriptors on at their numbers, and no others" {
    ambit run -d --name "$c" $image sleep 100
    echo third >"$BATS_TEST_TMPDIR/3"
    echo fourth >"$BATS_TEST_TMPDIR/4"
    run -0 ambit exec --preserve-fds 2 "$c" sh -c 'cat <&3; cat <&4; [ ! -e /proc/self/fd/5 ]' \
        3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4"
    [ "$output" = $'third\nfourth' ]
}

@test "exec: is in the leaf cgroup that PID 1 moved to" {
    ambit run -d --name "$c" $image sleep 100
    local group pid
    group=/sys/fs/cgroup$(property "$c" ControlGroup)/payload
    pid=$(main_pid "$c")
    mkdir "$group/inner"
    echo "$pid" >"$group/inner/cgroup.procs"
    run -0 ambit exec "$c" grep -h ^0:: /proc/1/cgroup /proc/self/cgroup
    [ "$output" = $'0::/inner\n0::/inner' ]
}

@test "exec: SIGKILL over D-Bus leaves nothing of what the command has started" {
    ambit run -d --name "$c" $image sleep 100
    local exec
    exec=$(ambit exec -d "$c" sh -c '(sleep 3111 & sleep 3112) & sleep 3113; true')
    eventually ambit exec "$c" pgrep -f 'sleep 3112'
    run -0 busctl --user call org.ambit.Ambit1 "/org/ambit/Ambit1/exec/$exec" org.ambit.Ambit1.Exec Kill i 9
    eventually not ambit exec "$c" pgrep -f 'sleep 311[123]'
}

@test "exec: 200 at once all end with their own code" {
    ambit run -d --name "$c" $image sleep 100
    local i jobs=()
    for i in {1..200}; do
        ambit exec "$c" sh -c "exit $((i % 100))" &
        jobs+=($!)
    done
    for i in {1..200}; do ends_with "$((i % 100))" "${jobs[i - 1]}"; done
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
    ends_with 0 $!
    state_is "$c" running
}

@test "exec: the next ambitd finds it again: Kill, Wait and exit code" {
    ambit run -d --name "$c" $image sleep 100
    local path
    path=/org/ambit/Ambit1/exec/$(ambit exec -d "$c" sh -c 'trap "exit 9" TERM; touch /tmp/up; while :; do sleep 0.02; done')
    eventually ambit exec "$c" test -e /tmp/up
    kill_ambitd
    run -0 busctl --user get-property org.ambit.Ambit1 "$path" org.ambit.Ambit1.Exec Running
    [ "$output" = 'b true' ]
    busctl --user call org.ambit.Ambit1 "$path" org.ambit.Ambit1.Exec Kill i 15
    run -0 busctl --user call org.ambit.Ambit1 "$path" org.ambit.Ambit1.Exec Wait
    [ "$output" = 'i 9' ]
}

@test "exec: one that ended while no ambitd ran still has its exit code" {
    ambit run -d --name "$c" $image sleep 100
    local path pid
    path=/org/ambit/Ambit1/exec/$(ambit exec -d "$c" sh -c 'touch /tmp/up; until [ -e /tmp/go ]; do sleep 0.02; done; exit 6')
    eventually ambit exec "$c" test -e /tmp/up
    pid=$(busctl --user get-property org.ambit.Ambit1 "$path" org.ambit.Ambit1.Exec Pid)
    local root=/proc/$(main_pid "$c")/root
    systemctl --user stop ambit.service
    touch "$root/tmp/go" || missing "the container's root can't be reached"
    eventually is_gone "${pid#u }"
    run -0 busctl --user call org.ambit.Ambit1 "$path" org.ambit.Ambit1.Exec Wait
    [ "$output" = 'i 6' ]
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
