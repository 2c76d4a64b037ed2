# ambitd as a service on a bus of its own, without a systemd user manager: what needs none.

load ../support/ambit

setup_file() { :; }
teardown() { :; }

libexec() {
    local exec
    exec=$(systemctl --user show -P ExecStart ambit.service)
    exec=${exec#*path=}
    printf '%s\n' "${exec%% ;*}"
}

setup() {
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir -m 0700 "$XDG_RUNTIME_DIR"
}

# alone SCRIPT: runs it on a private bus with ambitd; $daemon is its PID.
alone() {
    local program
    program=$(XDG_RUNTIME_DIR=$runtime_before libexec)
    cat >"$BATS_TEST_TMPDIR/script" <<END
set -eu
manager() { busctl --user call org.ambit.Ambit1 /org/ambit/Ambit1 org.ambit.Ambit1.Manager "\$@"; }
program=$program
"\$program" 2>"$BATS_TEST_TMPDIR/log" &
daemon=\$!
end=\$((SECONDS + 10))
until busctl --user status org.ambit.Ambit1 >/dev/null 2>&1 || ((SECONDS > end)); do sleep 0.02; done
$1
END
    run dbus-run-session -- bash "$BATS_TEST_TMPDIR/script"
    echo "$output"
    cat "$BATS_TEST_TMPDIR/log"
}
runtime_before=$XDG_RUNTIME_DIR

@test "daemon: owns its name and answers where there is no user manager" {
    alone 'manager ListImages "a{ss}" 0; manager ListContainers "a{ss}" 0; kill $daemon; wait $daemon'
    [ "$status" -eq 0 ]
    [[ $output == *"a(sastxo) 0"* && $output == *"a(ssssixo) 0"* ]]
}

@test "daemon: SIGTERM is a clean end" {
    alone 'kill -TERM $daemon; wait $daemon'
    [ "$status" -eq 0 ]
}

@test "daemon: a second one on the same store says so and ends" {
    alone '! "$program" || exit 1; kill $daemon; wait $daemon'
    [ "$status" -eq 0 ]
    [[ $output == *"another ambitd works on $XDG_DATA_HOME/ambit"* ]]
}

@test "daemon: goes when it was idle, with 0" {
    export AMBITD_IDLE_USEC=200000
    alone 'wait $daemon'
    [ "$status" -eq 0 ]
}

@test "daemon: calls keep it from going" {
    export AMBITD_IDLE_USEC=2000000
    alone '
        end=$((SECONDS + 4))
        while ((SECONDS < end)); do
            manager ListImages "a{ss}" 0 >/dev/null
            sleep 0.1
        done
        wait $daemon'
    [ "$status" -eq 0 ]
}

@test "daemon: a start without a user manager names the fix" {
    local root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root/bin"
    cp "$(command -v busybox)" "$root/bin/true"
    alone "
        manager CreateContainer 'ssasa{sv}' one rootfs:$root 1 true 0 >/dev/null
        manager RunContainer 'ssasa{sv}' two rootfs:$root 1 true 0 || true
        kill \$daemon; wait \$daemon"
    [ "$status" -eq 0 ]
    [[ $output == *"no systemd user manager on this bus"*"loginctl enable-linger"* ]]
}

@test "daemon: option errors name the key" {
    alone '
        manager CreateContainer "ssasa{sv}" a host: 0 1 Hostnam s x || true
        manager CreateContainer "ssasa{sv}" a host: 0 1 Hostname u 1 || true
        manager CreateContainer "ssasa{sv}" a host: 0 2 User s a User s b || true
        manager CreateContainer "ssasa{sv}" a host: 0 1 TerminalSize "(uu)" 1 70000 || true
        kill $daemon; wait $daemon'
    [[ $output == *'option "Hostnam" is not known'* ]]
    [[ $output == *"option \"Hostname\" is of type 's', not 'u'"* ]]
    [[ $output == *'option "User" is given twice'* ]]
    [[ $output == *'option "TerminalSize": no terminal has 1×70000 cells'* ]]
}

@test "daemon: CheckHost answers with rows of five" {
    alone '
        busctl --user --json=short --timeout=60 call org.ambit.Ambit1 /org/ambit/Ambit1 \
            org.ambit.Ambit1.Manager CheckHost | jq -e ".data[0] | length > 10 and all(length == 5)"
        kill $daemon; wait $daemon'
    [ "$status" -eq 0 ]
}

@test "daemon: a child does not keep the name when it is killed" {
    alone '
        manager CheckHost >/dev/null 2>&1 &
        caller=$!
        until pgrep -P $daemon >/dev/null; do sleep 0.01; done
        kill -KILL $daemon
        wait $daemon || true
        end=$((SECONDS + 10))
        while busctl --user status org.ambit.Ambit1 >/dev/null 2>&1; do
            ((SECONDS < end)) || exit 1
            sleep 0.02
        done
        wait $caller || true'
    [ "$status" -eq 0 ]
}

# An ambitd that finds no journald at the place where its monitors look for it.
without_journald() { AMBIT_JOURNAL_SOCKET=$BATS_TEST_TMPDIR/nobody alone "$1"; }

@test "daemon: E16 without a journal that can be read output goes to a file, and the reason is told" {
    without_journald '
        property() { busctl --user get-property org.ambit.Ambit1 "$path" org.ambit.Ambit1.Container "$@"; }
        path=$(manager CreateContainer "ssasa{sv}" one rootfs:/usr 1 true 0 | cut -d\" -f2)
        property LogDriver LogFallbackReason LogPath
        path=$(manager CreateContainer "ssasa{sv}" two rootfs:/usr 1 true 1 LogDriver s journald | cut -d\" -f2)
        property LogDriver LogFallbackReason LogPath'
    [ "$status" -eq 0 ]
    mapfile -t lines < <(grep '^s "' <<<"$output")
    [[ ${lines[0]} == 's "file"' && ${lines[1]} == 's "journald does not run"' && ${lines[2]} == *"/log\"" ]]
    # Whoever asks for the journal gets it.
    [[ ${lines[3]} == 's "journald"' && ${lines[4]} == 's ""' && ${lines[5]} == 's ""' ]]
}

@test "daemon: E16 create says where the output is kept, and logs say where they read" {
    without_journald '
        ambit create --name one rootfs:/usr true
        ambit logs one
        ambit create --name two --log-driver file rootfs:/usr true
        ambit logs two'
    [ "$status" -eq 0 ]
    [[ $output == *"its output is kept in a file"*"journald does not run"*"read from "*"/log, since the journal could not be read"* ]]
    [ "$(grep -c 'is kept in a file' <<<"$output")" = 1 ]
}
