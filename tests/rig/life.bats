# How rigs begin and end, and that nothing stays of one that has ended, whatever ended it.

setup() {
    load rig
    need_root
    name=$prefix-$BATS_TEST_NUMBER
    export AMBIT_RIG=$name
}

teardown() {
    [[ -z ${name:-} ]] || { "$rig" down && "$rig" --name "$name-b" down; }
    rm -rf "/root/.$prefix" "/var/tmp/$prefix"
}

boot_and_know() {
    "$rig" boot
    namespace=$(pid_namespace_of "$name")
}

nothing_left() {
    eventually no_processes "$name" "$namespace"
    eventually no_mounts "$name"
    eventually no_cgroups "$name"
}

@test "down: nothing is left" {
    boot_and_know
    "$rig" run sh -c 'setsid sleep 1000 >/dev/null 2>&1 & systemd-run --quiet --user --scope sleep 1000 >/dev/null 2>&1 &'
    run -0 "$rig" down
    [ -z "$output" ]
    no_processes "$name" "$namespace"
    no_mounts "$name"
    no_cgroups "$name"
    nothing_on_disk "$name"
}

@test "down: of a rig that does not exist is no failure" {
    run -0 "$rig" down
}

@test "boot: two at once make one rig" {
    "$rig" boot &
    local first=$!
    "$rig" boot &
    local second=$!
    "$rig" run true
    wait "$first"
    wait "$second"
    [ "$(pgrep -fc "rig.d/keeper $rigs/$name ")" = 1 ]
}

@test "boot: two rigs stand side by side" {
    "$rig" boot
    "$rig" --name "$name-b" boot
    [ "$("$rig" run hostname)" = "rig-$name" ]
    [ "$("$rig" --name "$name-b" run hostname)" = "rig-$name-b" ]
    "$rig" run sh -c 'touch ~/only-in-the-first'
    run -0 "$rig" --name "$name-b" run sh -c 'ls ~'
    [ -z "$output" ]
    "$rig" --name "$name-b" down
    run -0 "$rig" run sh -c 'ls ~'
    [ "$output" = only-in-the-first ]
}

@test "boot: a folder is shared at the same place" {
    mkdir -p "/var/tmp/$prefix"
    echo shared >"/var/tmp/$prefix/file"
    "$rig" boot --bind "/var/tmp/$prefix"
    run -0 "$rig" run sh -c 'cat "$0/file"; echo back >"$0/answer"' "/var/tmp/$prefix"
    [ "$output" = shared ]
    [ "$(cat "/var/tmp/$prefix/answer")" = back ]
}

@test "boot: the shared folder beside the tree is read-only" {
    mkdir -p "/var/tmp/$prefix/shared"
    copy_tree "/var/tmp/$prefix/tree"
    echo text >"/var/tmp/$prefix/shared/file"
    run "/var/tmp/$prefix/tree/contrib/rig" run sh -c 'cat "$0"; echo x >"$0"' "/var/tmp/$prefix/shared/file"
    [[ $output == text*"Read-only file system"* ]]
}

@test "boot: a tree below a folder that only root may enter is reachable, and nothing beside it" {
    copy_tree "/root/.$prefix/tree"
    chmod 0700 "/root/.$prefix"
    touch "/root/.$prefix/secret"
    run -0 "/root/.$prefix/tree/contrib/rig" run ls -A "/root/.$prefix" "/root/.$prefix/tree"
    [[ $output == *contrib* && $output != *secret* ]]
}

@test "boot: the user has the number of the tree's owner" {
    copy_tree "/var/tmp/$prefix"
    chown -R 4242:4343 "/var/tmp/$prefix"
    run -0 "/var/tmp/$prefix/contrib/rig" run sh -c 'id -u; id -g; id -un; touch "$0/new"; systemctl --user is-system-running' "/var/tmp/$prefix"
    [ "$output" = $'4242\n4343\nambit\nrunning' ]
    [ "$(stat -c %u:%g "/var/tmp/$prefix/new")" = 4242:4343 ]
}

