# shellcheck shell=bash
# What rig, its keeper and its stage share: processes that are named by pid and start time, the
# rig's cgroup, and the state folder of one rig.
#
# A rig NAME keeps everything it has outside the kernel in $RIG_STATE/NAME:
#   keeper   "PID START" of the process that watches the rig
#   pid      "PID START" of the rig's PID 1, as the host sees it
#   cgroup   the host path of the rig's cgroup
#   facts    key=value lines about a rig that is up; a rig without them is not ready
#   console  what PID 1 and the units wrote to /dev/console
#   ready    a fifo: the rig says "ready" or "failed", the keeper says "dead"
#   home/ vartmp/   the user's home and /var/tmp, on a real file system
#   mnt/     an empty folder, where the rig's own mount namespace builds its root
# and $RIG_STATE/NAME.lock, which is held while the rig is booted or taken down.

die() {
    printf 'rig: %s\n' "$*" >&2
    exit 125
}

note() {
    printf 'rig: %s\n' "$*" >&2
}

# Prints the start time of process $1 in clock ticks since boot (proc(5), stat field 22), or fails
# when there is none; a zombie is none.
proc_start() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The second field is the command in parentheses and may hold anything, parentheses too.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [[ $1 != Z && $1 != X ]] || return 1
    printf '%s\n' "${20}"
}

# Is the process written in file $1 ("PID START") still that one, and alive? Sets REPLY to its pid.
proc_in_file_alive() {
    local pid='' start=''
    REPLY=
    { read -r pid start <"$1"; } 2>/dev/null || return 1
    [[ -n $start && $(proc_start "$pid") == "$start" ]] || return 1
    REPLY=$pid
}

# Where the unified cgroup hierarchy is mounted; on a hybrid host that is not /sys/fs/cgroup.
cgroup2_mount() {
    local target='' fstype found=
    while read -r _ target fstype _; do
        [[ $fstype == cgroup2 ]] || continue
        [[ -z $found || $target == /sys/fs/cgroup ]] && found=$target
    done </proc/self/mounts
    [[ -n $found ]] || return 1
    printf '%s\n' "$found"
}

cgroup_is_empty() {
    local key value
    while read -r key value; do
        [[ $key != populated ]] || [[ $value == 0 ]] || return 1
    done 2>/dev/null <"$1/cgroup.events"
    return 0
}

# Removes cgroup $1 with all below it, deepest first, killing what is left in it. Waits up to five
# seconds for the dead to go.
cgroup_remove() {
    local tries
    [[ -n $1 && -d $1 ]] || return 0
    { echo 1 >"$1/cgroup.kill"; } 2>/dev/null || true
    for ((tries = 0; tries < 250; tries++)); do
        if cgroup_is_empty "$1"; then
            find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
            [[ -d $1 ]] || return 0
        fi
        sleep 0.02
    done
    return 1
}

# Closes every descriptor but 0, 1, 2: a process that outlives its caller must not hold the
# caller's pipes, locks and sockets.
close_inherited() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        ((fd > 2)) || continue
        eval "exec $fd>&-" 2>/dev/null || true
    done
}
