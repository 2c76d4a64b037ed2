# ambitd, the bus and the user's manager may go and come back: what runs goes on.

load ../support/ambit

setup_file() {
    need_image
    "$support/make-image" oci states:test "$BATS_FILE_TMPDIR/image.tar"
}

teardown() {
    rm -rf "$XDG_RUNTIME_DIR/systemd/user/ambit.service.d"
    remove_containers
}

ambitd_is_another() { local pid; pid=$(ambitd_pid) && ((pid > 0 && pid != $1)); }
ready() { systemctl --user is-active ambit.service; }
bus_pid() { systemctl --user show -P MainPID dbus.service; }
bus_answers() { busctl --user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetId; }
is_on_bus() { busctl --user list --no-legend | awk -v pid="$1" '$2 == pid { found = 1 } END { exit !found }'; }
scopes() { systemctl --user list-units --all --no-legend --plain 'ambit-*.scope' | awk '{ print $1 }'; }

# Says "up", waits for /tmp/go, says "bye" and ends with 19.
waiting='echo up; until [ -e /tmp/go ]; do sleep 0.02; done; echo bye; exit 19'

@test "ambitd: a reload ends with the ambitd that is installed now, and containers go on" {
    local pid main
    ambit run -d --name "$c" $image sleep 100
    main=$(main_pid "$c")
    pid=$(ambitd_pid)
    systemctl --user reload ambit.service
    eventually ambitd_is_another "$pid"
    state_is "$c" running
    [ "$(main_pid "$c")" = "$main" ]
    [ "$(systemctl --user show -P Result ambit.service)" = success ]
}

@test "ambitd: no start and no load is lost to reloads" {
    local n loop starting=()
    for n in 1 2 3 4 5 6 7 8; do
        for loop in 1 2 3 4; do ambit run --rm $image true || echo "start: $?"; done >>"$BATS_TEST_TMPDIR/starts" 2>&1 &
        starting+=($!)
    done
    for n in 1 2 3 4 5; do
        systemctl --user reload ambit.service || true
        eventually ready
        ambit load -i "$BATS_FILE_TMPDIR/image.tar" >>"$BATS_TEST_TMPDIR/loads"
    done
    wait "${starting[@]}"
    [ ! -s "$BATS_TEST_TMPDIR/starts" ] || { cat "$BATS_TEST_TMPDIR/starts"; false; }
    [ "$(wc -l <"$BATS_TEST_TMPDIR/loads")" = 5 ]
}

@test "ambitd: one that hangs is ended by the watchdog and replaced; containers go on" {
    local pid main
    mkdir -p "$XDG_RUNTIME_DIR/systemd/user/ambit.service.d"
    printf '[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\n' >"$XDG_RUNTIME_DIR/systemd/user/ambit.service.d/watchdog.conf"
    systemctl --user daemon-reload
    systemctl --user restart ambit.service
    ambit run -d --name "$c" $image sleep 100
    main=$(main_pid "$c")
    pid=$(ambitd_pid)
    kill -STOP "$pid"
    eventually ambitd_is_another "$pid"
    state_is "$c" running
    [ "$(main_pid "$c")" = "$main" ]
    rm -rf "$XDG_RUNTIME_DIR/systemd/user/ambit.service.d"
    systemctl --user daemon-reload
    systemctl --user restart ambit.service
}

@test "ambitd: comes back by itself when the bus was restarted, with all that runs" {
    local pid main
    ambit run -d --name "$c" $image sleep 100
    main=$(main_pid "$c")
    pid=$(ambitd_pid)
    kill -KILL "$(bus_pid)"
    eventually ambitd_is_another "$pid"
    eventually bus_answers
    eventually state_is "$c" running
    [ "$(main_pid "$c")" = "$main" ]
    run -0 ambit exec "$c" echo inside
    [ "$output" = inside ]
}

@test "ambitd: ambit run and wait survive a restart of the bus, with the exit code" {
    local pid run_pid wait_pid
    pid=$(ambitd_pid)
    ambit run --name "$c" $image sh -c "$waiting" >"$BATS_TEST_TMPDIR/out" &
    run_pid=$!
    eventually has_line up "$BATS_TEST_TMPDIR/out"
    ambit wait "$c" >"$BATS_TEST_TMPDIR/code" &
    wait_pid=$!
    eventually is_on_bus "$wait_pid"
    kill -KILL "$(bus_pid)"
    eventually bus_answers
    eventually state_is "$c" running
    let_go "$c"
    ends_with 19 $run_pid
    has_line bye "$BATS_TEST_TMPDIR/out"
    ends_with 0 $wait_pid
    [ "$(cat "$BATS_TEST_TMPDIR/code")" = 19 ]
}

@test "manager: a re-execution and a reload of the user's manager harm neither containers nor starts" {
    local n starts
    ambit run --name "$c" $image sh -c "$waiting" >"$BATS_TEST_TMPDIR/out" &
    local run_pid=$!
    eventually has_line up "$BATS_TEST_TMPDIR/out"
    for ((n = 0; n < $(rounds 30 20); n++)); do ambit run --rm $image true || echo "start $n: $?"; done >"$BATS_TEST_TMPDIR/starts" 2>&1 &
    starts=$!
    for n in 1 2 3; do
        systemctl --user daemon-reexec
        systemctl --user daemon-reload
    done
    wait $starts
    [ ! -s "$BATS_TEST_TMPDIR/starts" ] || { cat "$BATS_TEST_TMPDIR/starts"; false; }
    state_is "$c" running
    systemctl --user freeze "ambit-$c.scope"
    eventually state_is "$c" paused
    ambit unpause "$c"
    let_go "$c"
    ends_with 19 $run_pid
    # Nobody refers to a unit that is over.
    eventually eval '[ -z "$(scopes)" ]'
}

@test "manager: how a unit ended is known to an ambitd that came later, too" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user restart ambit.service
    state_is "$c" running
    kill -KILL "$(monitor_pid "$c")"
    eventually state_is "$c" exited
    [ "$(property "$c" ExitReason)" = lost ]
    eventually unit_is_gone "ambit-$c.scope"
}

@test "ambitd: what is left of a container that died with its monitor can be started at once" {
    local monitor
    ambit run -d --name "$c" $image sleep 100
    monitor=$(monitor_pid "$c")
    systemctl --user stop ambit.service
    systemctl --user kill -s KILL "ambit-$c.scope"
    eventually is_gone "$monitor"
    eventually eval '[ ! -e "$(slice_cgroup)/ambit-$c.scope" ]'
    # The first call of the next ambitd.
    run -0 ambit start "$c"
    state_is "$c" running
    [ "$(ambit inspect "$c" | jq -r '.[0].pastRuns[0].exitReason')" = lost ]
}

@test "ambitd: five containers and a follower go on over a restart" {
    local n logs_pid
    for n in 1 2 3 4 5; do ambit run -d --name "$c-$n" $image sh -c "$waiting"; done
    eventually log_has "$c-1" up
    ambit logs -f "$c-2" >"$BATS_TEST_TMPDIR/logs" &
    logs_pid=$!
    eventually has_line up "$BATS_TEST_TMPDIR/logs"
    systemctl --user restart ambit.service
    for n in 1 2 3 4 5; do
        state_is "$c-$n" running
        let_go "$c-$n"
    done
    ends_with 0 $logs_pid
    has_line bye "$BATS_TEST_TMPDIR/logs"
    for n in 1 2 3 4 5; do [ "$(ambit wait "$c-$n")" = 19 ]; done
}
