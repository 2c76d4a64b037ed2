# Health checks: when they run, what they find, and what follows.

load ../support/ambit

health_is() { [[ $(property "$1" Health) == "$2" ]]; }
failures_are() { [[ $(property "$1" HealthFailures) == "$2" ]]; }
failures_above() { (($(property "$1" HealthFailures) > $2)); }
checks() { ambit inspect "$1" | jq '.[0].health.log | length'; }
has_checks() { (($(checks "$1") >= $2)); }
last_check() { ambit inspect "$1" | jq -c ".[0].health.log[0] | $2"; }
last_check_is() { [[ $(last_check "$1" "$2") == "$3" ]]; }
pid_is_other() { local pid; pid=$(main_pid "$1") && ((pid != 0 && pid != $2)); }
count_is() { [[ $(property "$1" RestartCount) == "$2" ]]; }
described_as() { [[ $(systemctl --user show -P Description "ambit-$1.scope") == "$2" ]]; }
# How many processes in the container have this in their command line.
processes_with() {
    ambit top --format json "$1" | jq --arg text "$2" '[.[] | select(.command | tostring | contains($text))] | length'
}
runs_none() { [[ $(processes_with "$1" "$2") == 0 ]]; }
runs_some() { (($(processes_with "$1" "$2") > 0)); }
helpers() { wc -l <"/sys/fs/cgroup$(property "$1" ControlGroup)/supervisor/cgroup.procs"; }
has_only_monitor() { [[ $(helpers "$1") == 1 ]]; }
ambitd_is_gone() { [[ $(ambitd_pid) == 0 ]]; }

# checked NAME CHECK [OPTION...]: a container with a check that comes every fifth of a second.
checked() {
    local name=$1 check=$2
    shift 2
    ambit run -d --name "$name" --stop-timeout 0 --health-cmd "$check" --health-interval 200ms "$@" \
        $image sleep 1000
}

teardown() {
    systemctl --user unset-environment AMBITD_IDLE_USEC
    remove_containers
}

@test "health: starting, unhealthy after the retries, healthy after one passed check" {
    checked "$c" 'echo looked; test -e /tmp/ok' --health-retries 2
    eventually health_is "$c" unhealthy
    failures_above "$c" 1
    run -0 ambit ps --filter name="$c" --filter health=unhealthy
    [[ $output == *"(unhealthy)"* ]]
    ambit exec "$c" touch /tmp/ok
    eventually health_is "$c" healthy
    failures_are "$c" 0
    [ "$(ambit ps --filter name="$c" --format json | jq -r '.[0].health')" = healthy ]
    last_check_is "$c" '[.exitCode, .output]' '[0,"looked\n"]'
    eventually described_as "$c" "$c ($image), healthy"
}

@test "health: before the first check it is starting, and shown so" {
    ambit run -d --name "$c" --health-cmd true $image sleep 1000
    health_is "$c" starting
    run -0 ambit ps --filter name="$c"
    [[ $output == *"(health: starting)"* ]]
    [ "$(checks "$c")" = 0 ]
}

@test "health: without a check there is none to see, to run or to wait for" {
    ambit run -d --name "$c" $image sleep 1000
    health_is "$c" ""
    run -0 ambit ps --filter name="$c"
    [[ $output != *"("* ]]
    run -125 ambit healthcheck run "$c"
    [[ $output == *"has no health check"* ]]
    run -125 ambit run --sdnotify healthy $image true
    [[ $output == *"'healthy'"*"no health check"* ]]
    run -125 ambit run --health-retries 2 $image true
    [[ $output == *"no health check"* ]]
    [ ! -e "$store/containers/$(property "$c" Id)/health.json" ]
}

@test "health: a wrong value names the flag" {
    run -125 ambit run --health-cmd true --health-timeout soon $image true
    [[ $output == *--health-timeout*"'soon'"* ]]
    run -125 ambit run --health-cmd true --health-on-failure reboot $image true
    [[ $output == *--health-on-failure*"'reboot'"* ]]
    run -125 ambit run --rm --health-cmd true --health-on-failure restart $image true
    [[ $output == *removed*restarted* ]]
}

