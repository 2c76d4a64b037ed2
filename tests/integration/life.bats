# The life of a container: create, start, stop, kill, restart, wait, rename, rm, ps, inspect.

load ../support/ambit

deaf='trap "" TERM; echo ready; while :; do sleep 0.05; done'

@test "create: makes a container that does not run" {
    run -0 ambit create --name "$c" $image echo hi
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    state_is "$c" created
    unit_is_gone "ambit-$c.scope"
}

@test "start: runs a created container, and -a shows its output and ends with its code" {
    ambit create --name "$c" $image sh -c 'echo hi; exit 4'
    run -4 ambit start -a "$c"
    [ "$output" = hi ]
}

@test "start: what the first run wrote is there in the second" {
    ambit run --name "$c" $image sh -c 'cat /root/count 2>/dev/null; echo x >>/root/count'
    ambit start -a "$c"
    run -0 ambit start -a "$c"
    [ "$output" = $'x\nx' ]
}

@test "start: a running container is not started twice" {
    ambit run -d --name "$c" $image sleep 100
    ambit start "$c" || true
    [ "$(wc -l <"/sys/fs/cgroup$(property "$c" ControlGroup)/payload/cgroup.procs")" = 1 ]
}

@test "stop: sends the stop signal and waits for the end" {
    ambit run -d --name "$c" $image sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
    eventually log_has "$c" ready
    run -0 ambit stop "$c"
    state_is "$c" exited
    [ "$(property "$c" ExitCode)" = 3 ]
    unit_is_gone "ambit-$c.scope"
}

@test "stop: -t 0 kills at once" {
    ambit run -d --name "$c" $image sh -c "$deaf"
    eventually log_has "$c" ready
    timeout 5 ambit stop -t 0 "$c"
    [ "$(property "$c" ExitCode)" = 137 ]
}

@test "stop: one that does not run is fine" {
    ambit run --name "$c" $image true
    run -0 ambit stop "$c"
}

@test "stop: everything the container forked ends with it" {
    local group
    ambit run -d --name "$c" $image sh -c 'sleep 1000 & sleep 1000 & (setsid sleep 1000 &) ; trap "exit 0" TERM; echo ready; wait'
    eventually log_has "$c" ready
    group=/sys/fs/cgroup$(property "$c" ControlGroup)
    ambit stop "$c"
    [ ! -e "$group" ]
}

@test "restart: runs it again" {
    ambit run -d --name "$c" $image sh -c 'echo run; exec sleep 100'
    eventually log_has "$c" run
    ambit restart -t 0 "$c"
    state_is "$c" running
    eventually eval '[ "$(ambit logs $c | grep -c run)" = 2 ]'
}

@test "kill: sends the signal to PID 1 alone" {
    ambit run -d --name "$c" $image sh -c 'trap "echo got HUP" HUP; (trap "echo child HUP" HUP; while :; do sleep 0.05; done)& echo ready; while :; do sleep 0.05; done'
    eventually log_has "$c" ready
    ambit kill -s HUP "$c"
    eventually log_has "$c" "got HUP"
    run -0 ambit logs "$c"
    [ "$output" = $'ready\ngot HUP' ]
    state_is "$c" running
}

@test "kill: without a signal it ends the container" {
    ambit run -d --name "$c" $image sleep 100
    ambit kill "$c"
    run -0 ambit wait "$c"
    [ "$output" = 137 ]
    run -125 ambit kill "$c"
    [[ $output == *"$c is exited"* ]]
}

@test "wait: prints the exit code when the container ends" {
    ambit run -d --name "$c" $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 6'
    ambit wait "$c" >"$BATS_TEST_TMPDIR/out" &
    let_go "$c"
    wait $!
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = 6 ]
    run -0 ambit wait "$c"
    [ "$output" = 6 ]
}

@test "rename: the new name is known, the old one is free" {
    ambit create --name "$c" $image true
    ambit rename "$c" "$c-new"
    [ "$(property "$c-new" Name)" = "$c-new" ]
    run -125 ambit inspect "$c"
    ambit create --name "$c" $image true
    run -125 ambit rename "$c" "$c-new"
}

