# shellcheck shell=bash
# Shared by the boots: facts for root, and in user_facts functions for the user's sessions.

# shellcheck disable=SC2016,SC2034
user_facts='
fact() { printf "%s %s\n" "$1" "$2"; }
load_image() {
    tests/support/make-image oci-dir busybox:test /tmp/busybox
    loaded=$(ambit load -i /tmp/busybox)
    ambit tag "${loaded##* }" busybox >/dev/null
}
# database NAME OPTION...: like a database, it says which signal it got, and takes its time to put
# things in order.
database() {
    name=$1
    shift
    mkdir -p "$HOME/data/$name"
    ambit run -d --name "$name" --stop-timeout 30 -v "$HOME/data/$name:/data" "$@" busybox sh -c "
        trap \"echo TERM >>/data/signal; sleep 2; echo yes >>/data/finished; exit 3\" TERM
        trap \"echo HUP >>/data/signal\" HUP
        trap \"echo INT >>/data/signal\" INT
        echo ready
        while :; do sleep 1000 & wait; done" >/dev/null
    for try in $(seq 200); do
        if ambit logs "$name" | grep -q ready; then return 0; fi
        sleep 0.1
    done
    echo "$name never got ready" >&2
    exit 1
}
# What it got before its latest start.
signal_of() { paste -sd, "$HOME/data/$1/signal" 2>/dev/null; }
finished() { paste -sd, "$HOME/data/$1/finished" 2>/dev/null; }
exit_code() { ambit inspect "$1" | jq -r ".[0].state.exitCode"; }
state_of() { ambit ps -a --format json | jq -r --arg name "$1" ".[] | select(.name == \$name) | .state"; }
'

fact() { printf '%s %s\n' "$1" "$2"; }
yes_if() { if "$@"; then echo yes; else echo no; fi; }
linger_of_user() { if [[ -e /var/lib/systemd/linger/ambit ]]; then echo yes; else echo no; fi; }
# Waits until COMMAND succeeds, at most two minutes: the machine is slow.
eventually() {
    local end=$((SECONDS + 120))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}