@test "health: five results are kept, with the beginning of what the check wrote" {
    checked "$c" 'i=0; while [ $i -lt 3000 ]; do echo 0123456789; i=$((i + 1)); done; exit 3'
    eventually has_checks "$c" 5
    [ "$(last_check "$c" '[.exitCode, (.output | length), .endedUsec > .startedUsec]')" = '[3,500,true]' ]
    eventually failures_above "$c" 6
    [ "$(checks "$c")" = 5 ]
}

@test "health: a check that writes more than anybody keeps is read to its end" {
    checked "$c" 'yes | head -c 2000000' --health-interval disable
    run -0 ambit healthcheck run "$c"
    [ "$(last_check "$c" '[.exitCode, (.output | length)]')" = '[0,500]' ]
}

@test "health: a command that isn't there is a failure that says so" {
    checked "$c" '["/no/such", "program"]' --health-retries 1
    eventually health_is "$c" unhealthy
    [ "$(last_check "$c" .exitCode)" = 127 ]
    [[ $(last_check "$c" .output) == *"/no/such"* ]]
}

@test "health: in the start period failures don't count" {
    checked "$c" 'test -e /tmp/ok' --health-retries 1 --health-start-period 1h --health-start-interval 100ms
    eventually has_checks "$c" 3
    health_is "$c" starting
    failures_are "$c" 0
    ambit exec "$c" touch /tmp/ok
    eventually health_is "$c" healthy
    ambit exec "$c" rm /tmp/ok
    eventually health_is "$c" unhealthy
}

@test "health: a check that overruns its time is killed with all it has started, and has failed" {
    checked "$c" 'sleep 4321 & sleep 4322' --health-timeout 300ms --health-retries 1 --health-interval 1h \
        --health-start-period 0s
    ambit healthcheck run "$c" || [ $? = 1 ]
    health_is "$c" unhealthy
    [[ $(last_check "$c" '[.exitCode, .output]') == '[-1,"it did not end within 0.3 s"]' ]]
    eventually runs_none "$c" 'sleep 432'
    eventually has_only_monitor "$c"
}

@test "health: one slow check delays nobody" {
    checked "$c-slow" 'sleep 1000' --health-timeout 1h
    eventually runs_some "$c-slow" 'sleep 1000'
    checked "$c" true
    eventually health_is "$c" healthy
    health_is "$c-slow" starting
}

@test "health: no check while it is paused, and the time of one that runs stands still" {
    checked "$c" 'touch /tmp/began; until [ -e /tmp/go ]; do sleep 0.05; done' --health-timeout 3s
    eventually ambit exec "$c" test -e /tmp/began
    ambit pause "$c"
    sleep 4 # longer than the check may take
    health_is "$c" starting
    [ "$(checks "$c")" = 0 ]
    run -125 ambit healthcheck run "$c"
    [[ $output == *paused* ]]
    ambit unpause "$c"
    ambit exec "$c" touch /tmp/go
    eventually health_is "$c" healthy
}

@test "health: a check's end that comes with the container's counts for nothing" {
    local i
    for i in 1 2 3 4 5; do
        ambit run -d --name "$c-$i" --health-cmd 'sleep 1000' --health-interval 100ms --health-retries 1 \
            $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done'
        eventually runs_some "$c-$i" 'sleep 1000'
        let_go "$c-$i"
        eventually state_is "$c-$i" exited
        health_is "$c-$i" starting
        [ "$(checks "$c-$i")" = 0 ]
    done
}

@test "health: a stop ends a check that runs, and whoever waits for it is told" {
    checked "$c" 'sleep 1000' --health-timeout 1h
    eventually runs_some "$c" 'sleep 1000'
    ambit healthcheck run "$c" 2>"$BATS_TEST_TMPDIR/err" &
    local waiter=$!
    ambit stop "$c"
    ends_with 125 "$waiter"
    grep -qE "ended before|is (stopping|exited)" "$BATS_TEST_TMPDIR/err" # or it came too late
    eventually unit_is_gone "ambit-$c.scope"
}

