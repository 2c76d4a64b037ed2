# Images and options that lead a start astray: links where something is mounted, files that a start
# reads, commands and folders behind descriptors of the runtime.

load ../support/hostile

# More than a runtime has open while it starts a command; the images have a file for each.
descriptors=$(seq 3 23)

# stays_inside IMAGE: it runs as it should, or the start is refused, and nothing is made on the host.
stays_inside() {
    run contained "$1" attacker look "$marker"
    [[ $status == 125 || ($status == 0 && $output == *held:*) ]] || { echo "$1: $output"; return 1; }
    [ ! -e "$made" ] || { echo "$1: made $made"; return 1; }
}

# not_executed COMMAND...: it is the runtime that ended it.
not_executed() {
    local code=0
    output=$("$@" 2>&1 </dev/null) || code=$?
    [[ ($code == 126 || $code == 127) && $output == ambit* ]] || { echo "$*: $code: $output"; return 1; }
}

@test "image: /dev that is a link leads no device to the host or over /proc" {
    refused 125 "only a tmpfs can be mounted on /dev" contained hostile:dev-to-proc
    stays_inside hostile:dev-to-host
    stays_inside hostile:dev-to-tmp
}

@test "image: /proc and /sys that are links are refused (CVE-2019-16884)" {
    refused 125 "a link is there" contained hostile:proc-to-root
    refused 125 "a link is there" contained hostile:sys-to-proc
    refused 125 "a link is there" contained hostile:proc-to-tmp
}

@test "image: /etc and what is mounted in it may be links, and make nothing on the host" {
    stays_inside hostile:etc-to-host
    stays_inside hostile:hosts-to-host
}

@test "image: a /proc of its own, with a volume on it, is covered by the kernel's (CVE-2019-16884)" {
    holds contained hostile:own-proc attacker look "$marker"
    [ "$(contained hostile:own-proc cat /proc/self/uid_map)" != "0 0 4294967295" ]
}

@test "image: users come from its own /etc/passwd, never from the host's or /proc's" {
    # The name of this user, which the image lacks.
    run contained -u "$(id -un)" hostile:passwd-to-host id
    [ "$status" -eq 125 ]
    refused 125 "no group" contained -u "0:$(id -gn)" hostile:passwd-to-host id
}

@test "image: /etc/passwd that is a fifo and /etc/group that never ends hold no start up" {
    refused 125 "no user" contained -u www hostile:passwd-fifo true
    run -0 contained -u 33:34 hostile:passwd-fifo grep '^[UG]id' /proc/self/status
    [[ ${lines[0]} == Uid:*33 && ${lines[1]} == Gid:*34 ]]
}

@test "image: a home folder behind a descriptor leads nowhere" {
    holds contained hostile:home attacker reach-file "$marker"
}

@test "descriptors: no folder that the runtime has open is a working folder (CVE-2024-21626)" {
    local fd
    ambit run -d --name "$c" $base sleep 100 >/dev/null
    for fd in $descriptors; do
        for folder in "/proc/self/fd/$fd/../.." "/wd-$fd"; do
            run execute "$c" -w "$folder" attacker reach-file "$marker"
            [[ $status == 125 || $output == *held:* ]] || { echo "exec in $folder: $output"; return 1; }
        done
        run contained -w "/wd-$fd" $base attacker reach-file "$marker"
        [[ $status == 125 || $output == *held:* ]] || { echo "run in /wd-$fd: $output"; return 1; }
    done
}

@test "descriptors: no command or interpreter is found by way of one (CVE-2024-21626)" {
    local fd up=../../../../../../../../../..
    printf '#!/bin/busybox sh\necho of the host\n' >"$marker"
    chmod +x "$marker"
    ambit run -d --name "$c" $base sleep 100 >/dev/null
    for fd in $descriptors; do
        not_executed execute "$c" "/proc/self/fd/$fd/$up$marker"
        not_executed execute "$c" "up-$fd"
        not_executed contained $base "/proc/self/fd/$fd/$up$marker"
        not_executed contained $base "up-$fd"
    done
}

@test "descriptors: no way up leads out, from run and exec" {
    holds contained $base attacker reach-file "$marker"
    ambit run -d --name "$c" $base sleep 100 >/dev/null
    holds execute "$c" attacker reach-file "$marker"
    holds execute "$c" -u nobody attacker reach-file "$marker"
}

@test "mount: no volume and no tmpfs covers /proc, /sys or the root, whatever its path (CVE-2019-16884)" {
    local place dir=$BATS_TEST_TMPDIR/dir
    mkdir "$dir"
    for place in /proc /proc/self /proc/self/attr /proc/1/root /proc/sys /sys /sys/fs/cgroup /sys/kernel \
        / /.. /wd/../proc //proc/; do
        run contained -v "$dir:$place" $base attacker look
        [ "$status" -eq 125 ] || { echo "volume on $place: $output"; return 1; }
        # A tmpfs in its place hides it and shows nothing.
        [[ $place != /sys/fs/cgroup ]] || continue
        run contained --tmpfs "$place" $base attacker look
        [ "$status" -eq 125 ] || { echo "tmpfs on $place: $output"; return 1; }
    done
}

@test "mount: flags of the source's file system are kept" {
    local dir=$XDG_RUNTIME_DIR/$c
    mkdir "$dir"
    cp /bin/busybox "$dir/suid"
    chmod u+s "$dir/suid"
    run -0 contained -v "$dir:/v:ro" $base grep ' /v ' /proc/self/mountinfo
    rm -r "$dir"
    [[ $output == *nosuid* && $output == *nodev* && $output == *ro,* ]]
}

@test "mount: a source that goes between create and start is named" {
    local dir=$BATS_TEST_TMPDIR/goes
    mkdir "$dir"
    ambit create --name "$c" -v "$dir:/v" $base true >/dev/null
    rmdir "$dir"
    refused 125 "$dir" ambit start -a "$c"
}
