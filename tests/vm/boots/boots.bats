# Sessions that end, shutdowns, boots and power cuts of a whole machine (contrib/vm), which is booted
# three times; each boot prints facts, and each test is about one of them. AMBIT_VM_SUITE is the
# machine's suite.

bats_require_minimum_version 1.5.0

vm=$BATS_TEST_DIRNAME/../../../contrib/vm

# boot NAME OPTION...: runs the script of that name in the machine.
boot() {
    local name=$1
    shift
    "$vm" run --suite "${AMBIT_VM_SUITE:-bookworm}" --root --disk "$BATS_FILE_TMPDIR/disk" --time 600 "$@" \
        -- "tests/vm/boots/$name" >"$BATS_FILE_TMPDIR/$name" 2>"$BATS_FILE_TMPDIR/$name.err" ||
        { cat "$BATS_FILE_TMPDIR/$name" "$BATS_FILE_TMPDIR/$name.err" >&2; return 1; }
    # For whoever looks at a failure.
    if [[ ${AMBIT_VM_FACTS:-} ]]; then cp "$BATS_FILE_TMPDIR/$name" "$BATS_FILE_TMPDIR/$name.err" "$AMBIT_VM_FACTS/"; fi
}

setup_file() {
    boot first --no-linger
    boot second --keep-linger --cut
    boot third --keep-linger --cut
}

# is BOOT KEY VALUE
is() {
    local got
    got=$(sed -n "s/^$2 //p" "$BATS_FILE_TMPDIR/$1")
    [[ $got == "$3" ]] || { echo "$2 is \"$got\" instead of \"$3\"" >&2; cat "$BATS_FILE_TMPDIR/$1" "$BATS_FILE_TMPDIR/$1.err" >&2; return 1; }
}

@test "logout: without linger the session ends for containers too, and doctor says so" {
    is first linger-at-first no
    is first linger-of-doctor warning
    is first session-ends yes
    is first no-slice-is-left yes
}

@test "logout: a container gets its stop signal alone, the time to finish, and its exit code is kept" {
    is first logout-signal TERM
    is first logout-time-to-finish yes
    is first logout-exit-code 3
}

@test "linger: the user's manager stays when the session is over" {
    is first manager-lingers yes
    is first before-always running
    is first before-unit running
}

@test "shutdown: each container gets its stop signal once, and the time to finish" {
    local name
    for name in always unless failure never; do
        is second "shutdown-signal-$name" TERM
        is second "shutdown-time-$name" yes
    done
    is second shutdown-exit-code 3
}

@test "boot: what should run does so before anybody logs in" {
    is second boots-always yes
    is second boots-unless yes
    is second after-always running
    is second after-unless running
}

@test "boot: on-failure and no policy stay as the shutdown left them" {
    is second after-failure exited
    is second after-never exited
}

@test "boot: what the user has stopped comes back with always, and does not with unless-stopped" {
    is second after-stopped-always running
    is second after-stopped-unless exited
}

@test "boot: ambit@NAME.service that is enabled runs its container" {
    is second boots-unit yes
    is second after-unit running
    is second unit-service active
}

@test "boot: no unit of the user's has failed" {
    is second failed-units 0
}

@test "power cut: what should run does so at the next boot" {
    is third boots-always yes
    is third boots-unless yes
    is third boots-unit yes
}

@test "power cut: a container without a policy is told as ended, and starts and stops at the first try" {
    is third cut-state exited
    is third cut-starts running
    is third cut-stops exited
}

@test "power cut: everything is removed at the first try, and nothing is left" {
    is third all-removed yes
    is third left 0
    is third scopes-left 0
}