# L22
@test "health: nothing of its checks outlives a container, whether they pass or fail" {
    local id
    for check in true false 'sleep 1000'; do
        ambit run -d --name "$c" --health-cmd "$check" --health-interval 50ms $image \
            sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done'
        id=$(property "$c" Id)
        [ "$check" = 'sleep 1000' ] || eventually has_checks "$c" 2
        let_go "$c"
        eventually state_is "$c" exited
        eventually unit_is_gone "ambit-$c.scope"
        [ -z "$(systemctl --user list-units --all --plain --no-legend "*$c*" "*$id*")" ]
        [ -z "$(systemctl --user list-timers --all --no-legend "*$c*" "*$id*")" ]
        [ ! -e "$(slice_cgroup)/ambit-$c.scope" ]
        ambit rm "$c"
    done
}

@test "health: healthcheck run ends with 0 or 1 and shows what the check wrote" {
    checked "$c" 'echo seen; test -e /tmp/ok' --health-interval disable
    run -1 ambit healthcheck run "$c"
    [[ $output == *seen*"exit code 1"* ]]
    failures_are "$c" 1
    ambit exec "$c" touch /tmp/ok
    run -0 ambit healthcheck run "$c"
    [ "$output" = seen ]
    health_is "$c" healthy
    [ "$(checks "$c")" = 2 ]
}

@test "health: checks run as the container's user, and are no exec sessions" {
    checked "$c" 'id -u; exit 1' --user 33
    eventually has_checks "$c" 1
    last_check_is "$c" .output '"33\n"'
    run -0 ambit events --no-follow --filter container="$c" --filter event=exec_started
    [ -z "$output" ]
}

@test "health: an event for each change, with what the check said" {
    checked "$c" 'echo it is down; echo again; test -e /tmp/ok' --health-retries 1
    eventually health_is "$c" unhealthy
    ambit exec "$c" touch /tmp/ok
    eventually health_is "$c" healthy
    told() { ambit events --no-follow --filter container="$c" --filter event=health_status --format json; }
    two_told() { [[ $(told | wc -l) == 2 ]]; }
    eventually two_told
    run -0 jq -r .health <(told)
    [ "$output" = $'unhealthy\nhealthy' ]
    [[ $(told | head -1 | jq -r .message) == *"is unhealthy: it is down" ]]
}

@test "health: a killed ambitd is followed by one that goes on with its counts" {
    checked "$c" 'test -e /tmp/ok' --health-retries 100000
    eventually failures_above "$c" 2
    kill_ambitd
    failures_above "$c" 2
    local failures
    failures=$(property "$c" HealthFailures)
    eventually failures_above "$c" "$failures"
    ambit exec "$c" touch /tmp/ok
    eventually health_is "$c" healthy
    kill_ambitd
    health_is "$c" healthy
}

@test "health: a check that a killed ambitd has left is ended, and another one runs" {
    checked "$c" 'if [ -e /tmp/second ]; then exit 0; fi; touch /tmp/second; sleep 4321' --health-timeout 1h
    eventually runs_some "$c" 'sleep 4321'
    kill_ambitd
    eventually health_is "$c" healthy
    runs_none "$c" 'sleep 4321'
    eventually has_only_monitor "$c"
}

@test "health: ambitd does not leave while a container with a check runs" {
    local pid
    systemctl --user stop ambit.service
    systemctl --user set-environment AMBITD_IDLE_USEC=200000
    checked "$c" true
    pid=$(ambitd_pid)
    sleep 1 # nothing but time tells that it was idle for long
    [ "$(ambitd_pid)" = "$pid" ]
    ambit stop "$c"
    eventually ambitd_is_gone
}

@test "health: what was found last stays after the end, also for the next ambitd" {
    checked "$c" 'echo gone; false' --health-retries 1 --health-on-failure stop
    eventually state_is "$c" exited
    health_is "$c" unhealthy
    kill_ambitd
    health_is "$c" unhealthy
    last_check_is "$c" .output '"gone\n"'
}

@test "health: on-failure kill ends all of it, and a restart policy follows" {
    checked "$c" false --health-retries 1 --health-on-failure kill
    eventually state_is "$c" exited
    [ "$(property "$c" ExitCode)" = 137 ]
    checked "$c-policy" false --health-retries 1 --health-on-failure kill --restart on-failure:1
    eventually count_is "$c-policy" 1
}

