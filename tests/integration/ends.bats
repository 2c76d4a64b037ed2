# How containers ended, and what ambit remembers of it.

load ../support/ambit

past() { ambit inspect "$1" | jq -r ".[0].pastRuns[] | \"\(.exitCode) \(.exitReason)\""; }

@test "ends: the last five are kept, the newest first, in ps, inspect and on the bus" {
    local n
    ambit create --name "$c" $image sh -c 'n=$(cat /n 2>/dev/null || echo 0); echo $((n + 1)) >/n; exit $n'
    for ((n = 0; n < 7; n++)); do ambit start -a "$c" || true; done
    [ "$(past "$c" | tr '\n' ,)" = "6 exited,5 exited,4 exited,3 exited,2 exited," ]
    [ "$(ambit ps -a --format json | jq -c --arg name "$c" '.[] | select(.name == $name) | [.pastRuns[].exitCode]')" = '[6,5,4,3,2]' ]
    [[ $(property "$c" PastRuns) == "5 "*" 6 \"exited\" false "* ]]
}

@test "ends: they are known to the next ambitd, and those that no ambitd saw are added once" {
    local id
    ambit run --name "$c" $image sh -c 'exit 3' || true
    ambit create --name "$c-b" $image sh -c 'until [ -e /go ]; do sleep 0.02; done; exit 4'
    id=$(property "$c-b" Id)
    ambit start "$c-b"
    ambit exec -d "$c-b" sh -c 'sleep 0.5; touch /go'
    systemctl --user stop ambit.service
    eventually test -e "$store/containers/$id/exit.json"
    [ "$(past "$c")" = "3 exited" ]
    [ "$(past "$c-b")" = "4 exited" ]
    systemctl --user restart ambit.service
    [ "$(past "$c-b")" = "4 exited" ]
}

@test "ends: a container that was lost stays lost, with the time it was found out" {
    local exited
    ambit run -d --name "$c" $image sleep 100
    kill -KILL "$(monitor_pid "$c")"
    eventually state_is "$c" exited
    exited=$(property "$c" ExitedAt)
    systemctl --user restart ambit.service
    [ "$(property "$c" ExitedAt)" = "$exited" ]
    [ "$(property "$c" ExitReason)" = lost ]
    [ "$(past "$c")" = "-1 lost" ]
}

@test "ends: one that a reboot took stays exited and lost for every later ambitd" {
    local id
    ambit run -d --name "$c" $image sleep 100
    id=$(property "$c" Id)
    systemctl --user stop ambit.service
    lose_to_reboot "$c" "$id"
    state_is "$c" exited
    systemctl --user restart ambit.service
    state_is "$c" exited
    [ "$(past "$c")" = "-1 lost" ]
}

@test "ends: a history that can't be read does not harm the container" {
    local id
    ambit run --name "$c" $image true
    id=$(property "$c" Id)
    systemctl --user stop ambit.service
    echo nonsense >"$store/containers/$id/history.json"
    [ "$(past "$c")" = "0 exited" ]
    run -0 ambit start -a "$c"
}

@test "timeout: the container is stopped by its own signal when its time is up, and ps says why" {
    run -7 timeout 20 ambit run --name "$c" --timeout 1 $image sh -c 'trap "exit 7" TERM; while :; do sleep 0.02; done'
    [ "$(property "$c" ExitReason)" = timeout ]
    run -0 ambit ps -a
    [[ $output == *"Exited (7, timeout)"*"$c"* ]]
    [ "$(past "$c")" = "7 timeout" ]
    journalctl --user -u "ambit-$c.scope" | grep -q "time of 1 s is up"
}

@test "timeout: it is the unit's RuntimeMaxSec, and works while ambitd is dead" {
    local id
    ambit run -d --name "$c" --timeout 2 $image sleep 100
    id=$(property "$c" Id)
    [ "$(systemctl --user show -P RuntimeMaxUSec "ambit-$c.scope")" = 2s ]
    [ "$(property "$c" RuntimeMaxUSec)" = 2000000 ]
    kill_ambitd
    eventually test -e "$store/containers/$id/exit.json"
    [ "$(jq -r .reason "$store/containers/$id/exit.json")" = timeout ]
    [ "$(property "$c" ExitReason)" = timeout ]
}

@test "timeout: a stop before the time is up is no timeout" {
    ambit run -d --name "$c" --timeout 1h $image sleep 100
    ambit stop -t 0 "$c"
    [ "$(property "$c" ExitReason)" = signal ]
}

@test "timeout: 0 is none" {
    ambit run -d --name "$c" --timeout 0 $image sleep 100
    [ "$(systemctl --user show -P RuntimeMaxUSec "ambit-$c.scope")" = infinity ]
}
