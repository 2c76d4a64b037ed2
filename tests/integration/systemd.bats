# A container is a scope of the user's systemd manager, and the journal has its output.

load ../support/ambit

@test "systemd: a container is a scope in ambit.slice with a speaking description" {
    ambit run -d --name "$c" $image sleep 100
    run -0 systemctl --user status --no-pager "ambit-$c.scope"
    [[ $output == *"$c"*"$image"* ]]
    [[ $output == *"Active: active (running)"* ]]
    [ "$(systemctl --user show -P Slice "ambit-$c.scope")" = ambit.slice ]
    [[ $(systemctl --user show -P Description "ambit-$c.scope") == *"$c"* ]]
}

@test "systemd: the payload's cgroup is ambit.slice/ambit-NAME.scope/payload" {
    local pid
    ambit run -d --name "$c" $image sleep 100
    pid=$(main_pid "$c")
    [[ $(cat "/proc/$pid/cgroup") == *"/ambit.slice/ambit-$c.scope/payload" ]]
    [[ $(cat "/proc/$(monitor_pid "$c")/cgroup") == *"/ambit.slice/ambit-$c.scope/supervisor" ]]
}

@test "systemd: a name with unusual characters has its unit escaped" {
    ambit run -d --name "$c.a_b-c" $image sleep 100
    run -0 ambit inspect "$c.a_b-c"
    systemctl --user is-active "$(jq -r '.[0].state.unit' <<<"$output")"
}

@test "systemd: the unit is gone when the container has exited" {
    ambit run --name "$c" $image true
    unit_is_gone "ambit-$c.scope"
    state_is "$c" exited
}

@test "systemd: freezing the scope freezes the container" {
    ambit run -d --name "$c" $image sh -c 'while :; do echo tick; sleep 0.05; done'
    eventually log_has "$c" tick
    systemctl --user freeze "ambit-$c.scope"
    grep -q 'frozen 1' "/sys/fs/cgroup$(property "$c" ControlGroup)/cgroup.events"
    systemctl --user thaw "ambit-$c.scope"
    ambit stop -t 0 "$c"
    state_is "$c" exited
}

@test "systemd: a frozen container can be stopped" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user freeze "ambit-$c.scope"
    timeout 20 ambit stop -t 1 "$c"
    state_is "$c" exited
}

@test "systemd: a frozen container can be killed and removed by force" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user freeze "ambit-$c.scope"
    timeout 10 ambit kill "$c"
    [ "$(timeout 10 ambit wait "$c")" = 137 ]
    ambit start "$c"
    systemctl --user freeze "ambit-$c.scope"
    timeout 10 ambit rm -f "$c"
}

@test "journal: every line of a 1 ms container is there, with its fields, time and again" {
    local n unit count=$(rounds 100 50)
    for ((n = 0; n < count; n++)); do
        ambit run --rm --name "$c-$n" $image sh -c "echo first $n; echo last $n >&2"
        unit=ambit-$c-$n.scope
        run -0 journalctl --user -o json -u "$unit" CONTAINER_NAME="$c-$n"
        [ "$(jq -r 'select(.CONTAINER_ID and .AMBIT_STREAM) | .MESSAGE' <<<"$output")" = "first $n"$'\n'"last $n" ] || {
            echo "round $n: $output"
            false
        }
    done
}

@test "journal: the records carry name, ID and image of the container" {
    local id record
    ambit run --name "$c" $image echo hello
    id=$(property "$c" Id)
    record=$(journalctl --user -o json CONTAINER_ID_FULL="$id" | jq -s 'map(select(.AMBIT_STREAM))[0]')
    [ "$(jq -r .MESSAGE <<<"$record")" = hello ]
    [ "$(jq -r .CONTAINER_NAME <<<"$record")" = "$c" ]
    [ "$(jq -r .CONTAINER_ID <<<"$record")" = "${id:0:12}" ]
    [ "$(jq -r .IMAGE_NAME <<<"$record")" = "$image" ]
    [ "$(jq -r ._SYSTEMD_USER_UNIT <<<"$record")" = "ambit-$c.scope" ]
}

# What PID 1 of the container writes when it is told to end; the other process must not hear of it.
# (SIGURG, with which systemd tells the monitor, reaches whoever has a handler for it.)
witness='trap "echo pid1 got TERM; exit 7" TERM
trap "echo pid1 got USR1; exit 9" USR1
(trap "echo child got a signal" TERM USR1 INT HUP; while :; do sleep 0.05; done) &
echo ready
while :; do sleep 0.05; done'

@test "stop: systemctl stop gives PID 1 alone the stop signal" {
    ambit run -d --name "$c" $image sh -c "$witness"
    eventually log_has "$c" ready
    systemctl --user stop "ambit-$c.scope"
    eventually state_is "$c" exited
    run -0 ambit logs "$c"
    [ "$output" = $'ready\npid1 got TERM' ]
    [ "$(property "$c" ExitCode)" = 7 ]
}

@test "stop: systemctl stop does the same while ambitd is dead" {
    ambit run -d --name "$c" --stop-signal USR1 $image sh -c "$witness"
    eventually log_has "$c" ready
    kill_ambitd
    systemctl --user stop "ambit-$c.scope"
    run -0 ambit logs "$c"
    [ "$output" = $'ready\npid1 got USR1' ]
    [ "$(property "$c" ExitCode)" = 9 ]
    [ "$(jq .exitCode "$store/containers/$(property "$c" Id)/exit.json")" = 9 ]
    run -0 ambit ps -a
    [[ $output == *"Exited (9)"*"$c"* ]]
}

@test "stop: a deaf container is killed after its own time" {
    local began
    ambit run -d --name "$c" --stop-timeout 1 $image sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    eventually log_has "$c" ready
    began=$(date +%s%N)
    systemctl --user stop "ambit-$c.scope"
    (($(date +%s%N) - began >= 900000000))
    (($(date +%s%N) - began < 8000000000))
    eventually state_is "$c" exited
    [ "$(property "$c" ExitCode)" = 137 ]
    [ "$(property "$c" ExitReason)" = signal ]
}

@test "stop: E22 the journal says why a deaf container was killed, and what helps" {
    ambit run -d --name "$c" $image sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    eventually log_has "$c" ready
    ambit stop -t 1 "$c"
    run -0 journalctl --user -o cat CONTAINER_NAME="$c"
    [[ $output == *"PID 1 has not ended on SIGTERM in time and is killed"*"consider --init"* ]]
}

@test "stop: a deaf container is killed after its own time while ambitd is dead" {
    ambit run -d --name "$c" --stop-timeout 1 $image sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    eventually log_has "$c" ready
    kill_ambitd
    timeout 8 systemctl --user stop "ambit-$c.scope"
    [ "$(property "$c" ExitCode)" = 137 ]
    unit_is_gone "ambit-$c.scope"
}

@test "stop: stopping the slice stops every container with its own signal" {
    ambit run -d --name "$c" $image sh -c "$witness"
    ambit run -d --name "$c-b" --stop-signal USR1 $image sh -c "$witness"
    eventually log_has "$c" ready
    eventually log_has "$c-b" ready
    systemctl --user stop ambit.slice
    eventually state_is "$c" exited
    eventually state_is "$c-b" exited
    [ "$(property "$c" ExitCode)" = 7 ]
    [ "$(property "$c-b" ExitCode)" = 9 ]
}
