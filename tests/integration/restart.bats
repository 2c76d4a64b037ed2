# Restart policies: who is started again, when, and by whose wish not.

load ../support/ambit

count_is() { [[ $(property "$1" RestartCount) == "$2" ]]; }
count_is_above() { (($(property "$1" RestartCount) > $2)); }
is_due() { (($(property "$1" RestartAt) > 0)); }
error_is_gone() { [[ -z $(property "$1" RestartError) ]]; }
is_idle() { ! is_due "$1" && ! state_is "$1" running; }
pid_is_other() { local pid; pid=$(main_pid "$1") && ((pid != 0 && pid != $2)); }

# As after a boot: ambitd finds a user manager that it does not know yet.
new_session() {
    systemctl --user stop ambit.service
    rm "$runtime/containers/session"
    ambit ps >/dev/null
}

ambitd_is_gone() { [[ $(ambitd_pid) == 0 ]]; }
# Leaves when it was idle for a fifth of a second.
impatient_ambitd() {
    systemctl --user stop ambit.service
    systemctl --user set-environment AMBITD_IDLE_USEC=200000
}

teardown() {
    systemctl --user unset-environment AMBITD_IDLE_USEC
    remove_containers
}

@test "restart: no is the default, and nothing follows" {
    ambit run -d --name "$c" $image sh -c 'exit 3'
    eventually state_is "$c" exited
    [ "$(property "$c" RestartPolicy)" = no ]
    [ "$(property "$c" RestartAt)" = 0 ]
}

@test "restart: on-failure:N follows failures N times, with growing delays" {
    ambit run -d --name "$c" --restart on-failure:3 $image sh -c 'echo once; exit 3'
    eventually count_is "$c" 3
    eventually is_idle "$c"
    [ "$(property "$c" ExitCode)" = 3 ]
    local -a starts
    mapfile -t starts < <(journalctl --user -o json "CONTAINER_NAME=$c" MESSAGE=once | jq -r .__REALTIME_TIMESTAMP)
    [ "${#starts[@]}" = 4 ]
    ((starts[1] - starts[0] >= 100000 && starts[3] - starts[2] >= 400000))
}

@test "restart: on-failure does not follow a success" {
    ambit run -d --name "$c" --restart on-failure $image true
    eventually state_is "$c" exited
    [ "$(property "$c" RestartAt)" = 0 ]
    count_is "$c" 0
}

@test "restart: always follows a success, ps shows the wait and how often it was" {
    ambit run -d --name "$c" --restart always $image true
    eventually count_is_above "$c" 3
    eventually is_due "$c"
    run -0 ambit ps --filter name="$c" --filter status=restarting
    [[ $output == *"Restarting (0) in "*" s"* ]]
    run -0 jq -c '.[0] | [.state, .restartPolicy, .restartCount > 3, .restartUsec > 0]' \
        <(ambit ps --format json --filter name="$c")
    [ "$output" = '["exited","always",true,true]' ]
    [ "$(ambit inspect "$c" | jq -c '.[0].restart.policy')" = '"always"' ]
}

@test "restart: a killed first process, a killed monitor and a kill of the scope are failures" {
    local pid
    ambit run -d --name "$c" --restart on-failure $image sleep 100
    pid=$(main_pid "$c")
    kill -KILL "$pid"
    eventually pid_is_other "$c" "$pid"
    pid=$(main_pid "$c")
    kill -KILL "$(monitor_pid "$c")"
    eventually pid_is_other "$c" "$pid"
    pid=$(main_pid "$c")
    systemctl --user kill -s KILL "ambit-$c.scope"
    eventually pid_is_other "$c" "$pid"
    count_is "$c" 3
}

@test "restart: what a user stops stays stopped, whichever way" {
    local way
    ambit run -d --name "$c" --stop-timeout 0 --restart always $image sleep 100
    for way in "ambit stop $c" "of $c Stop t 0" "systemctl --user stop ambit-$c.scope" \
        "ambit kill $c" "systemctl --user stop ambit.slice"; do
        $way >/dev/null
        eventually state_is "$c" exited
        eventually grep -q '"stopped":true' "$store/containers/$(property "$c" Id)/restart.json"
        [ "$(property "$c" RestartAt)" = 0 ]
        systemctl --user restart ambit.service
        state_is "$c" exited
        [ "$(property "$c" RestartAt)" = 0 ]
        ambit start "$c"
    done
    count_is "$c" 0
}