@test "health: on-failure stop is a stop, which a restart policy does not follow" {
    checked "$c" false --health-retries 1 --health-on-failure stop --restart always
    eventually state_is "$c" exited
    [ "$(property "$c" RestartAt)" = 0 ]
    eventually has_line '"stopped":true' "$store/containers/$(property "$c" Id)/restart.json"
}

@test "health: on-failure restart starts it again, without a restart policy and with any" {
    local policy pid name=$c-1
    for policy in no on-failure:1 always; do
        name+=1
        checked "$name" 'test -e /tmp/ok' --health-retries 1 --health-on-failure restart --restart "$policy"
        pid=$(main_pid "$name")
        eventually pid_is_other "$name" "$pid"
        # What is written stays when it starts again.
        eventually ambit exec "$name" touch /tmp/ok
        eventually health_is "$name" healthy
        ambit stop "$name"
        [ "$(property "$name" RestartAt)" = 0 ]
    done
}

@test "health: a restart for its health is finished by the next ambitd" {
    ambit run -d --name "$c" --health-cmd 'test -e /tmp/ok' --health-interval disable --health-retries 1 \
        --stop-timeout 5m --health-on-failure restart $image sh -c 'trap "" TERM; while :; do sleep 0.1; done'
    local pid id
    id=$(property "$c" Id)
    pid=$(main_pid "$c")
    ambit healthcheck run "$c" || [ $? = 1 ]
    eventually state_is "$c" stopping
    systemctl --user stop ambit.service
    kill -KILL "$pid"
    eventually test -e "$store/containers/$id/exit.json"
    eventually pid_is_other "$c" "$pid"
    count_is "$c" 1
}

@test "sdnotify: healthy is ready when the health check has passed" {
    ambit run -d --name "$c" --stop-timeout 0 --sdnotify healthy --health-cmd 'test -e /tmp/ok' \
        --health-interval disable $image sleep 1000 >"$BATS_TEST_TMPDIR/id" &
    local starter=$!
    eventually state_is "$c" running
    run -1 ambit healthcheck run "$c"
    [ "$(property "$c" Ready)" = false ]
    [ ! -s "$BATS_TEST_TMPDIR/id" ]
    ambit exec "$c" touch /tmp/ok
    ambit healthcheck run "$c"
    ends_with 0 "$starter"
    [ "$(property "$c" Ready)" = true ]
    kill_ambitd
    [ "$(property "$c" Ready)" = true ]
}

@test "sdnotify: a service that runs a container is active when that is healthy" {
    systemd-run --user --quiet --collect --unit "$c" --no-block -p Type=notify -p NotifyAccess=main \
        ambit run --rm --name "$c" --stop-timeout 0 --sdnotify healthy --health-cmd 'test -e /tmp/ok' \
        --health-interval 100ms $image sleep 1000
    eventually failures_above "$c" 0
    [ "$(systemctl --user show -P ActiveState "$c")" = activating ]
    ambit exec "$c" touch /tmp/ok
    eventually systemctl --user is-active "$c"
    ambit stop "$c"
    eventually unit_is_gone "$c.service"
}

@test "health: an image's HEALTHCHECK is run, and can be turned off" {
    local layout=$BATS_TEST_TMPDIR/layout loaded
    "$support/make-image" --config '{"Cmd": ["sleep", "1000"], "StopSignal": "KILL", "Shell": ["/bin/sh", "-ec"],
        "Healthcheck": {"Test": ["CMD-SHELL", "echo from the image"], "Interval": 100000000, "Retries": 7}}' \
        oci-dir "$c:health" "$layout" "$c"
    loaded=$(ambit load -i "$layout")
    loaded=${loaded##* }
    ambit run -d --name "$c" "$loaded"
    eventually health_is "$c" healthy
    last_check_is "$c" .output '"from the image\n"'
    [ "$(ambit inspect "$c" | jq -c '.[0].config.healthCheck | [.command[1], .retries, .timeoutUsec]')" = '["-ec",7,30000000]' ]
    ambit run -d --name "$c-off" --no-healthcheck "$loaded"
    health_is "$c-off" ""
    ambit rm -f "$c" "$c-off" >/dev/null
    ambit rmi "$loaded"
}
