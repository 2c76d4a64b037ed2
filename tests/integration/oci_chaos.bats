# What is left of a create of ambit-oci that was killed is removed by the first delete.

load ../support/ambit
load ../support/oci

# Those whose command line has the bundle's command.
processes_of() { grep -lsa -e "sleep.4711$1" /proc/[0-9]*/cmdline; }

@test "oci: delete --force removes at the first try what a killed create left" {
    local round pid
    # The command can be told from others'.
    make_bundle sleep "4711$$"
    change '.linux.cgroupsPath = "app.slice:chaos:'"$c"'"'
    for ((round = 0; round < $(rounds 20); round++)); do
        "$oci_program" --root "$oci_root" --systemd-cgroup create --bundle "$bundle" "$c" \
            </dev/null >/dev/null 2>&1 3>&- 4>&- &
        pid=$!
        # In a shell of its own, where bats doesn't trace each turn.
        bash -c 'for ((i = $1; i > 0; i--)); do :; done' - $((RANDOM % 20000))
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        oci delete --force "$c"
        run ! oci state "$c"
        eventually unit_is_gone "chaos-$c.scope"
        eventually not processes_of $$
        [[ -z $(ls -A "$oci_root") ]]
    done
}