@test "rename: a running container keeps its unit and goes on" {
    ambit run -d --name "$c" $image sleep 100
    ambit rename "$c" "$c-new"
    [ "$(property "$c-new" Unit)" = "ambit-$c.scope" ]
    ambit stop -t 0 "$c-new"
    state_is "$c-new" exited
}

@test "create: a name that is taken is refused" {
    ambit create --name "$c" $image true
    run -125 ambit create --name "$c" $image true
    [[ $output == *"$c"* ]]
    run -125 ambit create --name 'a b' $image true
    run -125 ambit create --name '../x' $image true
}

@test "rm: removes a container, 1 where there is none, 2 where it runs" {
    ambit run -d --name "$c" $image sleep 100
    run -2 ambit rm "$c"
    ambit stop -t 0 "$c"
    run -0 ambit rm "$c"
    run -1 ambit rm "$c"
    run -0 ambit rm -f "$c"
}

@test "rm: -f ends a deaf container at once and leaves nothing" {
    local id
    ambit run -d --name "$c" $image sh -c "$deaf"
    eventually log_has "$c" ready
    id=$(property "$c" Id)
    timeout 5 ambit rm -f "$c"
    nothing_is_left "$c" "$id"
}

@test "rm: files that belong to the container's other users go as well" {
    local id
    ambit run --name "$c" $image sh -c 'mkdir /d; echo x >/d/f; chown -R 33:33 /d; chmod 000 /d/f; chmod 500 /d'
    id=$(property "$c" Id)
    ambit rm "$c"
    eventually folder_is_gone "$id"
    eventually eval '[ -z "$(ls -A "$store/trash" 2>/dev/null)" ]'
}

@test "names: an ID and a unique beginning of it stand for the container" {
    local id
    id=$(ambit create --name "$c" $image true)
    [ "$(ambit inspect "$id" | jq -r '.[0].name')" = "$c" ]
    [ "$(ambit inspect "${id:0:12}" | jq -r '.[0].name')" = "$c" ]
}

@test "ps: shows those that run, -a all, as a table and as JSON" {
    ambit run -d --name "$c" $image sleep 100
    ambit create --name "$c-idle" $image true
    run -0 ambit ps
    [[ $output == *"Up "*"$c"* ]]
    [[ $output != *"$c-idle"* ]]
    run -0 ambit ps -a --format json
    [ "$(jq -r --arg n "$c-idle" '.[] | select(.name == $n) | .state' <<<"$output")" = created ]
    run -0 ambit ps -aq --filter name="$c"
    [ "${#lines[@]}" = 2 ]
}

@test "ps: labels can be asked for" {
    ambit create --name "$c" -l role=web -l other $image true
    run -0 ambit ps -a --filter label=role=web --filter name="$c" --format json
    [ "$(jq -r '.[0].labels.role' <<<"$output")" = web ]
    run -0 ambit ps -aq --filter label=role=db
    [ "$output" = "" ]
}

@test "inspect: tells what was asked for" {
    ambit create --name "$c" -e A=b -w /tmp -u www --stop-signal INT --stop-timeout 3 --read-only $image sleep 5
    run -0 ambit inspect "$c"
    [ "$(jq -c '.[0].config | [.workingDir, .user, .stopSignal, .stopTimeoutUsec, .readOnly]' <<<"$output")" = \
        '["/tmp","www","SIGINT",3000000,true]' ]
    [ "$(jq -c '.[0].config.command' <<<"$output")" = '["sleep","5"]' ]
    jq -e '.[0].config.environment | index("A=b")' <<<"$output"
}

@test "cidfile: has the ID, and is not overwritten" {
    ambit run --name "$c" --cidfile "$BATS_TEST_TMPDIR/id" $image true
    [ "$(cat "$BATS_TEST_TMPDIR/id")" = "$(property "$c" Id)" ]
    run -125 ambit run --rm --cidfile "$BATS_TEST_TMPDIR/id" $image true
}
