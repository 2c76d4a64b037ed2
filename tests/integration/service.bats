# A container as a service of the user's manager: ambit@NAME.service, sd_notify(3), sockets.

load ../support/ambit

units=~/.config/systemd/user

result_of() { systemctl --user show -P Result "$1"; }
is_active() { systemctl --user is-active "$1"; }
is_failed() { systemctl --user is-failed "$1"; }
is_inactive() { [[ $(systemctl --user show -P ActiveState "$1") == inactive ]]; }
status_is() { [[ $(systemctl --user show -P StatusText "$1") == "$2" ]]; }
pid_is_other() { local pid; pid=$(main_pid "$1") && ((pid != 0 && pid != $2)); }
is_ready() { [[ $(property "$1" Ready) == true ]]; }

# drop_in UNIT LINE...: settings of its section [Service].
drop_in() {
    mkdir -p "$units/$1.d"
    printf '%s\n' '[Service]' "${@:2}" >"$units/$1.d/test.conf"
    systemctl --user daemon-reload
}

teardown() {
    systemctl --user stop "ambit@$c*" "$c*" 2>/dev/null || true
    systemctl --user reset-failed "ambit@$c*" "$c*" 2>/dev/null || true
    rm -rf "$units/ambit@$c".* "$units/ambit@$c.service.d" "$units/ambit@$c-"* "$units/$c".*
    systemctl --user daemon-reload
    remove_containers
}

@test "unit: start, stop and restart are the container's, with its own stop signal" {
    local pid
    ambit create --name "$c" $image sh -c 'trap "echo told; exit 0" TERM; echo up; while :; do sleep 0.05; done'
    systemctl --user start "ambit@$c"
    state_is "$c" running
    eventually log_has "$c" up
    pid=$(main_pid "$c")
    systemctl --user restart "ambit@$c"
    pid_is_other "$c" "$pid"
    systemctl --user stop "ambit@$c"
    state_is "$c" exited
    [ "$(result_of "ambit@$c")" = success ]
    log_has "$c" told
}

@test "unit: it ends with the container's exit code" {
    ambit create --name "$c" $image sh -c 'exit 23'
    systemctl --user start "ambit@$c" || true
    eventually is_failed "ambit@$c"
    [ "$(systemctl --user show -P ExecMainStatus "ambit@$c")" = 23 ]
    ambit create --name "$c-2" $image true
    systemctl --user start "ambit@$c-2"
    eventually is_inactive "ambit@$c-2"
    [ "$(result_of "ambit@$c-2")" = success ]
}

@test "unit: a stop with ambit or of the scope is a clean end, also by the signal" {
    local way
    ambit create --name "$c" --init $image sleep 100
    for way in "ambit stop $c" "systemctl --user stop ambit-$c.scope"; do
        systemctl --user start "ambit@$c"
        $way
        [ "$(property "$c" ExitCode)" = 143 ]
        eventually is_inactive "ambit@$c"
        [ "$(result_of "ambit@$c")" = success ]
    done
}

@test "unit: Restart= of the unit is honoured" {
    local pid
    drop_in "ambit@$c.service" Restart=on-failure RestartSec=50ms
    ambit create --name "$c" $image sleep 100
    systemctl --user start "ambit@$c"
    pid=$(main_pid "$c")
    kill -KILL "$pid"
    eventually pid_is_other "$c" "$pid"
    eventually is_active "ambit@$c"
    [ "$(systemctl --user show -P NRestarts "ambit@$c")" = 1 ]
}

@test "unit: without its supervisor the container does not stay" {
    ambit create --name "$c" $image sleep 100
    systemctl --user start "ambit@$c"
    kill -KILL "$(systemctl --user show -P MainPID "ambit@$c")"
    eventually is_failed "ambit@$c"
    state_is "$c" exited
}

@test "unit: a container that runs already is taken over" {
    local pid
    ambit run -d --name "$c" --init $image sleep 100
    pid=$(main_pid "$c")
    systemctl --user start "ambit@$c"
    [ "$(main_pid "$c")" = "$pid" ]
    systemctl --user stop "ambit@$c"
    state_is "$c" exited
}

@test "unit: a container that there is not is a failure that says so" {
    run -1 systemctl --user start "ambit@$c"
    journal_says_so() { journalctl --user -u "ambit@$c" -o cat | grep -q "no container '$c'"; }
    eventually journal_says_so
}

@test "unit: it goes on while ambitd is killed and comes back" {
    ambit create --name "$c" --init $image sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 9'
    systemctl --user start "ambit@$c"
    kill_ambitd
    is_active "ambit@$c"
    let_go "$c"
    eventually is_failed "ambit@$c"
    [ "$(systemctl --user show -P ExecMainStatus "ambit@$c")" = 9 ]
}

