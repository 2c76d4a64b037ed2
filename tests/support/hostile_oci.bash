# shellcheck shell=bash
# The attacks of hostile.bash on ambit-oci, with bundles in the place of images: an ordinary user's in
# a user namespace, and root's without one.

# shellcheck source-path=SCRIPTDIR source=hostile.bash
. "$BATS_TEST_DIRNAME/../support/hostile.bash"

oci_program=${AMBIT_OCI:-ambit-oci}
oci_root=$BATS_TEST_TMPDIR/states
oci_options=()

oci() { timeout -k 5 30 "$oci_program" --root "$oci_root" "${oci_options[@]}" "$@"; }

# The root file system of an image of tests/support/hostile-image, made once for all tests of a file.
root_of() {
    local root=$BATS_FILE_TMPDIR/roots/$1
    if [[ ! -d $root ]]; then
        mkdir -p "${root%/*}"
        "$support/hostile-image" "$build" "$root" "$1"
    fi
    echo "$root"
}

# A number of -v: "SOURCE:DESTINATION".
volume() {
    jq -nc --arg source "${1%%:*}" --arg destination "${1#*:}" \
        '{$source, $destination, type: "bind", options: ["rbind"]}'
}

all_capabilities() { oci features | jq -c .linux.capabilities; }

# make_bundle NAME [OPTION...] IMAGE COMMAND...: what oci spec writes, with a root that can be written.
# IMAGE: a name of hostile-image, or rootfs:FOLDER.
#   -t               a terminal
#   -v FROM:TO       a bind mount
#   --cap-add NAME   of the first process; ALL of them
#   --with FILTER    what else jq changes in config.json
make_bundle() {
    local bundle=$BATS_TEST_TMPDIR/bundles/$1 filter='del(.linux.uidMappings, .linux.gidMappings)
        | .root.readonly = false | .process.terminal = false'
    local root
    shift
    while [[ $1 == -* ]]; do
        case $1 in
        -t) filter+=' | .process.terminal = true' ;;
        -v) filter+=" | .mounts += [$(volume "$2")]" ;;
        --cap-add)
            root=$(if [[ $2 == ALL ]]; then all_capabilities; else echo "[\"CAP_$2\"]"; fi)
            filter+=" | .process.capabilities |= with_entries(if .key | IN(\"ambient\", \"inheritable\")
                then . else .value = (.value + $root | unique) end)"
            ;;
        --with) filter+=" | $2" ;;
        esac
        if [[ $1 == -t ]]; then shift; else shift 2; fi
    done
    if [[ $1 == rootfs:* ]]; then root=${1#rootfs:}; else root=$(root_of "$1"); fi
    shift
    rm -rf "$bundle"
    mkdir -p "$bundle"
    if ((EUID == 0)); then oci spec --bundle "$bundle"; else oci spec --rootless --bundle "$bundle"; fi
    jq --arg root "$root" ".root.path = \$root | .process.args = \$ARGS.positional | $filter" "$bundle/config.json" \
        --args -- "$@" >"$bundle/new.json"
    mv "$bundle/new.json" "$bundle/config.json"
}

contained() {
    make_bundle victim "$@"
    oci run --bundle "$BATS_TEST_TMPDIR/bundles/victim" "victim-$BATS_TEST_NUMBER-$RANDOM"
}

# In the background; its output and, in the end, its exit code are files.
start_peer() {
    make_bundle "$@"
    local place=$BATS_TEST_TMPDIR/$1
    rm -f "$place.code" "$place.log"
    (
        code=0
        "$oci_program" --root "$oci_root" "${oci_options[@]}" run \
            --bundle "$BATS_TEST_TMPDIR/bundles/$1" "$1" >"$place.log" 2>&1 || code=$?
        echo "$code" >"$place.code"
    ) </dev/null 3>&- 4>&- &
}
peer() {
    start_peer "$@"
    eventually has_line "held: ready" "$BATS_TEST_TMPDIR/$1.log"
}
has_tried() { has_line '^tried$' "$BATS_TEST_TMPDIR/$1.log"; }
ended_peer() {
    oci kill "$1" TERM || true
    eventually test -s "$BATS_TEST_TMPDIR/$1.code"
    cat "$BATS_TEST_TMPDIR/$1.log"
    return "$(cat "$BATS_TEST_TMPDIR/$1.code")"
}

# sleeper NAME [OPTION...] IMAGE: one that does nothing.
sleeper() {
    local name=$1
    make_bundle "$@" sleep 1000
    oci create --bundle "$BATS_TEST_TMPDIR/bundles/$name" "$name" </dev/null >/dev/null 3>&- 4>&-
    oci start "$name"
}

# execute NAME [-u ID] [-w FOLDER] [-t] COMMAND...
execute() {
    local name=$1 options=()
    shift
    while [[ $1 == -* ]]; do
        case $1 in
        -u) options+=(--user "$2") ;;
        -w) options+=(--cwd "$2") ;;
        -t) options+=(--tty) ;;
        esac
        if [[ $1 == -t ]]; then shift; else shift 2; fi
    done
    oci exec "${options[@]}" "$name" "$@"
}

# Whether it was ambit-oci that ended, and not what it ran.
is_refusal() { [[ ${status:-0} -ne 0 && ${output##*$'\n'} == ambit-oci:* ]]; }
# refused TEXT COMMAND...: for this reason.
refused() {
    local text=$1
    shift
    run "$@"
    [[ $output == *"$text"* ]] && is_refusal || { echo "not '$text' but: $output"; false; }
}
# held_or_refused COMMAND...
held_or_refused() {
    run "$@"
    if ! is_refusal; then [[ $status == 0 && ${lines[-1]} == held:* ]]; fi || { echo "$*: $output"; return 1; }
}

setup_file() { :; }
setup() {
    echo secret >"$marker"
    mkdir -p "$oci_root"
}
teardown() {
    local id
    for id in $(oci list -q); do oci delete --force "$id" || true; done
    rm -f "$marker"
    [ ! -e "$made" ]
}
