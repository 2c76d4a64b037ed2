# Containers whose PID 1 is systemd, over a real Debian.

load ../support/ambit

setup_file() {
    need_image
    local tar=$top/build/cache/debian-systemd.tar
    [[ -s $tar ]] || return 0
    ambit inspect --type image debian-systemd >/dev/null 2>&1 || ambit import "$tar" debian-systemd
}

setup() {
    # The tests of options need no Debian.
    [[ $BATS_TEST_DESCRIPTION == systemd\ option:* || -s $top/build/cache/debian-systemd.tar ]] ||
        missing "a Debian with systemd in build/cache, which contrib/check makes"
}

# Starts one and waits until it is up.
boot() {
    ambit run -d --name "$c" "$@" debian-systemd /sbin/init >/dev/null
    eventually ambit exec "$c" test -S /run/dbus/system_bus_socket
    run ambit exec "$c" systemctl is-system-running --wait
    [[ $output == running ]] || { ambit exec "$c" systemctl --failed --no-pager; return 1; }
}

@test "systemd inside: a Debian boots to running, and its console is the log" {
    boot
    log_has "$c" "Welcome to .*Debian"
    # Lines of the log end as in files.
    run ! grep -q $'\r$' <(ambit logs "$c")
}

@test "systemd inside: what a manager of containers owes it is there" {
    boot
    id=$(property "$c" Id)
    run -0 ambit exec "$c" cat /run/host/container-manager /run/host/container-uuid /etc/machine-id
    [[ $output == "ambit"$'\n'"${id:0:32}"$'\n'"${id:0:32}" ]]
    run ! ambit exec "$c" touch /run/host/x
    for place in /run /run/lock /tmp /var/log/journal; do
        [[ $(ambit exec "$c" stat -f -c %T "$place") == tmpfs ]]
    done
    run -0 ambit exec "$c" stat -c %U /sys/fs/cgroup/cgroup.procs
    [[ $output == root ]]
}

@test "systemd inside: exec joins the leaf cgroup of PID 1, where the root can hold no process" {
    boot
    run -0 ambit exec "$c" cat /proc/self/cgroup
    [[ $output == *0::/init.scope ]]
}

@test "systemd inside: a stop is orderly: units run their ExecStop" {
    boot -v "$BATS_TEST_TMPDIR:/out"
    ambit exec "$c" systemd-run -q --unit=orderly -p ExecStop="/bin/sh -c 'echo stopped > /out/word'" sleep infinity
    ambit stop "$c"
    [[ $(cat "$BATS_TEST_TMPDIR/word") == stopped ]]
    [[ $(property "$c" ExitCode) == 0 && $(property "$c" ExitReason) == poweroff ]]
}

@test "systemd inside: poweroff and reboot in it end it, each with its reason" {
    boot
    ambit exec "$c" systemctl poweroff || true
    eventually state_is "$c" exited
    [[ $(property "$c" ExitCode) == 0 && $(property "$c" ExitReason) == poweroff ]]
    ambit start "$c"
    eventually ambit exec "$c" systemctl is-active -q dbus.socket
    ambit exec "$c" systemctl reboot || true
    eventually state_is "$c" exited
    [[ $(property "$c" ExitCode) == 129 && $(property "$c" ExitReason) == reboot ]]
}

@test "systemd option: an init that is no systemd is an ordinary command, unless one says always" {
    ambit create --name "$c" "$image" /sbin/init >/dev/null
    [[ $(ambit inspect "$c" | jq '.[0].config.systemd') == false ]]
    ambit create --name "$c-2" --systemd=always "$image" sleep 1 >/dev/null
    [[ $(ambit inspect "$c-2" | jq -r '.[0].config | "\(.systemd) \(.stopSignal)"') == "true SIGRTMIN+3" ]]
    ambit create --name "$c-3" --systemd=false "$image" systemd >/dev/null
    [[ $(ambit inspect "$c-3" | jq '.[0].config.systemd') == false ]]
    run -125 ambit create --name "$c-4" --systemd=maybe "$image" true
    [[ $output == *"true, false or always"* ]]
    run -125 ambit create --name "$c-4" --systemd=always --init "$image" true
}