@test "unit: at the manager's end the service is stopped before the scope" {
    ambit create --name "$c" $image sleep 100
    systemctl --user start "ambit@$c"
    run -0 systemctl --user show -P Before "ambit-$c.scope"
    [[ $output == *"ambit@$c.service"* ]]
}

@test "unit: enable makes it part of the session" {
    ambit create --name "$c" --init $image sleep 100
    run -0 systemctl --user enable --now "ambit@$c"
    state_is "$c" running
    [[ $(systemctl --user show -P WantedBy "ambit@$c") == *default.target* ]]
    systemctl --user disable --now "ambit@$c"
    state_is "$c" exited
}

@test "service: a container that a service starts with run -d outlives it" {
    systemd-run --user --quiet --unit "$c" -p RemainAfterExit=yes \
        ambit run -d --name "$c" $image sleep 100
    eventually state_is "$c" running
    systemctl --user stop "$c"
    state_is "$c" running
    [[ $(property "$c" ControlGroup) == */ambit.slice/ambit-$c.scope ]]
}

@test "sdnotify: run -d returns, and the unit is ready, when READY=1 has come" {
    ambit create --name "$c" --sdnotify container host: \
        sh -c 'until [ -e /tmp/go ]; do sleep 0.05; done; systemd-notify --ready; sleep 100'
    systemctl --user start --no-block "ambit@$c"
    eventually state_is "$c" running
    [ "$(systemctl --user show -P ActiveState "ambit@$c")" = activating ]
    [ "$(property "$c" Ready)" = false ]
    ambit exec "$c" touch /tmp/go
    eventually is_active "ambit@$c"
    is_ready "$c"
    ambit run -d --name "$c-2" --sdnotify container host: sh -c 'systemd-notify --ready; sleep 100'
    is_ready "$c-2"
}

@test "sdnotify: one that ends before it is ready is no start" {
    run -125 ambit run -d --name "$c" --sdnotify container $image sh -c 'exit 4'
    [[ $output == *"ended before it was ready (4)"* ]]
    run -1 systemctl --user start "ambit@$c"
    run -4 ambit start -a "$c"
}

@test "sdnotify: the status is the container's and the unit's" {
    ambit create --name "$c" --sdnotify container host: \
        sh -c 'systemd-notify --ready --status="serves three"; sleep 100'
    systemctl --user start "ambit@$c"
    eventually status_is "ambit@$c" "serves three"
    [ "$(property "$c" StatusText)" = "serves three" ]
    systemctl --user restart ambit.service
    [ "$(property "$c" StatusText)" = "serves three" ]
    is_ready "$c"
}

@test "sdnotify: conmon and ignore are ready when they run" {
    local mode
    for mode in conmon ignore; do
        ambit run -d --name "$c-$mode" --sdnotify $mode $image sleep 100
        is_ready "$c-$mode"
    done
    run -125 ambit run --sdnotify sometimes $image true
    [[ $output == *"'sometimes'"*"conmon, container"* ]]
}

@test "sdnotify: nobody but the command of a container that asked for it has the socket" {
    export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
    run -0 ambit run --rm $image sh -c 'env; ls -d /run/host || true'
    [[ $output != *NOTIFY* && $output == *"No such file"* ]]
    unset NOTIFY_SOCKET
    ambit run -d --name "$c" --sdnotify container host: sh -c 'systemd-notify --ready; sleep 100'
    run -0 ambit exec "$c" env
    [[ $output != *NOTIFY* ]]
    [[ $(property "$c" Environment) != *NOTIFY* ]]
    [ -S "$runtime/containers/$(property "$c" Id)/notify.sock" ]
    ambit stop -t 0 "$c"
    [ ! -e "$runtime/containers/$(property "$c" Id)" ]
}

@test "sdnotify: a watchdog that is not fed ends the service, one that is does not" {
    ambit create --name "$c" --sdnotify container host: sh -c \
        'systemd-notify --ready; until [ -e /tmp/go ]; do systemd-notify WATCHDOG=1; sleep 0.1; done; sleep 100'
    drop_in "ambit@$c.service" WatchdogSec=2
    systemctl --user start "ambit@$c"
    run -0 ambit exec "$c" sh -c 'tr "\0" "\n" </proc/1/environ | grep WATCHDOG'
    [ "$output" = WATCHDOG_USEC=2000000 ]
    sleep 3 # longer than the watchdog waits
    is_active "ambit@$c"
    ambit exec "$c" touch /tmp/go
    eventually is_failed "ambit@$c"
    [ "$(result_of "ambit@$c")" = watchdog ]
    state_is "$c" exited
}

