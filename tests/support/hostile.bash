# shellcheck shell=bash
# Shared by the attacks of tests/hostile: what they need beyond ambit.bash. An attack itself knows
# nothing of the runtime; only contained, peer and execute below start one. What it finds is its exit
# code: 0 held, 1 escaped (it says how), 2 not tried.
#
# Attacks on what ambit has elsewhere, or not yet:
#
#   links, hard links, owners, devices and overlay     archives.bats
#       attributes in layers; a root that is a link
#   ambit-oci                                          oci.bats, oci_races.bats, also as root
#   user and group files that are hostile              oci.bats, unit/sandbox/user_test.cc
#   calls that are newer than a filter                 unit/sandbox/seccomp_compile_test.cc
#   ids in a layer that the user has not               archives.bats
#   the caller's session keyring                       integration/oci_keyring.bats
#   a host where no user namespace can be made         integration/oci_inside.bats
#   foreign calls and arguments, one by one            unit/sandbox/seccomp_test.cc
#   subordinate ids that a user namespace lacks        unit/sandbox/base_userns_test.cc, plan_test.cc
#   source behind a folder of somebody else's          unit/sandbox/mounts_test.cc
#   AppArmor or a hardened unit in the way             unit/daemon/host_check_test.cc
#   copies of the runtime and tiny memory limits       with memory limits
#   volumes of images, sources that are links in them  with volumes
#   build mounts whose source is a link                with build
#   sockets of slirp4netns, ports of the host by it    with networks
#   maps that keep the user's id                       with --userns

# shellcheck source-path=SCRIPTDIR source=ambit.bash
. "$BATS_TEST_DIRNAME/../support/ambit.bash"

build=${AMBIT_BUILD:-$top/build}
attacker=$build/tests/support/attacker/attacker
base=hostile:base
# What no container may see: a file of this user's.
marker=$HOME/hostile-marker
# Where images point that want something made on the host.
made=/var/tmp/ambit-made-by-image

# The images of tests/support/hostile-image, once for all files unless the attacker has changed.
need_hostile_images() {
    local sum
    sum=$(cksum <"$attacker")
    if [[ $(ambit run --rm $base cksum 2>/dev/null </dev/null /bin/attacker) == "${sum} /bin/attacker" ]]; then
        return 0
    fi
    "$support/hostile-image" "$build" "$BATS_FILE_TMPDIR/images"
    ambit load -i "$BATS_FILE_TMPDIR/images" >/dev/null
}

# contained OPTION... IMAGE COMMAND...: in a container that goes when it ends.
contained() { timeout -k 5 30 ambit run --rm "$@"; }
# peer NAME OPTION... IMAGE COMMAND...: in one that goes on beside the test; returns once it is at it.
peer() {
    local name=$1
    shift
    ambit run -d --name "$name" "$@" >/dev/null
    eventually log_has "$name" "held: ready"
}
# execute NAME [-OPTION VALUE]... COMMAND...: in a container that runs.
execute() {
    local name=$1 options=()
    shift
    while [[ $1 == -* ]]; do
        options+=("$1" "$2")
        shift 2
    done
    timeout -k 5 30 ambit exec "${options[@]}" "$name" "$@"
}

has_tried() { log_has "$1" '^tried$'; }

# again N execute NAME ...: N times, and not less than five, whatever comes of it; then on a busy machine
# as often as it takes until the peer NAME was quick enough to see one of them.
again() {
    local left=$(($1 > 5 ? $1 : 5)) name=$3 end=$((SECONDS + 20))
    shift
    while ((left-- > 0)) || { ((SECONDS < end)) && ! has_tried "$name"; }; do
        "$@" >/dev/null 2>&1 </dev/null || true
    done
}

# What a peer found, once it has ended, with its exit code; it is asked to end.
ended_peer() {
    ambit kill -s TERM "$1" >/dev/null 2>&1 || true
    local code
    code=$(timeout -k 5 20 ambit wait "$1")
    ambit logs "$1"
    return "$code"
}

# holds COMMAND...: it ran to its end, and nothing escaped.
holds() {
    run -0 "$@"
    [[ ${lines[-1]} == held:* ]] || { echo "no verdict: $output"; false; }
}
# refused CODE TEXT COMMAND...: the runtime's own answer.
refused() {
    local code=$1 text=$2
    shift 2
    run "-$code" "$@"
    [[ $output == *"$text"* ]] || { echo "not '$text' but: $output"; false; }
}

setup_file() { need_hostile_images; }
setup() { echo secret >"$marker"; }
teardown() {
    remove_containers
    rm -f "$marker"
    [ ! -e "$made" ]
}
