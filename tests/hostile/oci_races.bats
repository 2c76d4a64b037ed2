# The races of races.bats on ambit-oci: a peer renames what a start or an exec looks up, without a pause.

load ../support/hostile_oci

# A root file system of its own for this test, which the victim runs on and the peer has as a volume.
shared_root() {
    root=$BATS_TEST_TMPDIR/root
    "$support/hostile-image" "$build" "$root" base
}

# well N COMMAND...: N times, and on until it was not refused once, it ends well or is refused.
well() {
    local times=$1 done=0 i
    shift
    for ((i = 0; i < times || done == 0; i++)); do
        ((i < times + 200)) || { echo "always refused: $output"; return 1; }
        run "$@"
        if ((status == 0)); then
            done=$((done + 1))
        elif ! is_refusal; then
            echo "ended with $status: $output"
            return 1
        fi
    done
}

@test "oci race: no mask of /proc is lost while a peer swaps /proc (CVE-2025-52881)" {
    shared_root
    peer peer -v "$root:/shared" base attacker swap /shared 300 proc=-
    well "$(rounds 50 30)" contained "rootfs:$root" attacker look "$marker"
    holds ended_peer peer
}

@test "oci race: no mask of /sys is lost while a peer swaps /sys" {
    shared_root
    peer peer -v "$root:/shared" base attacker swap /shared 300 sys=-
    well "$(rounds 50 30)" contained "rootfs:$root" attacker look "$marker"
    holds ended_peer peer
}

# What a start would bind if it went by the path: a terminal and a device of the peer's making.
swapped_dev() {
    shared_root
    mkdir -p "$root/dev-elsewhere/pts"
    ln -s /proc/version "$root/dev-elsewhere/pts/0"
    ln -s /proc/version "$root/dev-elsewhere/null"
    peer peer -v "$root:/shared" base attacker swap /shared 1000 dev=/dev-elsewhere
}

@test "oci race: the terminal is the container's own while a peer swaps /dev (CVE-2025-52565)" {
    swapped_dev
    well "$(rounds 60 40)" contained -t "rootfs:$root" attacker look "$marker"
    holds ended_peer peer
}

@test "oci race: devices and masks are not made of a /dev/null that a peer swaps (CVE-2025-31133)" {
    swapped_dev
    well "$(rounds 60 40)" contained "rootfs:$root" attacker look "$marker"
    holds ended_peer peer
}

@test "oci race: a mount below a volume stays in the container while a peer swaps its target (CVE-2021-30465)" {
    local volume=$BATS_TEST_TMPDIR/volume
    mkdir -p "$volume/a" "$BATS_TEST_TMPDIR/source"
    echo mine >"$BATS_TEST_TMPDIR/source/file"
    peer peer -v "$volume:/shared" base attacker swap /shared 300 "a=${made%/*}"
    well "$(rounds 50 30)" contained -v "$volume:/volume" \
        -v "$BATS_TEST_TMPDIR/source:/volume/a/${made##*/}" base attacker reach-file "$marker"
    holds ended_peer peer
    [ ! -e "$made" ]
    [ "$(cat "$BATS_TEST_TMPDIR/source/file")" = mine ]
}

@test "oci race: the root is the bundle's or none while a peer swaps it for a link to the host's" {
    mkdir "$BATS_TEST_TMPDIR/shared"
    root=$BATS_TEST_TMPDIR/shared/rootfs
    "$support/hostile-image" "$build" "$root" base
    peer peer -v "$BATS_TEST_TMPDIR/shared:/shared" base attacker swap /shared 300 rootfs=/
    well "$(rounds 50 30)" contained "rootfs:$root" /bin/attacker look "$marker"
    holds ended_peer peer
}

@test "oci race: a working folder that is swapped for a magic link leads nowhere" {
    local fd
    # shellcheck disable=SC2016  # variables of the container's shell
    peer peer base sh -c 'for n in $(seq 3 12); do mkdir -p /x/$n; set -- "$@" $n=/proc/self/fd/$n; done
        exec attacker swap /x 50 "$@"' sh
    for fd in $(seq 3 12); do
        well "$(rounds 6 4)" execute peer -w "/x/$fd" attacker reach-file "$marker"
    done
    holds ended_peer peer
}

@test "oci race: /etc/passwd that is swapped for a fifo doesn't hold exec up" {
    peer peer base sh -c 'mkfifo /fifo && exec attacker swap /etc 50 passwd=/fifo group=/dev/zero'
    well "$(rounds 30 20)" execute peer -u 33 attacker reach-file "$marker"
    holds ended_peer peer
}