@test "sdnotify: a container that has no socket needs not feed a watchdog" {
    ambit create --name "$c" $image sleep 100
    drop_in "ambit@$c.service" WatchdogSec=1
    systemctl --user start "ambit@$c"
    sleep 2 # longer than the watchdog waits
    is_active "ambit@$c"
}

@test "sdnotify: a flood of messages keeps nobody busy" {
    ambit run -d --name "$c" --sdnotify container host: python3 -c '
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.send(b"READY=1")
for i in range(20000): s.send(b"STATUS=%d\nJUNK\xff\n" % i)
s.send(b"X" * 60000)
s.send(b"STATUS=done\x01\xff")
import time; time.sleep(100)'
    eventually eval '[[ $(property "$c" StatusText) == done* ]]'
    state_is "$c" running
}

@test "sdnotify: ambit run in a service of type notify tells it" {
    systemd-run --user --quiet --unit "$c" --service-type=notify \
        ambit run --rm --name "$c" --sdnotify container host: sh -c 'trap "exit 0" TERM; systemd-notify --ready --status=fine; while :; do sleep 0.05; done'
    [ "$(systemctl --user show -P StatusText "$c")" = fine ]
    is_active "$c"
    systemctl --user stop "$c"
    run -1 systemd-run --user --quiet --unit "$c-2" --service-type=notify \
        ambit run --rm --sdnotify ignore $image true
}

@test "sockets: the command gets those of the service, as sd_listen_fds(3) has it" {
    local script='import os, socket
assert os.environ["LISTEN_FDS"] == "2" and os.environ["LISTEN_PID"] == str(os.getpid())
print(sorted(int(fd) for fd in os.listdir("/proc/self/fd")))
print(os.environ["LISTEN_FDNAMES"], socket.socket(fileno=3).getsockname(), socket.socket(fileno=4).getsockname())'
    local init
    for init in "" --init; do
        run -0 python3 -c '
import os, socket, sys
for n, path in enumerate(sys.argv[1:3]):
    if os.path.exists(path): os.unlink(path)
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen()
    os.dup2(s.fileno(), 10 + n)
os.dup2(10, 3); os.dup2(11, 4); os.closerange(5, 20)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="a:b")
os.execvp("ambit", sys.argv[3:])' "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b" \
            ambit run --rm $init host: python3 -c "$script"
        [ "${lines[0]}" = "[0, 1, 2, 3, 4, 5]" ] # 5 reads the folder
        [ "${lines[1]}" = "a:b $BATS_TEST_TMPDIR/a $BATS_TEST_TMPDIR/b" ]
    done
}

@test "sockets: none are left where none were given, and exec gets none" {
    run -0 env LISTEN_PID=1 LISTEN_FDS=3 ambit run --rm $image sh -c 'env; ls /proc/self/fd'
    [[ $output != *LISTEN* ]]
    run -125 env LISTEN_PID=$$ LISTEN_FDS=many bash -c 'LISTEN_PID=$$ exec ambit run --rm busybox true'
}

@test "sockets: a .socket starts a container with a real server on its first connection" {
    ambit create --name "$c" --sdnotify container host: python3 -c '
import http.server, os, socket
assert os.environ["LISTEN_PID"] == str(os.getpid())
server = http.server.HTTPServer(("", 0), http.server.SimpleHTTPRequestHandler, bind_and_activate=False)
server.socket = socket.socket(fileno=3)
server.server_name, server.server_port = "x", 0
class Quiet(http.server.SimpleHTTPRequestHandler):
    def address_string(self): return "peer"
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(("from pid %d in %s\n" % (os.getpid(), os.uname().nodename)).encode())
server.RequestHandlerClass = Quiet
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
server.serve_forever()'
    mkdir -p "$units"
    printf '%s\n' [Socket] "ListenStream=$BATS_TEST_TMPDIR/http" >"$units/ambit@$c.socket"
    systemctl --user daemon-reload
    systemctl --user start "ambit@$c.socket"
    state_is "$c" created
    run -0 curl -sS --max-time 20 --unix-socket "$BATS_TEST_TMPDIR/http" http://x/
    [ "$output" = "from pid 1 in $(property "$c" Id | cut -c 1-12)" ]
    is_active "ambit@$c.service"
    # The container has no network: it is the socket alone that it serves.
    [ "$(property "$c" Networks)" = '1 "none' ]
    systemctl --user stop "ambit@$c.service"
    state_is "$c" exited
    run -0 curl -sS --max-time 20 --unix-socket "$BATS_TEST_TMPDIR/http" http://x/
    state_is "$c" running
}
