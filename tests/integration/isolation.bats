# What a container can see and do.

load ../support/ambit

status_of() { awk -v key="$1:" '$1 == key { print $2 }' <<<"$output"; }

@test "isolation: no capability is inheritable or ambient, no new privileges, seccomp filters" {
    run -0 ambit run --rm $image cat /proc/self/status
    [ "$(status_of CapInh)" = 0000000000000000 ]
    [ "$(status_of CapAmb)" = 0000000000000000 ]
    [ "$(status_of NoNewPrivs)" = 1 ]
    [ "$(status_of Seccomp)" = 2 ]
    [ "$(status_of CapBnd)" = "$(status_of CapPrm)" ]
    (((0x$(status_of CapBnd) & 0x3fffffffff) != 0x3fffffffff))
}

@test "isolation: an ordinary user inside has no capabilities" {
    run -0 ambit run --rm -u nobody $image cat /proc/self/status
    [ "$(status_of CapEff)" = 0000000000000000 ]
    [ "$(status_of CapPrm)" = 0000000000000000 ]
}

@test "isolation: --cap-drop ALL leaves none, --cap-add adds one" {
    run -0 ambit run --rm --cap-drop ALL $image cat /proc/self/status
    [ "$(status_of CapEff)" = 0000000000000000 ]
    [ "$(status_of CapBnd)" = 0000000000000000 ]
    run -0 ambit run --rm --cap-drop ALL --cap-add NET_ADMIN $image cat /proc/self/status
    [ "$(status_of CapEff)" = 0000000000001000 ]
    run -125 ambit run --rm --cap-add NO_SUCH_CAP $image true
}

@test "isolation: only the container's own processes are visible" {
    run -0 ambit run --rm $image sh -c 'ls -d /proc/[0-9]*'
    [ "${lines[0]}" = /proc/1 ]
    [ "${#lines[@]}" -le 2 ]
}

@test "isolation: no descriptor but the three standard ones reaches the command" {
    run -0 ambit run --rm $image sh -c 'ls /proc/self/fd'
    # ls has the folder itself open.
    [ "$output" = $'0\n1\n2\n3' ]
    run -0 ambit run --rm -i $image sh -c 'for f in /proc/self/fd/*; do readlink $f || true; done' </dev/null
    [[ $output != *socket* ]]
    [[ $output != *memfd* ]]
}

