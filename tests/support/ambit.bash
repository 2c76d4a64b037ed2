# shellcheck shell=bash
# Shared by the tests of ambit as a whole, which run as an ordinary user of a machine with a systemd
# user manager where ambit is installed (contrib/check makes one).

bats_require_minimum_version 1.5.0

top=$(readlink -f "$BATS_TEST_DIRNAME/../..")
support=$top/tests/support
image=busybox
store=${XDG_DATA_HOME:-$HOME/.local/share}/ambit
runtime=$XDG_RUNTIME_DIR/ambit
shared=${AMBIT_SHARED:-$top/../shared}

# What every test's containers are called; teardown removes those.
c=t$BATS_TEST_NUMBER-$$

# --- images --------------------------------------------------------------------------------------

# Loads the image all tests use: the official busybox where it lies beside the tree, else one that is
# made of busybox-static.
need_image() {
    local source=$shared/images/busybox-glibc loaded
    if ambit inspect --type image "$image" >/dev/null 2>&1; then return 0; fi
    if [[ ! -d $source ]]; then
        source=$BATS_FILE_TMPDIR/busybox
        "$support/make-image" oci-dir busybox:test "$source"
    fi
    loaded=$(ambit load -i "$source")
    ambit tag "${loaded##* }" "$image"
}

# --- a feature that the machine lacks ------------------------------------------------------------

missing() {
    if [[ ${AMBIT_TEST_MUST_RUN:-} ]]; then
        echo "missing on this machine: $*" >&2
        return 1
    fi
    skip "$*"
}

# How often a test that repeats something does so; where nothing may be left out it is all of it, else
# fewer will do if a second number says so.
rounds() {
    if [[ ${AMBIT_TEST_QUICK:-} ]]; then
        echo "$(($1 / 10))"
    elif [[ ${AMBIT_TEST_MUST_RUN:-} ]]; then
        echo "$1"
    else
        echo "${2:-$1}"
    fi
}

# --- waiting -------------------------------------------------------------------------------------

# Waits until COMMAND succeeds, at most twenty seconds.
eventually() {
    local end=$((SECONDS + 20))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || { echo "never came true: $*" >&2; return 1; }
        sleep 0.02
    done
}

# ends_with CODE PID: a job of this shell ends so.
ends_with() {
    local code=0
    wait "$2" || code=$?
    ((code == $1)) || { echo "ended with $code instead of $1" >&2; return 1; }
}

not() { ! "$@"; }
has_line() { grep -q -- "$1" "$2"; }
is_gone() { [[ ! -e /proc/$1 ]] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

# The container's own log says LINE: it got that far.
log_has() { ambit logs "$1" | grep -q -- "$2"; }

# --- the bus -------------------------------------------------------------------------------------

manager() { busctl --user -- call org.ambit.Ambit1 /org/ambit/Ambit1 org.ambit.Ambit1.Manager "$@"; }
path_of() { manager GetContainer s "$1" | cut -d'"' -f2; }
of() {
    local path
    path=$(path_of "$1") || return
    shift
    busctl --user -- call org.ambit.Ambit1 "$path" org.ambit.Ambit1.Container "$@"
}
# property CONTAINER NAME: its value, without type and quotes.
property() {
    local path value
    path=$(path_of "$1") || return
    value=$(busctl --user get-property org.ambit.Ambit1 "$path" org.ambit.Ambit1.Container "$2") || return
    value=${value#* }
    value=${value#\"}
    printf '%s\n' "${value%\"}"
}
state_is() { [[ $(property "$1" State) == "$2" ]]; }

# --- processes and cgroups -----------------------------------------------------------------------

main_pid() { property "$1" MainPID; }
# The monitor of a container that runs.
monitor_pid() {
    local pid
    read -r pid <"/sys/fs/cgroup$(property "$1" ControlGroup)/supervisor/cgroup.procs" && echo "$pid"
}
ambitd_pid() { systemctl --user show -P MainPID ambit.service; }
kill_ambitd() {
    local pid
    pid=$(ambitd_pid)
    ((pid > 0)) || return 1
    kill -KILL "$pid"
    eventually is_gone "$pid"
}

# --- leftovers -----------------------------------------------------------------------------------

unit_is_gone() { [[ $(systemctl --user show -P LoadState "$1") == not-found ]]; }
folder_is_gone() { [[ ! -e $store/containers/$1 && ! -e $runtime/containers/$1 ]]; }

# lose_to_reboot NAME ID: as after a power cut: the processes are gone, the records are those of the
# boot before. ambitd must not run.
lose_to_reboot() {
    systemctl --user kill -s KILL "ambit-$1.scope"
    eventually unit_is_gone "ambit-$1.scope"
    rm -f "$store/containers/$2/exit.json"
    jq '.bootId = "00000000000000000000000000000000"' "$store/containers/$2/run.json" >"$BATS_TEST_TMPDIR/run.json"
    cp "$BATS_TEST_TMPDIR/run.json" "$store/containers/$2/run.json"
}

# nothing_is_left NAME ID
nothing_is_left() {
    eventually unit_is_gone "ambit-$1.scope"
    eventually folder_is_gone "$2"
    [[ ! -e $(slice_cgroup)/ambit-$1.scope ]]
}

slice_cgroup() { echo "/sys/fs/cgroup/user.slice/user-$UID.slice/user@$UID.service/ambit.slice"; }

remove_containers() {
    local names
    mapfile -t names < <(ambit ps -a --format json | jq -r '.[].name' | grep "^$c" || true)
    ((${#names[@]} == 0)) || ambit rm -f "${names[@]}" >/dev/null
}

setup_file() { need_image; }
teardown() { remove_containers; }

# Lets a container go on that waits for /tmp/go. It may end, and take the command along, before
# touch has.
let_go() { ambit exec "$1" touch /tmp/go || [ $? = 137 ]; }
