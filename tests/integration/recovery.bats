# ambitd may go and come: containers, their output and their exit codes do not depend on it.

load ../support/ambit

ambitd_is_gone() { [[ $(ambitd_pid) == 0 ]]; }

@test "recovery: containers go on and are known after a restart of ambitd" {
    local pid
    ambit run -d --name "$c" $image sh -c 'echo up; exec sleep 100'
    eventually log_has "$c" up
    pid=$(main_pid "$c")
    systemctl --user restart ambit.service
    state_is "$c" running
    [ "$(main_pid "$c")" = "$pid" ]
    run -0 ambit exec "$c" echo inside
    [ "$output" = inside ]
    ambit stop -t 0 "$c"
    [ "$(property "$c" ExitCode)" = 137 ]
}

@test "recovery: the same after ambitd was killed" {
    local pid
    ambit run -d --name "$c" $image sleep 100
    pid=$(main_pid "$c")
    kill_ambitd
    state_is "$c" running
    [ "$(main_pid "$c")" = "$pid" ]
    ambit rm -f "$c"
}

@test "recovery: the exit code of a container that ended while ambitd was away is right" {
    ambit run -d --name "$c" $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 23'
    local id group
    id=$(property "$c" Id)
    group=$(property "$c" ControlGroup)
    ambit exec -d "$c" sh -c 'sleep 0.5; touch /tmp/go'
    systemctl --user stop ambit.service
    eventually test -e "$store/containers/$id/exit.json"
    [ "$(property "$c" ExitCode)" = 23 ]
    [ "$(property "$c" ExitReason)" = exited ]
}

@test "recovery: ambit run survives the death of ambitd with its exit code" {
    ambit run --name "$c" $image sh -c 'echo up; until [ -e /tmp/go ]; do sleep 0.02; done; echo done; exit 19' >"$BATS_TEST_TMPDIR/out" &
    eventually has_line up "$BATS_TEST_TMPDIR/out"
    kill_ambitd
    let_go "$c"
    ends_with 19 $!
    has_line done "$BATS_TEST_TMPDIR/out"
}

@test "recovery: the first starts of a new ambitd all work, though they come at once" {
    systemctl --user restart ambit.service
    run -0 bash -c "seq 8 | xargs -P 8 -I{} ambit run --rm $image echo started"
    [ "${#lines[@]}" = 8 ]
}

@test "recovery: a container whose monitor was killed counts as lost, never as 0" {
    local group pid
    ambit run -d --name "$c" $image sleep 100
    group=$(property "$c" ControlGroup)
    pid=$(main_pid "$c")
    kill -KILL "$(monitor_pid "$c")"
    eventually state_is "$c" exited
    [ "$(property "$c" ExitReason)" = lost ]
    [ "$(property "$c" ExitCode)" = -1 ]
    is_gone "$pid"
    [ ! -e "/sys/fs/cgroup$group" ]
    run -0 ambit ps -a
    [[ $output == *"Exited (unknown)"*"$c"* ]]
    run -0 ambit rm "$c"
}

@test "recovery: the same while ambitd is away" {
    local monitor pid
    ambit run -d --name "$c" $image sleep 100
    monitor=$(monitor_pid "$c")
    pid=$(main_pid "$c")
    systemctl --user stop ambit.service
    kill -KILL "$monitor"
    eventually state_is "$c" exited
    [ "$(property "$c" ExitReason)" = lost ]
    is_gone "$pid"
    timeout 5 ambit rm -f "$c"
}

@test "recovery: rm -f of a container whose monitor was just killed works the first time" {
    local id
    ambit run -d --name "$c" $image sleep 100
    id=$(property "$c" Id)
    kill -KILL "$(monitor_pid "$c")"
    run -0 ambit rm -f "$c"
    nothing_is_left "$c" "$id"
}

@test "recovery: a run of another boot counts as lost, and the container can be started" {
    local id
    ambit run -d --name "$c" $image sleep 100
    id=$(property "$c" Id)
    systemctl --user stop ambit.service
    lose_to_reboot "$c" "$id"
    state_is "$c" exited
    [ "$(property "$c" ExitReason)" = lost ]
    run -0 ambit start "$c"
    state_is "$c" running
}

@test "recovery: a record that can't be read does not hide the others" {
    local id
    ambit create --name "$c" $image true
    ambit create --name "$c-broken" $image true
    id=$(property "$c-broken" Id)
    systemctl --user stop ambit.service
    cp "$store/containers/$id/record.json" "$BATS_TEST_TMPDIR/record.json"
    : >"$store/containers/$id/record.json"
    state_is "$c" created
    run -0 ambit run --rm $image echo works
    systemctl --user stop ambit.service
    cp "$BATS_TEST_TMPDIR/record.json" "$store/containers/$id/record.json"
    state_is "$c-broken" created
}

@test "recovery: an empty scope that systemd holds active is stopped" {
    "$support/stray-scope.py" "ambit-$c.scope"
    [ "$(systemctl --user is-active "ambit-$c.scope")" = active ]
    systemctl --user restart ambit.service
    eventually eval '[ "$(systemctl --user show -P LoadState "ambit-$c.scope")" = not-found ]'
}

@test "recovery: a running container is not taken for an empty scope" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user restart ambit.service
    "$support/stray-scope.py" "ambit-$c-stray.scope"
    systemctl --user restart ambit.service
    eventually eval '[ "$(systemctl --user show -P LoadState "ambit-$c-stray.scope")" = not-found ]'
    state_is "$c" running
}

@test "idle: ambitd ends when nobody needs it, and comes back by itself" {
    systemctl --user set-environment AMBITD_IDLE_USEC=200000
    systemctl --user restart ambit.service
    eventually ambitd_is_gone
    systemctl --user unset-environment AMBITD_IDLE_USEC
    [ "$(systemctl --user show -P Result ambit.service)" = success ]
    run -0 ambit ps
    [ "$(ambitd_pid)" != 0 ]
}

@test "idle: containers go on when ambitd has ended, and their exit codes are kept" {
    systemctl --user set-environment AMBITD_IDLE_USEC=200000
    systemctl --user restart ambit.service
    ambit run -d --name "$c" $image sh -c 'sleep 1; exit 17'
    eventually eval 'ambitd_is_gone || [ -e "$store"/containers/*/exit.json ]'
    systemctl --user unset-environment AMBITD_IDLE_USEC
    run -0 ambit wait "$c"
    [ "$output" = 17 ]
}

@test "ambitd: no descriptor is left after many containers" {
    local before n
    ambit run --rm $image true
    before=$(ls "/proc/$(ambitd_pid)/fd" | wc -l)
    for ((n = 0; n < 10; n++)); do ambit run --rm $image true; done
    eventually eval '(( $(ls "/proc/$(ambitd_pid)/fd" | wc -l) <= '"$before"' ))'
}