@test "boot: --host-network shares the host's interfaces, the default does not" {
    "$rig" boot
    [ "$("$rig" run readlink /proc/self/ns/net)" != "$(readlink /proc/self/ns/net)" ]
    "$rig" down
    "$rig" boot --host-network
    [ "$("$rig" run readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
}

@test "boot: the host's kernel settings stay as they are" {
    local before
    before=$(cat /proc/sys/fs/file-max /proc/sys/fs/nr_open /proc/sys/kernel/core_pattern)
    echo 1234567 >/proc/sys/fs/file-max
    "$rig" boot
    run cat /proc/sys/fs/file-max
    echo "${before%%$'\n'*}" >/proc/sys/fs/file-max
    [ "$output" = 1234567 ]
    [ "$(cat /proc/sys/fs/file-max /proc/sys/fs/nr_open /proc/sys/kernel/core_pattern)" = "$before" ]
}

@test "boot: one that fails says why and leaves nothing" {
    copy_tree "/var/tmp/$prefix"
    sed -i 's|^exec env .*|echo "the machine is on fire"; exit 3|' "/var/tmp/$prefix/contrib/rig.d/stage"
    namespace=none
    run -125 "/var/tmp/$prefix/contrib/rig" run true
    [[ $output == *"did not boot"* ]]
    [[ $output == *"the machine is on fire"* ]]
    nothing_left
    nothing_on_disk "$name"
}

@test "run: a rig of another tree is not taken for ours" {
    copy_tree "/var/tmp/$prefix"
    "$rig" boot
    run -125 "/var/tmp/$prefix/contrib/rig" run true
    [[ $output == *"belongs to"* ]]
}

@test "run: a rig whose packages are outdated is booted again, unless it is in use" {
    "$rig" boot
    sed -i 's/^packages=.*/packages=1/' "$rigs/$name/facts"
    "$rig" run sleep 1000 2>"$BATS_TEST_TMPDIR/first" &
    sleeper=$!
    eventually grep -q "packages changed" "$BATS_TEST_TMPDIR/first"
    eventually "$rig" root pgrep -x sleep -u ambit
    first=$(pid_of "$name" pid)
    sed -i 's/^packages=.*/packages=1/' "$rigs/$name/facts"
    run -0 "$rig" run true
    [[ $output == *"stays as it is"* ]]
    [ "$(pid_of "$name" pid)" = "$first" ]
    kill "$sleeper"
    eventually sh -c '! pgrep -f "^sleep 1000"'
    run -0 "$rig" run true
    [[ $output == *"booting it again"* ]]
    [ "$(pid_of "$name" pid)" != "$first" ]
}

@test "run: a rig that is booted again keeps its shared folders and its network" {
    mkdir -p "/var/tmp/$prefix"
    "$rig" boot --host-network --bind "/var/tmp/$prefix"
    sed -i 's/^packages=.*/packages=1/' "$rigs/$name/facts"
    "$rig" run touch "/var/tmp/$prefix/file"
    [ -e "/var/tmp/$prefix/file" ]
    [ "$("$rig" run readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
}

@test "status: says what exists, as text and as JSON" {
    "$rig" boot
    run -0 "$rig" status
    [[ $output == *"$name"*up* ]]
    run -0 "$rig" status --format json
    run -0 jq -r ".[] | select(.name == \"$name\") | .state, .pid1, (now - .since < 60)" <<<"$output"
    [ "$output" = "up"$'\n'"$(pid_of "$name" pid)"$'\n'"true" ]
}

@test "kill -9 of PID 1: nothing is left, and the next boot works" {
    boot_and_know
    kill -KILL "$(pid_of "$name" pid)"
    nothing_left
    [ "$("$rig" run echo again)" = again ]
}

@test "poweroff inside: nothing is left" {
    boot_and_know
    "$rig" root systemctl poweroff || true
    nothing_left
    "$rig" status
    nothing_on_disk "$name"
}

@test "kill -9 of the keeper or of any process between it and PID 1: status leaves nothing" {
    for victim in "rig.d/keeper $rigs/$name " "script .*$rigs/$name/console" "unshare .*stage $rigs/$name "; do
        boot_and_know
        kill -KILL "$(pgrep -o -f "^[^ ]*(bash )?[^ ]*$victim")"
        eventually no_processes "$name" "$namespace"
        no_mounts "$name"
        "$rig" status
        no_cgroups "$name"
        nothing_on_disk "$name"
    done
}

@test "kill -9 of the boot at any point: nothing is left" {
    local point booter
    for point in keeper cgroup pid; do
        "$rig" boot &
        booter=$!
        eventually test -e "$rigs/$name/$point"
        kill -KILL "$booter"
        eventually no_processes "$name"
        eventually no_mounts "$name"
        eventually no_cgroups "$name"
        "$rig" status
        nothing_on_disk "$name"
    done
}

@test "kill -9 of the keeper in the middle of a boot: the boot fails and leaves nothing" {
    "$rig" boot &
    eventually test -e "$rigs/$name/pid"
    kill -KILL "$(pid_of "$name" keeper)"
    wait $! && false || [ $? = 125 ]
    eventually no_processes "$name"
    no_cgroups "$name"
    nothing_on_disk "$name"
}

@test "a state folder removed by hand: its rig ends with the keeper, and status removes the cgroup" {
    boot_and_know
    keeper=$(pid_of "$name" keeper)
    rm -rf "${rigs:?}/$name/"{pid,cgroup,facts,keeper}
    kill -KILL "$keeper"
    eventually no_processes "$name" "$namespace"
    "$rig" status
    no_cgroups "$name"
}
