# The life of a container over D-Bus, with busctl alone.

load ../support/ambit

# example NAME: the block of the README that is marked as tested under this name.
example() {
    awk -v mark="<!-- tested: $1 -->" '
        $0 == mark { found = 1; next }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside { print }' "$top/README.md"
}

@test "dbus: the README's example with busctl alone does what it says" {
    example busctl >"$BATS_TEST_TMPDIR/example"
    [ -s "$BATS_TEST_TMPDIR/example" ]
    ambit rm -f demo
    run -0 bash -eux "$BATS_TEST_TMPDIR/example"
    [[ $output == *"/org/ambit/Ambit1/container/"* ]]
    [[ $output == *"i 3"* ]]
    run -125 ambit inspect demo
}

@test "dbus: the README's tour of the four ways does what it says" {
    example tour >"$BATS_TEST_TMPDIR/example"
    [ -s "$BATS_TEST_TMPDIR/example" ]
    ambit rm -f web
    run -0 bash -eux "$BATS_TEST_TMPDIR/example"
    run -125 ambit inspect web
}

@test "dbus: RunContainer replies when the command runs, Wait when it has ended" {
    run -0 manager RunContainer 'ssasa{sv}' "$c" $image 3 sh -c 'sleep 0.2; exit 11' 0
    [[ $output == 'o "/org/ambit/Ambit1/container/'* ]]
    run -0 of "$c" Wait
    [ "$output" = "i 11" ]
    [ "$(property "$c" ExitReason)" = exited ]
}

@test "dbus: exit codes and reasons are exact" {
    run -0 manager RunContainer 'ssasa{sv}' "$c-0" $image 1 true 0
    [ "$(of "$c-0" Wait)" = "i 0" ]
    run -0 manager RunContainer 'ssasa{sv}' "$c-k" $image 2 sleep 100 0
    of "$c-k" Kill i 9
    [ "$(of "$c-k" Wait)" = "i 137" ]
    [ "$(property "$c-k" ExitReason)" = signal ]
    run ! manager RunContainer 'ssasa{sv}' "$c-n" $image 1 no-such-command 0
    [[ $output == *no-such-command* ]]
    run ! manager RunContainer 'ssasa{sv}' "$c-x" $image 1 /etc/passwd 0
    [[ $output == *"/etc/passwd"* ]]
}

@test "dbus: errors have the names of the contract" {
    call() { gdbus_error "$@"; }
    gdbus_error() {
        dbus-send --session --print-reply --dest=org.ambit.Ambit1 "$@" 2>&1 >/dev/null || true
    }
    local at=/org/ambit/Ambit1 manager=org.ambit.Ambit1.Manager
    [[ $(call $at $manager.GetContainer string:nothing) == *org.ambit.Ambit1.Error.NoSuchContainer* ]]
    [[ $(call $at $manager.GetImage string:nothing) == *org.ambit.Ambit1.Error.NoSuchImage* ]]
    run ! manager CreateContainer 'ssasa{sv}' "$c" $image 0 1 NoSuchOption b true
    [[ $output == *NoSuchOption* ]]
    run ! manager CreateContainer 'ssasa{sv}' "$c" $image 0 1 ReadOnly s yes
    [[ $output == *ReadOnly* ]]
}

@test "dbus: each change of state is told once" {
    local path pid
    manager CreateContainer 'ssasa{sv}' "$c" $image 3 sh -c 'sleep 0.1; exit 2' 0
    path=$(path_of "$c")
    busctl --user --json=short monitor org.ambit.Ambit1 >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/err" &
    pid=$!
    # The monitor is there when it has seen a call that was made after it.
    eventually eval 'of "$c" Inspect >/dev/null; grep -q Inspect "$BATS_TEST_TMPDIR/seen"'
    busctl --user -- call org.ambit.Ambit1 "$path" org.ambit.Ambit1.Container Start 'a{sv}' 0
    of "$c" Wait
    of "$c" Remove 'a{sv}' 0
    eventually has_line InterfacesRemoved "$BATS_TEST_TMPDIR/seen"
    kill $pid
    run -0 jq -r --arg path "$path" 'select(.type == "signal" and .path == $path and .member == "PropertiesChanged")
        | .payload.data[1].State.data // empty' "$BATS_TEST_TMPDIR/seen"
    [ "$output" = $'starting\nrunning\nexited' ] || [ "$output" = $'starting\nrunning\nexited\nremoving' ]
    run -0 jq -c --arg path "$path" 'select(.type == "signal" and .path == $path and .member == "Exited") | .payload.data' "$BATS_TEST_TMPDIR/seen"
    [ "$output" = '[2,"exited"]' ]
}

@test "dbus: InterfacesAdded and InterfacesRemoved tell of each container once" {
    local pid path
    busctl --user --json=short monitor org.ambit.Ambit1 >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/err" &
    pid=$!
    eventually eval 'manager GetImage s busybox >/dev/null; grep -q GetImage "$BATS_TEST_TMPDIR/seen"'
    ambit create --name "$c" $image true
    path=$(path_of "$c")
    ambit rm "$c"
    eventually has_line InterfacesRemoved "$BATS_TEST_TMPDIR/seen"
    kill $pid
    for member in InterfacesAdded InterfacesRemoved; do
        run -0 jq -r --arg m $member --arg path "$path" 'select(.member == $m and .payload.data[0] == $path) | .member' "$BATS_TEST_TMPDIR/seen"
        [ "$output" = $member ]
    done
}

@test "dbus: GetManagedObjects has every container and image with their properties" {
    ambit create --name "$c" $image true
    run -0 busctl --user --json=short call org.ambit.Ambit1 /org/ambit/Ambit1 org.freedesktop.DBus.ObjectManager GetManagedObjects
    [ "$(jq -r --arg p "$(path_of "$c")" '.data[0][$p]["org.ambit.Ambit1.Container"].Name.data' <<<"$output")" = "$c" ]
    jq -e '.data[0] | keys | any(startswith("/org/ambit/Ambit1/image/"))' <<<"$output"
}

@test "dbus: GetContainerByPID finds the container of any process inside" {
    ambit run -d --name "$c" $image sh -c 'sleep 1000 & wait'
    local pid
    for pid in $(cat "/sys/fs/cgroup$(property "$c" ControlGroup)/payload/cgroup.procs"); do
        run -0 manager GetContainerByPID u "$pid"
        [ "$output" = "o \"$(path_of "$c")\"" ]
    done
    run ! manager GetContainerByPID u $$
}

@test "dbus: Exec runs a command, and its object tells the code" {
    ambit run -d --name "$c" $image sleep 100
    run -0 of "$c" Exec 'asa{sv}' 3 sh -c 'exit 13' 0
    run -0 busctl --user -- call org.ambit.Ambit1 "$(cut -d'"' -f2 <<<"$output")" org.ambit.Ambit1.Exec Wait
    [ "$output" = "i 13" ]
}

@test "dbus: Processes lists what runs inside" {
    ambit run -d --name "$c" $image sleep 1234
    run -0 of "$c" Processes
    [[ $output == *"$(main_pid "$c")"*"sleep 1234"* ]]
}
