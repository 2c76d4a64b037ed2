# Peers that share files with a container and change them while it starts, or while a command is
# executed in it. The peer is a container too, and renames without a pause.

load ../support/hostile

# A root file system in a folder, which the victim runs on and the peer has as a volume.
shared_root() {
    root=$BATS_TEST_TMPDIR/root
    mkdir "$root"
    "$support/make-image" rootfs - "$BATS_TEST_TMPDIR/root.tar"
    tar -C "$root" -xf "$BATS_TEST_TMPDIR/root.tar"
    cp "$attacker" "$root/bin/attacker"
}

# well N COMMAND...: N times, and on until it was not refused once, it ends well or is refused.
well() {
    local times=$1 done=0 i code
    shift
    for ((i = 0; i < times || done == 0; i++)); do
        ((i < times + 200)) || { echo "always refused: $output"; return 1; }
        code=0
        output=$("$@" 2>&1 </dev/null) || code=$?
        case $code in
        0) done=$((done + 1)) ;;
        125 | 126 | 127) ;;
        *) echo "ended with $code: $output" && return 1 ;;
        esac
    done
}

@test "race: no mask of /proc is lost while a peer swaps /proc (CVE-2025-52881)" {
    shared_root
    peer "$c-peer" -v "$root:/shared" $base attacker swap /shared 300 proc=-
    well "$(rounds 50 30)" contained "rootfs:$root" attacker look "$marker"
    holds ended_peer "$c-peer"
}

@test "race: no mask of /sys is lost while a peer swaps /sys" {
    shared_root
    peer "$c-peer" -v "$root:/shared" $base attacker swap /shared 300 sys=-
    well "$(rounds 50 30)" contained "rootfs:$root" attacker look "$marker"
    holds ended_peer "$c-peer"
}

# What a start would bind if it went by the path: a terminal and a device of the peer's making.
swapped_dev() {
    shared_root
    mkdir -p "$root/dev-elsewhere/pts"
    ln -s /proc/version "$root/dev-elsewhere/pts/0"
    ln -s /proc/version "$root/dev-elsewhere/null"
    peer "$c-peer" -v "$root:/shared" $base attacker swap /shared 1000 dev=/dev-elsewhere
}

@test "race: the terminal is the container's own while a peer swaps /dev (CVE-2025-52565)" {
    swapped_dev
    well "$(rounds 80 50)" contained -t "rootfs:$root" attacker look "$marker"
    holds ended_peer "$c-peer"
}

@test "race: devices and masks are not made of a /dev/null that a peer swaps (CVE-2025-31133)" {
    swapped_dev
    well "$(rounds 80 50)" contained "rootfs:$root" attacker look "$marker"
    holds ended_peer "$c-peer"
}

@test "race: a mount below a volume stays in the container while a peer swaps its target (CVE-2021-30465)" {
    local volume=$BATS_TEST_TMPDIR/volume
    mkdir -p "$volume/a" "$BATS_TEST_TMPDIR/source"
    echo mine >"$BATS_TEST_TMPDIR/source/file"
    peer "$c-peer" -v "$volume:/shared" $base attacker swap /shared 300 "a=${made%/*}"
    well "$(rounds 50 30)" contained -v "$volume:/volume" \
        -v "$BATS_TEST_TMPDIR/source:/volume/a/${made##*/}" $base attacker reach-file "$marker"
    holds ended_peer "$c-peer"
    [ ! -e "$made" ]
    [ "$(cat "$BATS_TEST_TMPDIR/source/file")" = mine ]
}

@test "race: a working folder that is swapped for a magic link leads nowhere" {
    local fd
    peer "$c" $base sh -c 'for n in $(seq 3 12); do mkdir -p /x/$n; set -- "$@" $n=/proc/self/fd/$n; done
        exec attacker swap /x 50 "$@"' sh
    for fd in $(seq 3 12); do
        well "$(rounds 6 4)" execute "$c" -w "/x/$fd" attacker reach-file "$marker"
    done
    holds ended_peer "$c"
}

@test "race: /etc/passwd that is swapped for a fifo doesn't hold a command up" {
    peer "$c" $base sh -c 'mkfifo /fifo && exec attacker swap /etc 50 passwd=/fifo group=/dev/zero'
    well "$(rounds 30 20)" execute "$c" -u www attacker reach-file "$marker"
    holds ended_peer "$c"
}
