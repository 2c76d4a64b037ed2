# What a command in a rig sees, and what its caller gets back.

setup_file() {
    load rig
    need_root
    "$rig" --name "$prefix" boot
}

teardown_file() {
    load rig
    "$rig" --name "$prefix" down
}

setup() {
    load rig
    export AMBIT_RIG=$prefix
}

@test "run: the exit status is the command's" {
    run -7 "$rig" run sh -c 'exit 7'
    run -0 "$rig" run true
}

@test "run: a command that a signal ended gives 128 and the signal's number" {
    run -143 "$rig" run sh -c 'kill -TERM $$'
}

@test "run: 127 for no such command, 126 for one that cannot be executed" {
    run -127 "$rig" run no-such-command
    run -126 "$rig" run /etc/passwd
}

@test "run: 125 for a mistake in rig's own options" {
    run -125 "$rig" run
    run -125 "$rig" run -e novalue true
    run -125 "$rig" --name 'a b' run true
    run -125 "$rig" nonsense
}

@test "run: standard input and output pass every byte" {
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    "$rig" run cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
    cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "run: standard output and standard error stay apart" {
    run --separate-stderr "$rig" run sh -c 'echo out; echo err >&2'
    [ "$output" = out ]
    [ "$stderr" = err ]
}

@test "run: the command can open its own standard streams when they are pipes" {
    run -0 bash -c 'echo text | "$0" run sh -c "cat /dev/stdin >/dev/stdout" | cat' "$rig"
    [ "$output" = text ]
}

@test "run: arguments arrive as they are" {
    run -0 "$rig" run printf '<%s>' 'a b' '' '$HOME' $'line\nbreak' '"'
    [ "$output" = $'<a b><><$HOME><line\nbreak><">' ]
}

@test "run: the command's folder is the caller's if the rig has it, else home" {
    cd "$BATS_TEST_DIRNAME"
    run -0 "$rig" run pwd
    [ "$output" = "$BATS_TEST_DIRNAME" ]
    cd "$BATS_TEST_TMPDIR"
    run -0 "$rig" run pwd
    [ "$output" = /home/ambit ]
}

@test "run: AMBIT_ variables, TERM and LANG pass, others do not, and -e adds" {
    export AMBIT_PASSED='with space' OTHER=no TERM=vt220 LANG=C
    run -0 "$rig" run -e ADDED=1 -e 'LAST=a=b' sh -c 'echo "$AMBIT_PASSED,$OTHER,$TERM,$LANG,$ADDED,$LAST"'
    [ "$output" = 'with space,,vt220,C,1,a=b' ]
}

@test "run: a terminal is one inside too, with its size, its owner and its exit status" {
    run -5 script -qec "stty rows 33 cols 77; $rig run sh -c 'tty; stty size; stat -c %U \$(tty); exit 5'" /dev/null </dev/null
    [[ $output == */dev/pts/* ]]
    [[ $output == *"33 77"* ]]
    [[ $output == *ambit* ]]
}

@test "run: arguments arrive as they are through a terminal" {
    run -0 script -qec "$rig run printf '<%s>' 'a b' '' '\$HOME' '\"'" /dev/null </dev/null
    [[ $output == *'<a b><><$HOME><">'* ]]
}

@test "run: with a terminal, a redirected standard error stays apart" {
    run -0 script -qec "$rig run sh -c 'echo out; echo err >&2' 2>$BATS_TEST_TMPDIR/err" /dev/null </dev/null
    [[ $output == *out* && $output != *err* ]]
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
}

@test "run: ctrl-C interrupts the command and its shell lives on" {
    # Whoever runs the tests in the background may have it ignored, and no shell can trap it then.
    { eventually grep -q started "$BATS_TEST_TMPDIR/log" && printf '\003' && eventually grep -q caught "$BATS_TEST_TMPDIR/log"; } |
        env --default-signal=INT script -qefc "$rig run bash -c 'trap \"echo caught; exit 3\" INT; echo started; sleep 60'" \
            "$BATS_TEST_TMPDIR/log" >/dev/null && false || status=$?
    grep -q caught "$BATS_TEST_TMPDIR/log"
    [ "$status" = 3 ]
}

@test "run: kill -9 of the caller's process ends the command" {
    "$rig" run sleep 4711 &
    eventually "$rig" run pgrep -f '^sleep 4711' >/dev/null
    kill -KILL $!
    eventually sh -c '! "$0" run pgrep -f "^sleep 4711"' "$rig"
}

@test "root: is root, on a machine named after the rig" {
    run -0 "$rig" root sh -c 'id -u; hostname; cat /etc/hostname'
    [ "$output" = "0"$'\n'"rig-$prefix"$'\n'"rig-$prefix" ]
}

@test "session: the system and the user's manager are running" {
    run -0 "$rig" root systemctl is-system-running --wait
    [ "$output" = running ]
    run -0 "$rig" run systemctl --user is-system-running --wait
    [ "$output" = running ]
}

@test "session: logind knows the user, who lingers" {
    run -0 "$rig" run loginctl show-user ambit -P Linger
    [ "$output" = yes ]
}

@test "session: a transient scope starts" {
    run -0 "$rig" run systemd-run --user --scope --quiet cat /proc/self/cgroup
    [[ $output == */user@*.service/app.slice/run-*.scope* ]]
}

@test "session: commands run in the user's slice, outside of the user's manager" {
    run -0 "$rig" run cat /proc/self/cgroup
    [[ $output == *0::/user.slice/user-*.slice/rig-run.service* ]]
}

@test "session: the user reads the journal of the user's units" {
    "$rig" run systemd-run --user --wait --quiet echo "line of $prefix"
    "$rig" root journalctl --sync
    run -0 "$rig" run journalctl --user -o cat
    [[ $output == *"line of $prefix"* ]]
}

@test "session: newuidmap gives a namespace with a range of ids" {
    run -0 "$rig" run unshare --user --map-auto --map-root-user cat /proc/self/uid_map
    [[ $output =~ 65535 ]]
}

@test "session: a user namespace can mount overlays in the home, procfs and sysfs" {
    run -0 "$rig" run unshare --user --map-root-user --mount --net --pid --fork sh -ec '
        cd; mkdir -p o/lower o/upper o/work o/merged; echo below >o/lower/file; echo gone >o/lower/gone
        mount -t overlay -o userxattr,lowerdir=o/lower,upperdir=o/upper,workdir=o/work none o/merged
        echo more >>o/merged/file; rm o/merged/gone; cat o/upper/file; test -c o/upper/gone
        mount -t proc none /proc; mount -t sysfs none /sys; rm -r o/upper/*'
    [ "$output" = $'below\nmore' ]
}

@test "machine: loopback is up, and tun and fuse can be opened" {
    run -0 "$rig" run sh -c 'ip -br address show lo; : <>/dev/fuse; : <>/dev/net/tun'
    [[ $output == *127.0.0.1/8* ]]
    run -0 "$rig" run unshare --user --map-root-user --net ip tuntap add tap0 mode tap
}

@test "machine: the source tree is the user's to read and write, and the host keeps its owner" {
    run -0 "$rig" run sh -c 'test -w "$0" && touch "$0/.written" && stat -c %U "$0/.written"' "$BATS_TEST_DIRNAME"
    [ "$output" = ambit ]
    [ "$(stat -c %u "$BATS_TEST_DIRNAME/.written")" = "$(stat -c %u "$BATS_TEST_DIRNAME")" ]
    rm "$BATS_TEST_DIRNAME/.written"
}

@test "machine: what root changes inside does not reach the host" {
    "$rig" root sh -c 'echo changed >/etc/issue; touch /usr/local/rig-was-here /tmp/rig-was-here'
    [ "$(cat /etc/issue)" != changed ]
    [ ! -e /usr/local/rig-was-here ]
    [ ! -e /tmp/rig-was-here ]
}
