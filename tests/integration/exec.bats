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

@test "exec: over D-Bus Wait, ExitCode and PropertiesChanged tell the code, 128+n for a signal" {
    ambit run -d --name "$c" $image sleep 100
    local path monitor seen=$BATS_TEST_TMPDIR/seen
    busctl --user --json=short monitor org.ambit.Ambit1 >"$seen" 2>/dev/null &
    monitor=$!
    eventually eval 'of "$c" Inspect >/dev/null; grep -q Inspect "$BATS_TEST_TMPDIR/seen"'
    path=$(exec_over_bus sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; kill -TERM $$')
    [ "$(of_exec "$path" get-property ExitCode Running)" = $'i 0\nb true' ]
    let_go "$c"
    [ "$(of_exec "$path" call Wait)" = "i 143" ]
    [ "$(of_exec "$path" get-property ExitCode Running)" = $'i 143\nb false' ]
    eventually has_line '"ExitCode":{"type":"i","data":143}' "$seen"
    kill "$monitor"
    run -0 jq -c --arg path "$path" 'select(.member == "PropertiesChanged" and .path == $path)
        | .payload.data[1] | [.Running.data, .ExitCode.data]' "$seen"
    [ "$(tail -n 1 <<<"$output")" = '[false,143]' ]
}

exec_over_bus() { of "$c" Exec 'asa{sv}' $# "$@" 0 | cut -d'"' -f2; }
# of_exec PATH call MEMBER, of_exec PATH get-property NAME...
of_exec() {
    local path=$1 verb=$2
    shift 2
    busctl --user -- "$verb" org.ambit.Ambit1 "$path" org.ambit.Ambit1.Exec "$@"
}

@test "exec: over D-Bus a command that is not there, or can't be executed, is an error by name" {
    ambit run -d --name "$c" $image sleep 100
    local path
    path=$(path_of "$c")
    exec_error() {
        gdbus call --session --dest org.ambit.Ambit1 --object-path "$path" \
            --method org.ambit.Ambit1.Container.Exec "['$1']" '{}' 2>&1 >/dev/null || true
    }
    [[ $(exec_error no-such-command) == *org.ambit.Ambit1.Error.CommandNotFound*no-such-command* ]]
    [[ $(exec_error /etc/passwd) == *org.ambit.Ambit1.Error.CommandNotExecutable*/etc/passwd* ]]
    run -127 ambit exec -d "$c" no-such-command
    run -126 ambit exec -d "$c" /etc/passwd
}

@test "exec: over D-Bus whoever waits learns of the container's end, and can ask once it is removed" {
    ambit run -d --name "$c" $image sleep 100
    local path
    path=$(exec_over_bus sh -c 'touch /tmp/up; sleep 100')
    eventually ambit exec "$c" test -e /tmp/up
    of_exec "$path" call Wait >"$BATS_TEST_TMPDIR/code" &
    ambit rm -f "$c"
    ends_with 0 $!
    [ "$(cat "$BATS_TEST_TMPDIR/code")" = "i 137" ]
    [ "$(of_exec "$path" call Wait)" = "i 137" ]
    [ "$(of_exec "$path" get-property ExitCode Running)" = $'i 137\nb false' ]
}

# Lets `ambit` get ever further in its start, then stops it for good; prints the PIDs.
stop_anywhere() {
    local i
    for i in {0..9}; do
        "$@" </dev/zero >"$BATS_TEST_TMPDIR/unread" 2>&1 5>&- &
        head -c $((i * i * 30000)) /dev/urandom >/dev/null
        kill -STOP $!
        stopped+=($!)
    done
}

@test "exec: clients that are stopped anywhere in their start block nobody" {
    local stopped=() before
    ambit run -dit --name "$c" $image sh -c 'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.02; done'
    ambit run -d --name "$c-2" $image sleep 100
    mkfifo "$BATS_TEST_TMPDIR/unread"
    exec 5<>"$BATS_TEST_TMPDIR/unread"
    stop_anywhere ambit exec -i "$c-2" cat
    stop_anywhere ambit exec -t "$c-2" yes
    stop_anywhere ambit attach --no-stdin "$c"
    # ambitd, other containers, this one's other clients and its output.
    run -0 timeout 20 ambit exec "$c-2" echo through
    [ "$output" = through ]
    run -0 timeout 20 ambit run --rm $image echo another
    ambit attach --no-stdin "$c" >"$BATS_TEST_TMPDIR/seen" 2>/dev/null 5>&- &
    local reader=$!
    eventually has_line 'line' "$BATS_TEST_TMPDIR/seen"
    before=$(ambit logs -n 1 "$c")
    eventually newer_than "${before//[^0-9]/}"
    kill "$reader"
    kill -KILL "${stopped[@]}"
    exec 5>&-
    run -0 timeout 20 ambit rm -f "$c" "$c-2"
}
newer_than() {
    local line
    line=$(ambit logs -n 1 "$c")
    ((${line//[^0-9]/} > $1))
}

@test "exec: the end of standard input reaches the command while its output goes on" {
    ambit run -d --name "$c" $image sleep 100
    run -0 bash -c "echo typed | ambit exec -i $c sh -c 'cat; echo end; sleep 0.1; echo more'"
    [ "$output" = $'typed\nend\nmore' ]
}

@test "attach: input ends with the last client's, while output goes on to all" {
    local in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
    mkfifo "$in-1" "$in-2"
    ambit run -i --name "$c" $image sh -c 'cat; echo end; until [ -e /tmp/go ]; do sleep 0.02; done; echo more' <"$in-1" >"$out-1" &
    local first=$!
    exec 5>"$in-1"
    eventually state_is "$c" running
    ambit attach "$c" <"$in-2" >"$out-2" 5>&- &
    local second=$!
    exec 6>"$in-2"
    echo from the second >&6
    eventually has_line "from the second" "$out-1"
    exec 5>&-
    echo still there >&6
    eventually has_line "still there" "$out-2"
    ! has_line end "$out-2" || return 1
    exec 6>&-
    eventually has_line end "$out-1"
    eventually has_line end "$out-2"
    let_go "$c"
    ends_with 0 "$first"
    ends_with 0 "$second"
    [ "$(tail -n 1 "$out-1")$(tail -n 1 "$out-2")" = moremore ]
}

@test "attach: E06 two see all output, and one that does not read blocks neither" {
    ambit run -d --name "$c" $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; seq 300000; echo last; sleep 100'
    mkfifo "$BATS_TEST_TMPDIR/stuck"
    exec 5<>"$BATS_TEST_TMPDIR/stuck"
    ambit attach --no-stdin "$c" >"$BATS_TEST_TMPDIR/stuck" 2>/dev/null 5>&- &
    local stuck=$!
    ambit attach --no-stdin "$c" >"$BATS_TEST_TMPDIR/one" 5>&- &
    local one=$!
    ambit attach --no-stdin "$c" >"$BATS_TEST_TMPDIR/two" 5>&- &
    local two=$!
    eventually attached 3
    let_go "$c"
    eventually has_line '^last$' "$BATS_TEST_TMPDIR/one"
    eventually has_line '^last$' "$BATS_TEST_TMPDIR/two"
    cmp <(seq 300000; echo last) "$BATS_TEST_TMPDIR/one"
    cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    kill "$one" "$two" "$stuck"
    exec 5>&-
}
# The monitor has the far end of so many pipes for standard output.
attached() {
    local pipes
    pipes=$(pgrep -u "$UID" -f "ambit attach --no-stdin $c\$" -c) && ((pipes == $1)) && all_read
}
# Each of them waits in its loop, with the container's pipes.
all_read() {
    local pid
    for pid in $(pgrep -u "$UID" -f "ambit attach --no-stdin $c\$"); do
        (($(find "/proc/$pid/fd" -lname 'pipe:*' 2>/dev/null | wc -l) >= 2)) || return 1
    done
}

@test "exec: C04 it works from a session whose cgroup is not below the user's manager" {
    ! grep -q "user@$UID.service" /proc/self/cgroup || missing "a shell outside the user's manager"
    ambit run -d --name "$c" $image sleep 100
    run -0 ambit exec "$c" sh -c 'cat /proc/self/cgroup'
    [ "$(tail -n 1 <<<"$output")" = "$(ambit exec "$c" tail -n 1 /proc/1/cgroup)" ]
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