@test "restart: ambit restart is no stop" {
    ambit run -d --name "$c" --stop-timeout 0 --restart unless-stopped $image sleep 100
    ambit restart "$c"
    state_is "$c" running
    grep -q '"stopped":false' "$store/containers/$(property "$c" Id)/restart.json"
}

@test "restart: start, stop and rm -f don't wait for the delay" {
    ambit run -d --name "$c" --restart always $image sh -c 'exit 4'
    eventually count_is_above "$c" 2
    eventually is_due "$c"
    run -2 ambit rm "$c"
    [[ $output == *"about to be restarted"* ]]
    ambit stop "$c"
    is_idle "$c"
    ambit start "$c"
    count_is "$c" 0
    eventually count_is_above "$c" 2
    eventually is_due "$c"
    ambit rm -f "$c"
    run -125 ambit start "$c"
}

@test "restart: a start that fails is tried again, and says why it failed" {
    local source=$BATS_TEST_TMPDIR/disk
    mkdir "$source"
    ambit run -d --name "$c" -v "$source:/disk" --restart always $image sleep 100
    rmdir "$source"
    kill -KILL "$(main_pid "$c")"
    eventually count_is_above "$c" 1
    [[ $(property "$c" RestartError) == *"$source"*"No such file"* ]]
    mkdir "$source"
    eventually state_is "$c" running
    eventually error_is_gone "$c"
}

@test "restart: with --rm it is refused" {
    run -125 ambit run --rm --restart always $image true
    [[ $output == *"removed when it has exited"*always* ]]
    run -125 ambit run --restart sometimes $image true
    [[ $output == *"'sometimes'"*"on-failure[:RETRIES]"* ]]
}

@test "restart: fifty crash loops keep nobody waiting" {
    local i names=()
    for i in {1..50}; do names+=("$c-$i"); done
    printf '%s\n' "${names[@]}" |
        xargs -P 8 -I{} ambit run -d --name {} --restart always $image false >/dev/null
    local begin=$EPOCHREALTIME
    run -0 timeout 10 ambit run --rm --name "$c" $image echo among them
    [ "$output" = "among them" ]
    timeout 10 ambit stop "${names[@]}" >/dev/null
    [ "$(ambit ps -q | wc -l)" = 0 ]
}

