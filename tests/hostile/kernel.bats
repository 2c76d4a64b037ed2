# What the kernel gives to whoever asks for it the right way: other system call tables, keyrings,
# capabilities, files of /proc and /sys, cgroups, terminals.

load ../support/hostile

@test "seccomp: calls by the numbers of i386 and x32 don't exist" {
    holds contained $base attacker foreign-calls
    ambit run -d --name "$c" $base sleep 100 >/dev/null
    holds execute "$c" attacker foreign-calls
    # A filter, so also for one who has every capability.
    holds contained --cap-add ALL $base attacker foreign-calls
}

@test "terminal: nothing can be typed ahead into the container's own, whatever the high half of the request" {
    holds contained -t $base attacker type-ahead
    [[ $output != *"held: 0"* ]]
}

@test "terminal: nothing is typed into the caller's, filter or not (CVE-2017-5226)" {
    run -0 "$support/terminal.py" untouched ambit run --rm -i $base attacker type-ahead
    run -0 "$support/terminal.py" untouched ambit run --rm -i --security-opt seccomp=unconfined \
        --cap-add SYS_ADMIN $base attacker type-ahead
    [[ $output == *"held: 0 terminals"* ]]
    ambit run -d --name "$c" --security-opt seccomp=unconfined $base sleep 100 >/dev/null
    run -0 "$support/terminal.py" untouched ambit exec -i "$c" attacker type-ahead
    [[ $output == *"held: 0 terminals"* ]]
}

@test "keyrings: neither the user's nor a new one can be reached" {
    local before
    before=$(wc -l </proc/keys)
    holds contained $base attacker keyrings
    holds contained --cap-add ALL $base attacker keyrings
    # A start makes none either: a user has room for two hundred.
    [ "$(wc -l </proc/keys)" = "$before" ]
}

@test "kernel files: core_pattern, uevent_helper, sysrq-trigger, release_agent and their like can't be written" {
    holds contained $base attacker write-kernel-files
    # What changes the mounts that keep it so is another matter.
    holds contained --cap-add ALL $base attacker write-kernel-files
    ambit run -d --name "$c" $base sleep 100 >/dev/null
    holds execute "$c" attacker write-kernel-files
}

@test "cgroups: with CAP_SYS_ADMIN a container mounts its own subtree and nothing above it" {
    holds contained --cap-add SYS_ADMIN $base attacker mount-cgroups
    ambit run -d --name "$c" --cap-add SYS_ADMIN $base sleep 100 >/dev/null
    holds execute "$c" attacker mount-cgroups
}

@test "capabilities: none is inherited by an ordinary user's program (CVE-2022-24769)" {
    holds contained --security-opt no-new-privileges=false $base attacker inherit
    ambit run -d --name "$c" --security-opt no-new-privileges=false $base sleep 100 >/dev/null
    holds execute "$c" attacker inherit
}

@test "capabilities: an added one reaches an ordinary user, and only that one" {
    run -0 contained -u nobody --cap-add NET_BIND_SERVICE $base grep -E '^Cap(Eff|Inh|Amb)' /proc/self/status
    [[ $(sort -u -k2 <<<"$output" | wc -l) == 1 && $output == *0000000000000400* ]]
    ambit run -d --name "$c" -u nobody --cap-add NET_BIND_SERVICE $base sleep 100 >/dev/null
    run -0 execute "$c" grep CapEff /proc/self/status
    [[ $output == *0000000000000400* ]]
}

@test "host: no socket of systemd, the journal or the bus is reachable, nor a variable that leads there" {
    holds contained $base attacker reach-sockets
    ambit run -d --name "$c" $base sleep 100 >/dev/null
    holds execute "$c" attacker reach-sockets
    holds contained -v "$attacker:/attacker:ro" host: /attacker reach-sockets
}

@test "host: an abstract socket of the host's network is out of reach (CVE-2020-15257)" {
    # The name of one that certainly has a listener: ours.
    coproc LISTENER { exec python3 -c '
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0" + sys.argv[1])
listener.listen()
print("listening", flush=True)
sys.stdin.read()' "$c"; }
    local pid=$LISTENER_PID
    read -r _ <&"${LISTENER[0]}"
    run contained $base attacker reach-sockets "$c"
    kill "$pid"
    [[ $status == 0 && $output == *held:* ]] || { echo "$output"; false; }
}

@test "host: a port of the host's loopback is out of reach" {
    coproc LISTENER { exec python3 -c '
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()'; }
    local pid=$LISTENER_PID port
    read -r port <&"${LISTENER[0]}"
    run contained $base attacker reach-port "$port"
    kill "$pid"
    [[ $status == 0 && $output == *held:* ]] || { echo "$output"; false; }
}

@test "host: sockets and state of ambit are the user's alone" {
    [ "$(stat -c '%a %u' "$runtime")" = "700 $UID" ]
    [ "$(stat -c '%u' "$store")" = "$UID" ]
    [[ $(stat -c '%a' "$store") == 7?? && $(stat -c '%a' "$store") != *[2367] ]]
}

@test "host: a mount that hands over the sockets of systemd, the bus or ambit is warned of, once" {
    local source
    # shellcheck disable=SC2153  # the environment's
    for source in / /run "${XDG_RUNTIME_DIR%/*}" "$XDG_RUNTIME_DIR" "$XDG_RUNTIME_DIR/bus" \
        "$XDG_RUNTIME_DIR/systemd" "$XDG_RUNTIME_DIR/ambit"; do
        # Some of them the kernel refuses to mount.
        run --separate-stderr contained -v "$source:/v" -v "$source:/w" $base true
        # shellcheck disable=SC2154  # set by run
        [[ $(grep -c "warning.* $source .*can reach" <<<"$stderr") == 1 ]] || { echo "$source: $stderr"; false; }
    done
    mkdir -p "$XDG_RUNTIME_DIR/$c"
    run -0 --separate-stderr contained -v "$XDG_RUNTIME_DIR/$c:/v" $base true
    rmdir "$XDG_RUNTIME_DIR/$c"
    [ "$stderr" = "" ]
}

@test "limits: nproc counts the container's processes, not those of the user" {
    ambit run -d --name "$c-1" $base sh -c 'for i in $(seq 20); do sleep 100 & done; wait' >/dev/null
    ambit run -d --name "$c-2" --ulimit nproc=8 $base sh -c 'for i in 1 2 3; do sleep 100 & done; echo held: ready; wait' >/dev/null
    eventually log_has "$c-2" "held: ready"
}