@test "isolation: no mount of the host is visible" {
    run -0 ambit run --rm $image cat /proc/self/mountinfo
    [[ $output != *"$HOME"* || $output == *"lowerdir="* ]]
    # Fields 4 and 5: the root of the mount in its file system, and where it is. Only /etc files of
    # the container's own come from the host's file systems.
    while read -r _ _ _ root where _; do
        case $where in
        /etc/hosts | /etc/hostname | /etc/resolv.conf) [[ $root == */containers/*/etc/* ]] ;;
        /dev/* | /proc/* | /sys/*) ;;
        *) [ "$root" = / ] ;;
        esac || { echo "$root at $where"; false; }
    done <<<"$output"
}

@test "isolation: the host's files are not reachable" {
    echo secret >"$HOME/secret-of-$c"
    run ambit run --rm $image sh -c "cat '$HOME/secret-of-$c' /proc/1/root/$HOME/secret-of-$c /proc/1/cwd/../../..$HOME/secret-of-$c"
    rm -f "$HOME/secret-of-$c"
    [ "$status" -ne 0 ]
    [[ $output != *secret$'\n'* ]]
    [ "$(ambit run --rm $image sh -c 'cd /; cd ../../../..; pwd; ls -d home/ambit 2>/dev/null')" = / ]
}

@test "isolation: writing to /proc/sys, /sys and cgroups above fails" {
    run ambit run --rm $image sh -c 'echo 1 >/proc/sys/kernel/panic'
    [ "$status" -ne 0 ]
    run ambit run --rm $image sh -c 'echo x >/proc/sysrq-trigger'
    [ "$status" -ne 0 ]
    run ambit run --rm $image sh -c 'mkdir /sys/fs/cgroup/../x || touch /sys/x'
    [ "$status" -ne 0 ]
    run -0 ambit run --rm $image cat /proc/self/cgroup
    grep -qx 0::/ <<<"$output"
}

@test "isolation: masked files are empty or unreadable" {
    run -0 ambit run --rm $image sh -c 'cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c'
    [ "$output" = 0 ]
}

@test "isolation: mounting over is refused, even for root inside" {
    run ambit run --rm $image mount -t tmpfs none /tmp
    [ "$status" -ne 0 ]
    run ambit run --rm $image mount -o remount,rw /sys
    [ "$status" -ne 0 ]
    run ambit run --rm $image umount /proc/sys
    [ "$status" -ne 0 ]
}

@test "isolation: no device of the host can be made" {
    run ambit run --rm $image mknod /tmp/disk b 8 0
    [ "$status" -ne 0 ]
    run -0 ambit run --rm $image sh -c 'ls /dev'
    [[ $output != *sda* && $output != *kmsg* && $output != *mem* ]]
    for node in null zero full random urandom tty ptmx pts shm mqueue fd stdin stdout stderr; do
        [[ " ${lines[*]} " == *" $node "* ]] || { echo "no /dev/$node"; false; }
    done
}

@test "isolation: new user namespaces are refused" {
    run ambit run --rm $image unshare -U true
    [ "$status" -ne 0 ]
}

@test "isolation: the container is root inside and somebody else outside" {
    local pid
    ambit run -d --name "$c" $image sleep 100
    pid=$(main_pid "$c")
    [ "$(stat -c %u "/proc/$pid")" = "$UID" ]
    ambit run -d --name "$c-n" -u nobody $image sleep 100
    [ "$(stat -c %u "/proc/$(main_pid "$c-n")")" != "$UID" ]
    [ "$(stat -c %u "/proc/$(main_pid "$c-n")")" != 65534 ]
}

@test "isolation: its namespaces are its own" {
    local pid kind
    ambit run -d --name "$c" $image sleep 100
    pid=$(main_pid "$c")
    for kind in user mnt pid uts ipc cgroup net; do
        [ "$(readlink "/proc/$pid/ns/$kind")" != "$(readlink /proc/self/ns/$kind)" ]
    done
}

@test "network: none has only a loopback, which is up" {
    run -0 ambit run --rm --network none $image ls /sys/class/net
    [ "$output" = lo ]
    run -0 ambit run --rm $image ip addr show lo
    [[ $output == *127.0.0.1* && $output == *UP* ]]
}

@test "network: host shows the host's interfaces" {
    [ "$(ambit run --rm --network host $image cat /proc/net/dev)" != "$(ambit run --rm $image cat /proc/net/dev)" ] ||
        [ "$(wc -l </proc/net/dev)" = 3 ]
    ambit run -d --name "$c" --network host $image sleep 100
    [ "$(readlink "/proc/$(main_pid "$c")/ns/net")" = "$(readlink /proc/self/ns/net)" ]
}

@test "read-only: nothing can be written but where a tmpfs is" {
    run ambit run --rm --read-only $image touch /x
    [ "$status" -ne 0 ]
    run -0 ambit run --rm --read-only --tmpfs /tmp $image touch /tmp/x
}

@test "host: the machine's own root, and writes stay in the container" {
    run -0 ambit run --rm host: cat /etc/os-release
    [ "$output" = "$(cat /etc/os-release)" ]
    run -0 ambit run --name "$c" host: sh -c 'echo x >/etc/made-inside; cat /etc/made-inside'
    [ "$output" = x ]
    [ ! -e /etc/made-inside ]
    run -0 ambit start -a "$c"
}

@test "rootfs: a folder of the user's is the root" {
    "$support/make-image" rootfs - "$BATS_TEST_TMPDIR/root.tar"
    mkdir "$BATS_TEST_TMPDIR/root"
    tar -C "$BATS_TEST_TMPDIR/root" -xf "$BATS_TEST_TMPDIR/root.tar"
    run -0 ambit run --rm "rootfs:$BATS_TEST_TMPDIR/root" sh -c 'echo here >/made; cat /etc/os-release'
    [[ $output == *"busybox of the tests"* ]]
    [ "$(cat "$BATS_TEST_TMPDIR/root/made")" = here ]
}