@test "restart: ambitd does not leave before a restart that is due" {
    local pid
    impatient_ambitd
    ambit run -d --name "$c" --restart on-failure $image false
    pid=$(ambitd_pid)
    # Without a call to it, for longer than it waits when idle.
    eventually has_line '"count":4' "$store"/containers/*/restart.json
    [ "$(ambitd_pid)" = "$pid" ]
    ambit stop "$c"
    eventually ambitd_is_gone
}

@test "restart: ambitd does not leave while a container with a policy runs" {
    local pid
    impatient_ambitd
    ambit run -d --name "$c" --stop-timeout 0 --restart on-failure $image sleep 100
    pid=$(ambitd_pid)
    sleep 1 # nothing but time tells that it was idle for long
    [ "$(ambitd_pid)" = "$pid" ]
    ambit stop "$c"
    eventually ambitd_is_gone
}

@test "restart: a container that ends while ambitd is away is started on its return" {
    ambit run -d --name "$c" --restart on-failure $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 5'
    local id
    id=$(property "$c" Id)
    ambit exec -d "$c" sh -c 'sleep 0.5; touch /tmp/go'
    systemctl --user stop ambit.service
    eventually test -e "$store/containers/$id/exit.json"
    [ "$(property "$c" Id)" = "$id" ]
    eventually count_is_above "$c" 0
}

@test "restart: a killed ambitd comes back by itself, and goes on" {
    local pid
    ambit run -d --name "$c" --restart on-failure $image sleep 100
    ambit run -d --name "$c-loop" --restart always $image sh -c 'exit 7'
    eventually count_is_above "$c-loop" 1
    pid=$(main_pid "$c")
    kill_ambitd
    kill -KILL "$pid"
    eventually pid_is_other "$c" "$pid"
    count_is "$c" 1
    local count
    count=$(property "$c-loop" RestartCount)
    eventually count_is_above "$c-loop" "$count"
}

@test "restart: a stop by systemctl while ambitd is away is the user's wish as well" {
    local id
    ambit run -d --name "$c" --stop-timeout 0 --restart always $image sleep 100
    id=$(property "$c" Id)
    systemctl --user stop ambit.service
    systemctl --user stop "ambit-$c.scope"
    [ -e "$store/containers/$id/exit.json" ]
    state_is "$c" exited
    [ "$(property "$c" RestartAt)" = 0 ]
    eventually has_line '"stopped":true' "$store/containers/$id/restart.json"
}

@test "boot: always is started, unless-stopped unless it was stopped, others are not" {
    ambit run -d --name "$c-always" --stop-timeout 0 --restart always $image sleep 100
    ambit run -d --name "$c-unless" --stop-timeout 0 --restart unless-stopped $image sleep 100
    ambit run -d --name "$c-stopped" --stop-timeout 0 --restart unless-stopped $image sleep 100
    ambit run -d --name "$c-failing" --stop-timeout 0 --restart on-failure $image sleep 100
    ambit run -d --name "$c-no" --stop-timeout 0 $image sleep 100
    ambit create --name "$c-created" --restart always $image sleep 100
    ambit stop "$c-always" "$c-stopped"
    # systemd ends the others, as a shutdown does.
    systemctl --user stop ambit.service
    systemctl --user stop "ambit-$c-unless.scope" "ambit-$c-failing.scope" "ambit-$c-no.scope"
    new_session
    eventually state_is "$c-always" running
    eventually state_is "$c-unless" running
    state_is "$c-stopped" exited
    state_is "$c-failing" exited
    state_is "$c-no" exited
    state_is "$c-created" created
    count_is "$c-always" 0
}

@test "boot: one container that can't be started harms no other" {
    local source=$BATS_TEST_TMPDIR/disk i
    mkdir "$source"
    ambit run -d --name "$c-0" -v "$source:/disk" --stop-timeout 0 --restart always $image sleep 100
    for i in 1 2 3; do
        ambit run -d --name "$c-$i" --stop-timeout 0 --restart always $image sleep 100
    done
    ambit stop "$c-0" "$c-1" "$c-2" "$c-3"
    rmdir "$source"
    new_session
    for i in 1 2 3; do eventually state_is "$c-$i" running; done
    eventually is_due "$c-0"
    [[ $(property "$c-0" RestartError) == *"$source"* ]]
    systemctl --user is-active ambit.service
}

@test "boot: doctor and the first run with a policy say how to start with the machine" {
    rm -f "$runtime/boot-checked"
    run -0 ambit run -d --name "$c" --restart always $image sleep 100
    [[ $output == *"systemctl --user enable ambit.service"* ]]
    run -0 ambit create --name "$c-2" --restart always $image sleep 100
    [[ $output != *enable* ]]
    run -0 jq -r '.[] | select(.check == "boot") | .fix' <(ambit doctor --format json)
    [[ $output == *"systemctl --user enable ambit.service"* ]]
    systemctl --user enable ambit.service
    run -0 jq -r '.[] | select(.check == "boot") | .fix' <(ambit doctor --format json)
    systemctl --user disable ambit.service
    [ -z "$output" ]
}

@test "restart: a start of the user's that fails is his to repeat, also for the next ambitd" {
    local source=$BATS_TEST_TMPDIR/disk
    mkdir "$source"
    ambit create --name "$c" -v "$source:/disk" --restart always $image sleep 100
    rmdir "$source"
    run -125 ambit start "$c"
    [[ $output == *"$source"* ]]
    [ "$(property "$c" RestartAt)" = 0 ]
    systemctl --user restart ambit.service
    state_is "$c" created
    [ "$(property "$c" RestartAt)" = 0 ]
    count_is "$c" 0
}

@test "restart: update changes the policy at once" {
    local pid
    ambit run -d --name "$c" $image sleep 100
    ambit update --restart on-failure:2 "$c"
    [ "$(property "$c" RestartPolicy)" = on-failure:2 ]
    systemctl --user restart ambit.service
    [ "$(property "$c" RestartPolicy)" = on-failure:2 ]
    pid=$(main_pid "$c")
    kill -KILL "$pid"
    eventually pid_is_other "$c" "$pid"
    ambit run -d --name "$c-loop" --restart always $image false
    eventually count_is_above "$c-loop" 2
    eventually is_due "$c-loop"
    ambit update --restart no "$c-loop"
    is_idle "$c-loop"
    run -125 ambit update --restart perhaps "$c"
    [[ $output == *"'perhaps'"* ]]
}
