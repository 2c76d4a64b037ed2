# Pods: slices whose containers share network, ipc and host name.

load ../support/ambit

p=$c-pod
slice_of() { echo "ambit-${1//-/\\x2d}.slice"; }
pod_path() { manager GetPod s "$1" | cut -d'"' -f2; }
pod_property() { busctl --user -j get-property org.ambit.Ambit1 "$(pod_path "$1")" org.ambit.Ambit1.Pod "$2" | jq -r .data; }
pod_is() { [[ $(pod_property "$1" State) == "$2" ]]; }
holder_of() { cat "/sys/fs/cgroup$(pod_property "$1" ControlGroup)/ambit-pod:$1.scope/cgroup.procs"; }
has_holder() { [[ $(pod_property "$1" Shared) == true ]]; }
has_no_holder() { [[ $(pod_property "$1" Shared) == false ]]; }
slice_is() { [[ $(systemctl --user show -P ActiveState "$(slice_of "$1")") == "$2" ]]; }
ns_of() { ambit exec "$1" readlink "/proc/self/ns/$2"; }
is_in_slice() { [[ $(systemctl --user show -P Slice "ambit-$1.scope") == "$(slice_of "$2")" ]]; }

teardown() {
    ambit pod rm -f "$p" 2>/dev/null || true
    remove_containers
}

