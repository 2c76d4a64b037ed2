# shellcheck shell=bash
# Shared by the tests of contrib/rig: names of their own, and a search for what a rig has left.

bats_require_minimum_version 1.5.0

rig=$BATS_TEST_DIRNAME/../../contrib/rig
rigs=/var/tmp/ambit-rig
prefix=test$$
[[ -z ${RIG_TEST_PREFIX:-} ]] || prefix=$RIG_TEST_PREFIX
export RIG_TEST_PREFIX=$prefix
unset AMBIT_RIG AMBIT_RIG_BIND AMBIT_RIG_STATE

need_root() {
    ((EUID == 0)) && return
    [[ -z ${AMBIT_TEST_MUST_RUN:-} ]] || { echo "rig needs root" >&2; return 1; }
    skip "rig needs root"
}

# Waits until COMMAND succeeds, at most ten seconds.
eventually() {
    local end=$((SECONDS + 10))
    until "$@"; do
        ((SECONDS < end)) || { echo "never came true: $*" >&2; return 1; }
        sleep 0.02
    done
}

pid_of() {
    local pid
    read -r pid _ <"$rigs/$1/$2" && echo "$pid"
}

# Prints the processes that belong to rig $1: those whose command line names its folder, and those in
# pid namespace $2. A zombie is no process: its parent has not collected it yet.
processes_of() {
    local dir stat words
    for dir in /proc/[0-9]*; do
        { read -r stat <"$dir/stat"; } 2>/dev/null || continue
        [[ ${stat##*) } != Z* ]] || continue
        { mapfile -d '' -t words <"$dir/cmdline"; } 2>/dev/null || continue
        if [[ " ${words[*]} " == *"$rigs/$1"[\ /]* ]] ||
            [[ -n ${2:-} && $2 == $(readlink "$dir/ns/pid") ]]; then
            echo "${dir##*/} ${words[*]}"
        fi
    done
}

# A namespace's mounts are listed in the mountinfo of the processes in it, so those count that still
# show this rig's folder.
mounts_of() {
    grep -l "/ambit-rig/$1/" /proc/[0-9]*/mountinfo 2>/dev/null
}

cgroups_of() {
    local path
    for path in /sys/fs/cgroup{,/unified}/ambit-rig-"$1"-[0-9]*; do
        if [[ -d $path ]]; then echo "$path"; fi
    done
}

no_processes() { [[ -z $(processes_of "$@") ]]; }
no_mounts() { [[ -z $(mounts_of "$1") ]]; }
no_cgroups() { [[ -z $(cgroups_of "$1") ]]; }
nothing_on_disk() { [[ ! -e $rigs/$1 && ! -e $rigs/$1.lock ]]; }

pid_namespace_of() {
    readlink "/proc/$(pid_of "$1" pid)/ns/pid"
}

# A copy of the tool in a source tree of its own at $1.
copy_tree() {
    mkdir -p "$1"
    cp -r "${rig%/*}" "$1/contrib"
}
