# `ambit run`: streams, exit codes and what the command finds inside.

load ../support/ambit

@test "run: prints what the command prints and ends with 0" {
    run -0 --separate-stderr ambit run --rm $image echo hi
    [ "$output" = hi ]
    [ "$stderr" = "" ]
}

@test "run: standard output and standard error stay apart" {
    run -0 --separate-stderr ambit run --rm $image sh -c 'echo out; echo err >&2'
    [ "$output" = out ]
    [ "$stderr" = err ]
}

@test "run: exit code of the container is ours" {
    for code in 0 1 42 125 126 127 255; do
        run -$code ambit run --rm $image sh -c "exit $code"
    done
}

@test "run: 128+n for a command that signal n ended" {
    # PID 1 of a container ignores what it has no handler for: it is killed from outside.
    ambit run --rm --name "$c" $image sh -c 'echo ready; exec sleep 100' >"$BATS_TEST_TMPDIR/out" &
    eventually has_line ready "$BATS_TEST_TMPDIR/out"
    ambit kill -s KILL "$c"
    ends_with 137 $!
}

@test "run: 128+n for a command below --init that signal n ended" {
    run -143 ambit run --rm --init $image sh -c 'kill -TERM $$'
    run -139 ambit run --rm --init $image sh -c 'kill -SEGV $$'
    run -137 ambit run --rm --init $image sh -c 'kill -KILL $$'
}

@test "run: 127 and a message for a command that is not there" {
    run -127 --separate-stderr ambit run --rm $image /no/such/command
    [[ $stderr == *"/no/such/command"* ]]
    run -127 ambit run --rm $image no-such-command
}

@test "run: 126 for a command that can't be executed" {
    run -126 --separate-stderr ambit run --rm $image /etc/passwd
    [[ $stderr == *"/etc/passwd"* ]]
    run -126 ambit run --rm $image /etc
}

@test "run: 125 for our own failures, which say what was wrong" {
    run -125 --separate-stderr ambit run --rm no-such-image true
    [[ $stderr == *no-such-image* ]]
    run -125 ambit run --no-such-option $image true
    run -125 ambit run --rm --network no-such-network $image true
    run -125 ambit run
}

@test "run: exit codes are the same with a terminal" {
    local terminal="$support/terminal.py exit"
    run -0 $terminal ambit run --rm -t $image true
    run -42 $terminal ambit run --rm -t $image sh -c 'exit 42'
    run -126 $terminal ambit run --rm -t $image /etc/passwd
    run -127 $terminal ambit run --rm -t $image no-such-command
    run -125 $terminal ambit run --rm -t no-such-image true
}

