# What a command in a machine of contrib/vm sees, and what its caller gets back.

bats_require_minimum_version 1.5.0

vm=$BATS_TEST_DIRNAME/../../../contrib/vm

setup() {
    export AMBIT_VM=$BATS_TEST_TMPDIR
}

@test "vm: exit status, both outputs, arguments and variables of the command are its caller's" {
    run --separate-stderr -7 "$vm" run --suite "${AMBIT_VM_SUITE:-bookworm}" -e 'X=a $HOME' -- bash -c '
        id -un; loginctl show-session "$XDG_SESSION_ID" -P Class; echo "$X,$1" >/dev/stdout; ambit --version
        echo error >&2; exit 7' name '$HOME  b'
    [ "${lines[0]}" = ambit ]
    [ "${lines[1]}" = user ]
    [ "${lines[2]}" = 'a $HOME,$HOME  b' ]
    [[ ${lines[3]} == 'ambit version '* ]]
    [ "$stderr" = error ]
    [ -z "$(ls "$AMBIT_VM")" ]
}

@test "vm: 124 when the time is up, and nothing is left" {
    run --separate-stderr -124 "$vm" run --suite "${AMBIT_VM_SUITE:-bookworm}" --time 2 -- true
    [[ $stderr == *"not done after 2 seconds"* ]]
    [ -z "$(ls "$AMBIT_VM")" ]
}

@test "vm: 125 for a mistake in its own options" {
    run -125 "$vm"
    run -125 "$vm" nonsense
    run -125 "$vm" run --suite bookworm
    run -125 "$vm" run --suite slink -- true
    run -125 "$vm" run --suite bookworm --time soon -- true
    run -125 "$vm" run --suite bookworm --cut -- true
}
