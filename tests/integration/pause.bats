# A container is paused when its cgroup is frozen, whoever did it.

load ../support/ambit

teardown() {
    systemctl --user thaw ambit.slice 2>/dev/null || true
    remove_containers
}

# Says "tick" for as long as it runs.
ticking() { ambit run -d --name "$1" "${@:2}" $image sh -c 'while :; do echo tick; sleep 0.02; done' && eventually log_has "$1" tick; }
kernel_says_frozen() { grep -q 'frozen 1' "/sys/fs/cgroup$1/cgroup.events"; }
ticks() { ambit logs "$1" | wc -l; }
has_more_ticks() { (($(ticks "$1") > $2)); }

@test "pause: nothing in the container runs until unpause" {
    local before
    ticking "$c"
    run -0 ambit pause "$c"
    [ "$output" = "$c" ]
    kernel_says_frozen "$(property "$c" ControlGroup)"
    state_is "$c" paused
    before=$(ticks "$c")
    # Another container gets to run meanwhile, and this one does not.
    ambit run --rm $image true
    [ "$(ticks "$c")" = "$before" ]
    run -0 ambit unpause "$c"
    state_is "$c" running
    eventually has_more_ticks "$c" "$before"
}

@test "pause: ps, inspect and the filters show it" {
    ambit run -d --name "$c" $image sleep 100
    ambit pause "$c"
    run -0 ambit ps
    [[ $output == *"(paused)"*"$c"* ]]
    [ "$(ambit inspect "$c" | jq -r '.[0].state.status')" = paused ]
    [ "$(ambit ps -q --no-trunc --filter status=paused)" = "$(property "$c" Id)" ]
}

@test "pause: twice is fine, and so is unpause of one that runs" {
    ambit run -d --name "$c" $image sleep 100
    ambit pause "$c"
    ambit pause "$c"
    ambit unpause "$c"
    ambit unpause "$c"
    state_is "$c" running
}

@test "pause: a container that does not run is an error that says what it does" {
    ambit create --name "$c" $image true
    run -125 ambit pause "$c"
    [[ $output == *"container $c is created"* ]]
    run -125 ambit unpause "$c"
    [[ $output == *"container $c is created"* ]]
}

@test "pause: --all takes those that run, unpause --all those that are paused" {
    ambit run -d --name "$c" $image sleep 100
    ambit run -d --name "$c-b" $image sleep 100
    ambit pause --all
    state_is "$c" paused
    state_is "$c-b" paused
    ambit unpause --all
    state_is "$c" running
    state_is "$c-b" running
}

# Whether a change of State to $1 was told on the bus.
told() { grep -A 2 'STRING "State";' "$BATS_TEST_TMPDIR/signals" | grep -q "STRING \"$1\";"; }

@test "pause: the state follows systemctl freeze and thaw, and everybody on the bus is told" {
    local monitor
    ambit run -d --name "$c" $image sleep 100
    busctl --user monitor --match "type='signal',path='$(path_of "$c")',member='PropertiesChanged'" \
        >"$BATS_TEST_TMPDIR/signals" 2>"$BATS_TEST_TMPDIR/monitor" &
    monitor=$!
    eventually has_line Monitoring "$BATS_TEST_TMPDIR/monitor"
    systemctl --user freeze "ambit-$c.scope"
    eventually told paused
    state_is "$c" paused
    systemctl --user thaw "ambit-$c.scope"
    eventually told running
    state_is "$c" running
    kill "$monitor"
}

@test "pause: freezing ambit.slice pauses every container, and thawing it lets them go on" {
    ambit run -d --name "$c" $image sleep 100
    ambit run -d --name "$c-b" $image sleep 100
    systemctl --user freeze ambit.slice
    eventually state_is "$c" paused
    eventually state_is "$c-b" paused
    systemctl --user thaw ambit.slice
    eventually state_is "$c" running
    eventually state_is "$c-b" running
}

@test "pause: a cgroup that was frozen by hand is seen, and unpause thaws it" {
    local group
    ambit run -d --name "$c" $image sleep 100
    group=$(property "$c" ControlGroup)
    echo 1 >"/sys/fs/cgroup$group/cgroup.freeze"
    eventually state_is "$c" paused
    ambit unpause "$c"
    state_is "$c" running
}

@test "pause: with a slice frozen, unpause and stop name the slice; kill and rm -f work" {
    ambit run -d --name "$c" $image sleep 100
    ambit run -d --name "$c-b" $image sleep 100
    systemctl --user freeze ambit.slice
    eventually state_is "$c" paused
    run -125 timeout 10 ambit unpause "$c"
    [[ $output == *"frozen with ambit.slice: systemctl --user thaw ambit.slice"* ]]
    run -125 timeout 10 ambit stop "$c"
    [[ $output == *"frozen with ambit.slice"* ]]
    timeout 10 ambit kill "$c"
    [ "$(timeout 10 ambit wait "$c")" = 137 ]
    [ "$(property "$c" ExitReason)" = signal ]
    timeout 10 ambit rm -f "$c-b"
    unit_is_gone "ambit-$c-b.scope"
}