@test "run: standard input arrives with -i, whole" {
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    ambit run --rm -i $image cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
    cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "run: without -i standard input is empty" {
    run -0 ambit run --rm $image wc -c < <(echo text)
    [ "$output" = 0 ]
}

@test "run: not one byte of output is lost, time and again" {
    # Four at a time.
    run -0 bash -c "seq $(rounds 100 10) | xargs -P 4 -I{} sh -c '
        ambit run --rm $image dd if=/dev/zero bs=1 count=500000 2>/dev/null | wc -c' | sort | uniq -c"
    [ "$(xargs <<<"$output")" = "$(rounds 100 10) 500000" ]
}

@test "run: E04 a container that ends before its input is taken is no error, time and again" {
    run -0 bash -c "seq $(rounds 1000 50) | xargs -P 4 -I{} sh -c 'echo | ambit run --rm -i $image true 2>&1 || echo failed \$?'"
    [ "$output" = "" ]
}

@test "run: E05 -a stdin alone shows nothing and has the command's code, each time" {
    for _ in {1..10}; do
        run -1 ambit run --rm -a stdin $image sh -c 'echo unseen; exit 1' </dev/null
        [ "$output" = "" ]
    done
}

@test "run: a reader that goes away ends the container as it ends a pipeline" {
    run -0 bash -c "ambit run --name $c $image yes | head -n 1"
    [ "$output" = y ]
    eventually state_is "$c" exited
}

@test "run: -d prints the ID and leaves it running" {
    run -0 ambit run -d --name "$c" $image sleep 100
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    state_is "$c" running
}

@test "run: -e, --env-file and the image's own variables come together" {
    printf '# comment\nFROM_FILE=file\nBOTH=file\n' >"$BATS_TEST_TMPDIR/env"
    FROM_CALLER=caller run -0 ambit run --rm -e BOTH=flag --env-file "$BATS_TEST_TMPDIR/env" \
        -e FROM_CALLER -e 'SPACE=a b' $image env
    [[ $output == *FROM_FILE=file* ]]
    [[ $output == *BOTH=flag* ]]
    [[ $output == *FROM_CALLER=caller* ]]
    [[ $output == *"SPACE=a b"* ]]
    [[ $output == *PATH=* ]]
    [[ $output != *DBUS_SESSION* ]]
}

@test "run: -w is the folder the command starts in" {
    run -0 ambit run --rm -w /tmp $image pwd
    [ "$output" = /tmp ]
}

@test "run: -u takes names and numbers of the image" {
    run -0 ambit run --rm -u nobody $image id -u
    [ "$output" = 65534 ]
    run -0 ambit run --rm -u 1234:55 $image sh -c 'id -u; id -g'
    [ "$output" = $'1234\n55' ]
    run -125 ambit run --rm -u no-such-user $image true
    [[ $output == *no-such-user* ]]
}

@test "run: --entrypoint replaces the program" {
    run -0 ambit run --rm --entrypoint echo $image a b
    [ "$output" = "a b" ]
}

@test "run: --hostname, and the short ID without it" {
    run -0 ambit run --rm --hostname box $image hostname
    [ "$output" = box ]
    run -0 ambit run --rm --hostname box $image grep -w box /etc/hosts
    ambit run --name "$c" $image hostname >"$BATS_TEST_TMPDIR/out"
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = "$(property "$c" Id | cut -c1-12)" ]
}

@test "run: --ulimit sets the limit inside" {
    run -0 ambit run --rm --ulimit nofile=123:456 $image sh -c 'ulimit -Sn; ulimit -Hn'
    [ "$output" = $'123\n456' ]
}

@test "run: --init is PID 1 and reaps orphans" {
    run -0 ambit run --rm --init $image sh -c 'echo $$; (sleep 0 &) ; sleep 0.2; ps'
    [ "${lines[0]}" != 1 ]
    [[ $output != *"[sleep]"* ]]
}

@test "run: without --init the command itself is PID 1" {
    run -0 ambit run --rm $image sh -c 'echo $$'
    [ "$output" = 1 ]
}

@test "run: --rm leaves no record, unit, folder or cgroup" {
    ambit run --rm --cidfile "$BATS_TEST_TMPDIR/id" --name "$c" $image true
    nothing_is_left "$c" "$(cat "$BATS_TEST_TMPDIR/id")"
    run -0 ambit ps -a --format json
    [[ $output != *\"$c\"* ]]
}

@test "run: --rm of a command that does not exist leaves nothing either" {
    run -127 ambit run --rm --name "$c" $image /no/such/command
    run -125 ambit inspect "$c"
    unit_is_gone "ambit-$c.scope"
}

@test "run: a signal to ambit goes to the container" {
    local pid
    ambit run --name "$c" $image sh -c 'trap "echo caught; exit 5" TERM; echo ready; while :; do sleep 0.1; done' \
        >"$BATS_TEST_TMPDIR/out" &
    pid=$!
    eventually has_line ready "$BATS_TEST_TMPDIR/out"
    kill -TERM $pid
    ends_with 5 $pid
    grep -q caught "$BATS_TEST_TMPDIR/out"
}

@test "run: thirty-two at once all run, and none is lost" {
    local n pids=() started=$SECONDS
    for ((n = 0; n < 32; n++)); do
        ambit run --rm $image sh -c "sleep 1; echo $n" >"$BATS_TEST_TMPDIR/$n" 2>"$BATS_TEST_TMPDIR/$n.err" &
        pids+=($!)
    done
    for ((n = 0; n < 32; n++)); do
        wait "${pids[n]}" || { cat "$BATS_TEST_TMPDIR/$n.err"; false; }
        [ "$(cat "$BATS_TEST_TMPDIR/$n")" = "$n" ]
    done
    ((SECONDS - started < 16)) # one after the other would take 32 s
}
