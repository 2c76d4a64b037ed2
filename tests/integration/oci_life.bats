# The life of a container of ambit-oci: its states, and the step that reports what is wrong.

load ../support/ambit
load ../support/oci

create() { oci create --bundle "$bundle" "$c" </dev/null >"$BATS_TEST_TMPDIR/output" 2>&1 3>&- 4>&-; }

@test "oci: a container is created, running and stopped, and then gone" {
    make_bundle sleep 100
    create
    status_is created
    oci start "$c"
    status_is running
    oci kill "$c" KILL
    eventually status_is stopped
    oci delete "$c"
    run ! oci state "$c"
    [[ -z $(ls -A "$oci_root") ]]
}

@test "oci: start runs a container once" {
    make_bundle sleep 100
    create
    oci start "$c"
    run ! oci start "$c"
    status_is running
}

@test "oci: delete refuses a running container unless forced" {
    make_bundle sleep 100
    create
    oci start "$c"
    run ! oci delete "$c"
    status_is running
    oci delete --force "$c"
    run ! oci state "$c"
}

@test "oci: create names a command that doesn't exist and leaves nothing" {
    make_bundle /no/such/command
    run ! create
    grep -q /no/such/command "$BATS_TEST_TMPDIR/output"
    run ! oci state "$c"
}

@test "oci: start reports a file that can't be executed" {
    make_bundle /bin/garbage
    printf '\1\2\3' >"$bundle/rootfs/bin/garbage"
    chmod 755 "$bundle/rootfs/bin/garbage"
    create
    run oci start "$c"
    ((status != 0))
    [[ $output == *"/bin/garbage"* ]]
}

@test "oci: of two creates of one ID at once one wins" {
    make_bundle sleep 100
    local first=0 second=0
    create & local pid=$!
    oci create --bundle "$bundle" "$c" </dev/null >/dev/null 2>&1 3>&- 4>&- || second=$?
    wait $pid || first=$?
    (((first == 0) != (second == 0)))
    status_is created
}

@test "oci: run ends with the command's exit status" {
    make_bundle sh -c 'exit 7'
    run -7 oci run --bundle "$bundle" "$c"
    run ! oci state "$c"
}

@test "oci: delete --force ends a container that run waits for" {
    make_bundle sleep 100
    oci run --bundle "$bundle" "$c" </dev/null >/dev/null 2>&1 3>&- 4>&- &
    local run=$!
    eventually status_is running
    timeout -k 1 20 "$oci_program" --root "$oci_root" delete --force "$c"
    ends_with 137 "$run"
    [[ -z $(ls -A "$oci_root") ]]
}

@test "oci: exec ends with its command's exit status" {
    make_bundle sleep 100
    create
    oci start "$c"
    run -9 oci exec "$c" sh -c 'exit 9'
}

@test "oci: only descriptors 0 to 2 reach the command" {
    # Of the shell itself, which has none of its own but that of the folder it reads.
    make_bundle sh -c 'for n in 4 5 6 7 8 9 20; do [ ! -e /proc/$$/fd/$n ] || echo "open: $n"; done'
    run -0 oci run --bundle "$bundle" "$c" 3>&- 4>/dev/null 5</ 7</dev/null 20</
    [[ $output == "" ]]
}