@test "pause: exec and attach say that it is paused, and the way out" {
    ambit run -d --name "$c" $image sleep 100
    ambit pause "$c"
    run -125 timeout 10 ambit exec "$c" true
    [[ $output == *"container $c is paused; 'ambit unpause $c' lets it go on"* ]]
    run -125 timeout 10 ambit attach "$c"
    [[ $output == *"container $c is paused"* ]]
}

@test "pause: stop gives the container its own stop signal" {
    ambit run -d --name "$c" $image sh -c 'trap "echo got TERM; exit 7" TERM; echo ready; while :; do sleep 0.02; done'
    eventually log_has "$c" ready
    ambit pause "$c"
    timeout 20 ambit stop "$c"
    [ "$(property "$c" ExitCode)" = 7 ]
    log_has "$c" "got TERM"
}

@test "pause: systemctl stop of a paused container stops it with its own signal" {
    ambit run -d --name "$c" $image sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.02; done'
    eventually log_has "$c" ready
    ambit pause "$c"
    # From systemd 256 on a frozen unit is not stopped, which it says.
    systemctl --user stop "ambit-$c.scope" || {
        ambit unpause "$c"
        systemctl --user stop "ambit-$c.scope"
    }
    eventually state_is "$c" exited
    [ "$(property "$c" ExitCode)" = 7 ]
}

@test "pause: kill ends a paused container without letting it run once more" {
    local before
    ticking "$c"
    ambit pause "$c"
    before=$(ticks "$c")
    timeout 10 ambit kill "$c"
    [ "$(timeout 10 ambit wait "$c")" = 137 ]
    [ "$(ticks "$c")" = "$before" ]
}

@test "pause: rm -f of a paused container works the first time" {
    local id
    ambit run -d --name "$c" $image sleep 100
    id=$(property "$c" Id)
    ambit pause "$c"
    run -0 timeout 10 ambit rm -f "$c"
    nothing_is_left "$c" "$id"
}

@test "pause: a start in a frozen slice says so, and leaves nothing" {
    local id
    ambit create --name "$c" $image true
    id=$(property "$c" Id)
    ambit run -d --name "$c-b" $image sleep 100
    systemctl --user freeze ambit.slice
    run -125 timeout 20 ambit start "$c"
    [[ $output == *"ambit.slice is frozen: systemctl --user thaw ambit.slice"* ]]
    systemctl --user thaw ambit.slice
    eventually unit_is_gone "ambit-$c.scope"
    run -0 ambit start -a "$c"
}

@test "pause: a paused container is paused for the next ambitd, which can let it go on" {
    local pid
    ambit run -d --name "$c" $image sleep 100
    pid=$(main_pid "$c")
    ambit pause "$c"
    kill_ambitd
    state_is "$c" paused
    [ "$(main_pid "$c")" = "$pid" ]
    ambit unpause "$c"
    state_is "$c" running
    run -0 ambit exec "$c" echo inside
    [ "$output" = inside ]
}

@test "pause: stop, kill and rm -f work for an ambitd that found the container paused" {
    ambit run -d --name "$c" $image sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.02; done'
    ambit run -d --name "$c-b" $image sleep 100
    ambit run -d --name "$c-c" $image sleep 100
    eventually log_has "$c" ready
    ambit pause "$c" "$c-b" "$c-c"
    kill_ambitd
    timeout 20 ambit stop "$c"
    [ "$(property "$c" ExitCode)" = 7 ]
    timeout 10 ambit kill "$c-b"
    [ "$(timeout 10 ambit wait "$c-b")" = 137 ]
    timeout 10 ambit rm -f "$c-c"
    eventually unit_is_gone "ambit-$c-c.scope"
}

@test "pause: one that is killed as a whole while it is paused counts as lost" {
    ambit run -d --name "$c" $image sleep 100
    ambit pause "$c"
    kill_ambitd
    state_is "$c" paused
    systemctl --user kill -s KILL "ambit-$c.scope"
    eventually state_is "$c" exited
    [ "$(property "$c" ExitReason)" = lost ]
    [ "$(property "$c" ExitCode)" = -1 ]
}

@test "pause: a hundred ambitds may come and go while a container is paused" {
    local n
    ambit run -d --name "$c" $image sleep 100
    ambit pause "$c"
    for ((n = 0; n < $(rounds 100 70); n++)); do
        systemctl --user restart ambit.service
    done
    state_is "$c" paused
    ambit unpause "$c"
    state_is "$c" running
    run -0 ambit exec "$c" true
}

@test "pause: a container that was thawed while ambitd was away runs" {
    ambit run -d --name "$c" $image sleep 100
    ambit pause "$c"
    systemctl --user stop ambit.service
    systemctl --user thaw "ambit-$c.scope"
    state_is "$c" running
}