# Stays until it is told to stop, and says so.
stays() { ambit run -d --pod "$p" --name "$1" "${@:2}" $image sh -c 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done' && eventually log_has "$1" up; }

@test "pod: its containers share net, ipc and uts, and nothing else" {
    ambit pod create "$p"
    stays "$c"
    stays "$c-b"
    local kind
    for kind in net ipc uts; do [ "$(ns_of "$c" $kind)" = "$(ns_of "$c-b" $kind)" ]; done
    for kind in user mnt pid; do [ "$(ns_of "$c" $kind)" != "$(ns_of "$c-b" $kind)" ]; done
    for kind in net ipc uts; do [ "$(ns_of "$c" $kind)" != "$(readlink /proc/self/ns/$kind)" ]; done
    is_in_slice "$c" "$p"
    is_in_slice "$c-b" "$p"
}

@test "pod: --share has it share less" {
    ambit pod create --share uts "$p"
    stays "$c"
    stays "$c-b" --network none
    [ "$(ns_of "$c" uts)" = "$(ns_of "$c-b" uts)" ]
    [ "$(ns_of "$c" net)" != "$(ns_of "$c-b" net)" ]
    [ "$(ns_of "$c" ipc)" != "$(ns_of "$c-b" ipc)" ]
}

@test "pod: --share none is a slice and no more" {
    ambit pod create --share none "$p"
    stays "$c"
    is_in_slice "$c" "$p"
    has_no_holder "$p"
    pod_is "$p" running
    run -0 ambit pod stop "$p"
    log_has "$c" bye
}

@test "pod: a server of one is reached from another, below port 1024 too" {
    ambit pod create "$p"
    ambit run -d --pod "$p" --name "$c" $image sh -c 'mkdir /w; echo hello >/w/index.html; exec httpd -f -p 127.0.0.1:80 -h /w'
    fetched() { [[ $(ambit run --rm --pod "$p" $image wget -q -O - http://127.0.0.1/) == hello ]]; }
    eventually fetched
    # From outside there is no way in.
    ! ambit run --rm $image wget -q -O - http://127.0.0.1/
}

@test "pod: /dev/shm and the queues are common to those that share ipc" {
    ambit pod create --shm-size 1m "$p"
    stays "$c"
    stays "$c-b"
    ambit exec "$c" sh -c 'echo hello >/dev/shm/x'
    [ "$(ambit exec "$c-b" cat /dev/shm/x)" = hello ]
    ambit exec "$c" sh -c ': >/dev/mqueue/q'
    ambit exec "$c-b" test -e /dev/mqueue/q
    run -0 ambit exec "$c" df -k /dev/shm
    [[ $output == *" 1024 "* ]]
    ambit exec "$c-b" sh -c '! mount -o remount,exec /dev/shm'
}

@test "pod: the host name is the pod's" {
    ambit pod create --hostname shared "$p"
    [ "$(ambit run --rm --pod "$p" $image hostname)" = shared ]
    [ "$(ambit run --rm --pod "$p" $image sh -c 'echo $HOSTNAME; cat /etc/hostname')" = "shared
shared" ]
}

@test "pod: stop gives each its own stop signal, and starts again as it was" {
    ambit pod create "$p"
    stays "$c"
    stays "$c-b"
    pod_is "$p" running
    run -0 ambit pod stop "$p"
    log_has "$c" bye
    log_has "$c-b" bye
    eventually pod_is "$p" exited
    slice_is "$p" inactive
    run -0 ambit pod start "$p"
    pod_is "$p" running
    [ "$(ns_of "$c" net)" = "$(ns_of "$c-b" net)" ]
}

@test "pod: systemctl stop of the slice is an orderly stop of all, and no restart policy fights it" {
    ambit pod create "$p"
    stays "$c" --restart always
    ambit run -d --pod "$p" --name "$c-b" --restart always $image false
    waits() { (($(property "$c-b" RestartAt) > 0)) && (($(property "$c-b" RestartCount) > 2)); }
    eventually waits
    systemctl --user stop "$(slice_of "$p")"
    log_has "$c" bye
    eventually pod_is "$p" exited
    calm() { [[ $(property "$c" RestartAt) == 0 && $(property "$c-b" RestartAt) == 0 ]]; }
    eventually calm
    slice_is "$p" inactive
    state_is "$c" exited
}

@test "pod: a frozen slice is a paused pod, whoever froze it" {
    ambit pod create "$p"
    stays "$c"
    systemctl --user freeze "$(slice_of "$p")"
    eventually pod_is "$p" paused
    eventually state_is "$c" paused
    run -125 ambit run --rm --pod "$p" $image true
    [[ $output == *"ambit pod unpause $p"* ]]
    run -0 ambit pod unpause "$p"
    eventually pod_is "$p" running
    eventually state_is "$c" running
    run -0 ambit pod pause "$p"
    [ "$(systemctl --user show -P FreezerState "$(slice_of "$p")")" = frozen ]
    state_is "$c" paused
    run -0 ambit pod stop "$p"
    log_has "$c" bye
}

# What needs controllers is in tests/vm.
@test "pod: what is set of the slice lives through stops, and goes with the pod" {
    ambit pod create -p IOAccounting=yes "$p"
    set_to() { [[ $(systemctl --user show -P "$1" "$(slice_of "$p")") == "$2" ]]; }
    set_to IOAccounting yes
    stays "$c"
    systemctl --user set-property "$(slice_of "$p")" MemoryAccounting=no
    ambit pod stop "$p"
    ambit pod start "$p"
    set_to IOAccounting yes
    set_to MemoryAccounting no
    ambit pod rm -f "$p"
    ambit pod create "$p"
    set_to IOAccounting no
    set_to Description "pod $p"
    ambit pod rm "$p"
    [ ! -e ~/.config/systemd/user.control/"$(slice_of "$p")".d ]
}

@test "pod: rm refuses while there are containers, -f takes them along" {
    ambit pod create "$p"
    stays "$c"
    run -2 ambit pod rm "$p"
    [[ $output == *"has 1 container"*"ambit pod rm -f $p"* ]]
    run -0 ambit pod rm -f "$p"
    run -125 ambit inspect --type container "$c"
    run -1 ambit pod rm "$p"
    [[ $output == *"no pod '$p'"* ]]
    slice_is "$p" inactive
    [ ! -e "$store/pods/$p.json" ]
    [ ! -e "$runtime/pods/$p" ]
}

@test "pod: it and its containers outlive ambitd, and what starts later joins them" {
    ambit pod create "$p"
    stays "$c"
    local holder
    holder=$(holder_of "$p")
    kill_ambitd
    pod_is "$p" running
    [ "$(holder_of "$p")" = "$holder" ]
    stays "$c-b"
    [ "$(ns_of "$c" net)" = "$(ns_of "$c-b" net)" ]
    run -0 ambit pod stop "$p"
    log_has "$c" bye
    is_gone "$holder"
}

@test "pod: without its holder its containers go on, and the next start makes a new one" {
    ambit pod create "$p"
    stays "$c"
    local before
    before=$(ns_of "$c" net)
    kill -9 "$(holder_of "$p")"
    eventually has_no_holder "$p"
    state_is "$c" running
    [ "$(ns_of "$c" net)" = "$before" ]
    stays "$c-b"
    has_holder "$p"
    [ "$(ns_of "$c-b" net)" != "$before" ]
    ambit pod restart "$p"
    [ "$(ns_of "$c" net)" = "$(ns_of "$c-b" net)" ]
}

@test "pod: a container can't change what it shares, nor see who keeps it" {
    ambit pod create "$p"
    stays "$c" --cap-add ALL
    run ambit exec --privileged "$c" ifconfig lo down
    [ "$status" != 0 ]
    run ambit exec --privileged "$c" hostname evil
    [ "$status" != 0 ]
    run ambit exec --privileged "$c" sh -c 'echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
    [ "$status" != 0 ]
    [ "$(ambit exec "$c" hostname)" = "$p" ]
    local holder
    holder=$(holder_of "$p")
    ambit exec --privileged "$c" sh -c "kill -9 $holder; kill -9 -1" || true
    kill -0 "$holder"
    [ "$(grep CapBnd "/proc/$holder/status" | cut -f2)" = 0000000000000000 ]
}

@test "pod: what contradicts it is refused, with the way out" {
    ambit pod create "$p"
    run -125 ambit run --rm --pod "$p" --hostname x $image true
    [[ $output == *"pod create --hostname"* ]]
    run -125 ambit run --rm --pod "$p" --network host $image true
    [[ $output == *"pod create --share ipc,uts"* ]]
    run -125 ambit run --rm --pod "$p" --network none $image true
    run -125 ambit run --rm --pod "$p" --shm-size 1m $image true
    run -125 ambit run --rm --pod "$p" --cgroup-parent x.slice $image true
    run -125 ambit run --rm --pod "nopod-$p" $image true
    [[ $output == *"no pod 'nopod-$p'"*"ambit pod create"* ]]
    run -125 ambit pod create "$p"
    [[ $output == *"there is a pod '$p' already"* ]]
    run -125 ambit pod create --share net,user "x$p"
    [[ $output == *"net, ipc and uts can"* ]]
    run -125 ambit pod create -p RuntimeMaxSec=5 "x$p"
    run -125 ambit pod inspect "x$p"
}

@test "pod: ps and its own listing show who is in which" {
    ambit pod create -l role=demo "$p"
    stays "$c"
    run -0 ambit ps --filter pod="$p"
    [[ $output == *POD*"$p"* ]]
    [ "$(ambit ps --filter pod="$p" --format json | jq -r '.[0].pod')" = "$p" ]
    run -0 ambit pod ps --filter label=role=demo --filter name="$p"
    [[ $output == *"$p"*"Running (1)"*"net,ipc,uts"*"$c"* ]]
    [ "$(ambit pod ps --filter name="$p" --format json | jq -r '.[0].containers[0].name')" = "$c" ]
    [ "$(property "$c" Pod)" = "$p" ]
    ambit stop "$c"
    eventually pod_is "$p" exited
}

@test "pod: what happens to it is told, in the view of its slice" {
    ambit pod create "$p"
    stays "$c"
    ambit pod pause "$p"
    ambit pod unpause "$p"
    ambit pod rm -f "$p"
    told() { [[ $(ambit events --no-follow --since 2m --format json | jq -r "select(.type == \"pod\" and .pod == \"$p\") | .event" | xargs) == "created started paused resumed removed" ]]; }
    eventually told
    [[ $(journalctl --user -o cat -u "$(slice_of "$p")") == *"pod $p created"*"up"* ]]
}

@test "pod: run --pod new: makes it" {
    [ "$(ambit run --rm --pod "new:$p" $image hostname)" = "$p" ]
    pod_is "$p" running
}

@test "pod: with the user's manager those of its containers start that should" {
    ambit pod create "$p"
    stays "$c" --restart always
    stays "$c-b" --restart unless-stopped
    local -a ids=("$(property "$c" Id)" "$(property "$c-b" Id)")
    systemctl --user stop ambit.service
    systemctl --user kill -s KILL "ambit-pod:$p.scope"
    lose_to_reboot "$c" "${ids[0]}"
    lose_to_reboot "$c-b" "${ids[1]}"
    rm "$runtime/containers/session"
    both_run() { state_is "$c" running && state_is "$c-b" running; }
    eventually both_run
    [ "$(ns_of "$c" net)" = "$(ns_of "$c-b" net)" ]
}
