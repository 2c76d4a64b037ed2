# Limits where the kernel enforces them: a machine whose user manager has controllers. Run as an
# ordinary user (contrib/vm); elsewhere each test skips.

load ../support/ambit

own_cgroup() { echo "/sys/fs/cgroup/user.slice/user-$UID.slice/user@$UID.service"; }
need_controller() {
    grep -qw "$1" "$(own_cgroup)/cgroup.controllers" || missing "the $1 controller is not delegated"
}
need_no_controller() {
    not grep -qw "$1" "$(own_cgroup)/cgroup.controllers" || skip "the $1 controller is delegated"
}
# kernel CONTAINER FILE: what the kernel has of the scope.
kernel() { cat "/sys/fs/cgroup$(property "$1" ControlGroup)/$2"; }
kernel_is() { [ "$(kernel "$1" "$2")" = "$3" ]; }
scope_property() { systemctl --user show -P "$2" "ambit-$1.scope"; }
# A command of the container that takes $1 MiB of memory, and says so.
hog() { echo "head -c $1m /dev/zero | tail -c $1m | wc -c"; }

@test "limits: memory is the kernel's memory.max and memory.swap.max" {
    need_controller memory
    ambit run -d --name "$c" -m 64m --memory-reservation 16m $image sleep 100
    kernel_is "$c" memory.max 67108864
    kernel_is "$c" memory.swap.max 67108864
    kernel_is "$c" memory.low 16777216
}

@test "limits: cpus, shares and pids are the kernel's files" {
    need_controller cpu
    need_controller pids
    ambit run -d --name "$c" --cpus 0.5 --cpu-shares 512 --pids-limit 20 $image sleep 100
    kernel_is "$c" cpu.max '50000 100000'
    kernel_is "$c" cpu.weight 20
    kernel_is "$c" pids.max 20
}

@test "limits: a quota with a period of its own" {
    need_controller cpu
    ambit run -d --name "$c" --cpu-quota 5000 --cpu-period 20000 $image sleep 100
    kernel_is "$c" cpu.max '5000 20000'
    ambit update --cpu-quota 10000 "$c"
    kernel_is "$c" cpu.max '10000 20000'
}

@test "limits: a quota that is no whole percent, and a small one" {
    need_controller cpu
    ambit run -d --name "$c" --property CPUQuota=0.5% $image sleep 100
    kernel_is "$c" cpu.max '1000 200000'
    ambit update --property CPUQuota=33.3% "$c"
    kernel_is "$c" cpu.max '33300 100000'
    ambit update --cpus 0 "$c"
    kernel_is "$c" cpu.max 'max 100000'
}

@test "limits: idle is cpu.idle" {
    need_controller cpu
    ambit run -d --name "$c" --cpu-weight idle $image sleep 100
    kernel_is "$c" cpu.idle 1
    ambit update --cpu-weight 200 "$c"
    kernel_is "$c" cpu.weight 200
}

@test "limits: a percentage of the machine's memory and of its tasks" {
    need_controller memory
    local kib
    kib=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
    ambit run -d --name "$c" --property MemoryMax=50% --property TasksMax=10% $image sleep 100
    (($(kernel "$c" memory.max) > kib * 1024 * 45 / 100))
    (($(kernel "$c" memory.max) < kib * 1024 * 55 / 100))
    not kernel_is "$c" pids.max max
}

@test "limits: cpu time is measured and not exceeded" {
    need_controller cpu
    local before after
    ambit run -d --name "$c" --cpus 0.2 $image sh -c 'while :; do :; done'
    throttled() { (($(kernel "$c" cpu.stat | awk '/^nr_throttled/ { print $2 }') >= $1)); }
    eventually throttled 5
    before=$(kernel "$c" cpu.stat | awk '/^nr_periods/ { p = $2 } /^usage_usec/ { u = $2 } END { print u, p }')
    eventually throttled 25
    after=$(kernel "$c" cpu.stat | awk '/^nr_periods/ { p = $2 } /^usage_usec/ { u = $2 } END { print u, p }')
    # 20 ms in each period of 100 ms, and one period more or less.
    read -r used periods < <(echo "$before $after" | awk '{ print $3 - $1, $4 - $2 }')
    echo "used $used us in $periods periods"
    ((used <= (periods + 2) * 20000))
}

@test "limits: more processes than allowed can't be made" {
    need_controller pids
    run ambit run --rm --pids-limit 12 $image sh -c 'for i in $(seq 30); do sleep 20 & done; wait'
    [[ $output == *'fork'* ]]
}

@test "limits: more memory than allowed is refused by the kernel, and told as such" {
    need_controller memory
    ambit run -d --name "$c" -m 16m --oom-policy continue $image sh -c "$(hog 64); sleep 100"
    oom_killed() { (($(kernel "$c" memory.events | awk '/^oom_kill / { print $2 }') > 0)); }
    eventually oom_killed
}

@test "limits: a kill for want of memory that the container survives is told at once, and once" {
    need_controller memory
    ambit run -d --name "$c" -m 16m $image sh -c 'tail -c 64m /dev/zero; echo went on; sleep 100'
    eventually log_has "$c" 'went on'
    known() { [[ $(property "$c" OomKilled) == true && $(property "$c" State) == running ]]; }
    eventually known
    told() { ambit events --no-follow --since 5m --filter event=oom --filter "container=$c" --format json | wc -l; }
    eventually eval '[ "$(told)" = 1 ]'
    kill_ambitd
    eventually known
    ambit kill "$c"
    ambit wait "$c"
    [ "$(told)" = 1 ]
    [ "$(property "$c" OomKilled)" = true ]
}

@test "limits: --oom-policy continue, the default, leaves the others alone" {
    need_controller memory
    run ambit run --name "$c" -m 16m $image sh -c 'tail -c 64m /dev/zero; echo went on; exit 4'
    [ "$status" = 4 ]
    [[ $output == *'went on'* ]]
    [ "$(property "$c" OomKilled)" = true ]
}

@test "limits: --oom-policy kill ends all of it at once, and its output and end are known" {
    need_controller memory
    run ambit run --name "$c" -m 16m --oom-policy kill $image \
        sh -c 'echo before; tail -c 64m /dev/zero; echo went on'
    [ "$status" = 137 ]
    [[ $output == *before* && $output != *'went on'* ]]
    [ "$(property "$c" ExitReason)" = oom ]
    [[ $(ambit logs "$c") == before ]]
}

@test "limits: --oom-policy stop stops it with its own stop signal" {
    need_controller memory
    run ambit run --name "$c" -m 16m --oom-policy stop $image \
        sh -c 'trap "echo stopped; exit 5" TERM; tail -c 64m /dev/zero; while :; do sleep 0.1; done'
    [ "$status" = 5 ]
    [[ $output == *stopped* ]]
    [ "$(property "$c" OomKilled)" = true ]
}

@test "limits: L07 after an OOM kill the same name starts again" {
    need_controller memory
    run ambit run --name "$c" -m 16m $image sh -c "exec tail -c 64m /dev/zero"
    [ "$status" = 137 ]
    [ "$(property "$c" OomKilled)" = true ]
    [ "$(property "$c" ExitReason)" = oom ]
    run ambit start -a "$c"
    [ "$status" = 137 ]
}

@test "limits: update changes the kernel's files of a running container" {
    need_controller memory
    ambit run -d --name "$c" -m 64m $image sleep 100
    ambit update -m 96m --pids-limit 33 "$c"
    kernel_is "$c" memory.max 100663296
    kernel_is "$c" pids.max 33
    ambit restart -t 0 "$c"
    kernel_is "$c" memory.max 100663296
    kernel_is "$c" pids.max 33
}

@test "limits: SetLimits over D-Bus answers when the kernel has it" {
    need_controller memory
    local i
    ambit run -d --name "$c" $image sleep 100
    for i in 50 60 70 80 90; do
        of "$c" SetLimits 'a(sv)' 1 MemoryMax t $((i * 1048576))
        kernel_is "$c" memory.max $((i * 1048576))
    done
}

@test "limits: systemctl set-property changes the kernel's files, and the next start has it" {
    need_controller memory
    ambit run -d --name "$c" -m 64m $image sleep 100
    systemctl --user set-property "ambit-$c.scope" MemoryMax=80M TasksMax=77
    eventually kernel_is "$c" memory.max 83886080
    [ "$(ambit inspect "$c" | jq '.[0].limits.MemoryMax')" = 83886080 ]
    ambit stop -t 0 "$c"
    ambit start "$c"
    kernel_is "$c" memory.max 83886080
    kernel_is "$c" pids.max 77
}

@test "limits: a percentage that systemctl has set is there at the next start as it was" {
    need_controller pids
    local tasks
    ambit run -d --name "$c" $image sleep 100
    systemctl --user set-property "ambit-$c.scope" TasksMax=50%
    eventually not kernel_is "$c" pids.max max
    tasks=$(kernel "$c" pids.max)
    ambit stop -t 0 "$c"
    ambit start "$c"
    kernel_is "$c" pids.max "$tasks"
}

@test "limits: a drop-in for the unit that says otherwise ends the start and is named" {
    need_controller memory
    local folder=$HOME/.config/systemd/user/ambit-$c.scope.d
    mkdir -p "$folder"
    printf '[Scope]\nMemoryMax=1G\n' >"$folder/more.conf"
    systemctl --user daemon-reload
    run -125 ambit run --rm --name "$c" -m 64m $image echo ran
    rm -r "$folder"
    systemctl --user daemon-reload
    [[ $output == *memory.max*1073741824*67108864*"systemctl --user cat ambit-$c.scope"* ]]
    unit_is_gone "ambit-$c.scope"
}

@test "limits: a drop-in for all containers counts for one that says nothing" {
    need_controller pids
    local folder=$HOME/.config/systemd/user/ambit-.scope.d
    mkdir -p "$folder"
    printf '[Scope]\nTasksMax=44\n' >"$folder/limits.conf"
    systemctl --user daemon-reload
    ambit run -d --name "$c" $image sleep 100
    run kernel "$c" pids.max
    rm -r "$folder"
    systemctl --user daemon-reload
    [ "$output" = 44 ]
}

@test "limits: ambit.slice limits all containers together" {
    need_controller memory
    systemctl --user set-property --runtime ambit.slice MemoryMax=48M MemorySwapMax=0
    run ambit run --name "$c" $image sh -c "exec tail -c 96m /dev/zero"
    systemctl --user set-property --runtime ambit.slice MemoryMax=infinity MemorySwapMax=infinity
    [ "$status" = 137 ]
}

@test "limits: C08 a further command counts for the container's limits" {
    need_controller memory
    ambit run -d --name "$c" -m 16m $image sleep 100
    run ambit exec "$c" sh -c "exec tail -c 64m /dev/zero"
    [ "$status" = 137 ]
}

@test "limits: C01 C03 cpuset, which Debian does not delegate, fails with the drop-in" {
    need_no_controller cpuset
    run -125 ambit run --rm --cpuset-cpus 0 $image true
    [[ $output == *'"cpuset"'*'Delegate=cpu cpuset io memory pids'*'log out and in again'* ]]
    [[ $output != *cgroup_disable* ]]
}

@test "limits: cpuset and io where they are delegated" {
    need_controller cpuset
    need_controller io
    local disk
    disk=$(lsblk -dnpo NAME | head -n 1)
    ambit run -d --name "$c" --cpuset-cpus 0 --device-read-bps "$disk:1m" --io-weight 50 $image sleep 100
    kernel_is "$c" cpuset.cpus 0
    [[ $(kernel "$c" io.max) == *rbps=1048576* ]]
    run -0 ambit exec "$c" sh -c 'grep Cpus_allowed_list /proc/self/status'
    [[ $output == *0 ]]
    ambit update --cpuset-cpus 0-1 --device-read-bps "$disk:2m" "$c"
    kernel_is "$c" cpuset.cpus 0-1
    [[ $(kernel "$c" io.max) == *rbps=2097152* ]]
    run -125 ambit run --rm --cpuset-cpus 99 $image true
    [[ $output == *cpuset.cpus*99*'no such number'* ]]
}

@test "limits: a container without limits starts where a controller is missing" {
    run -0 ambit run --rm $image echo ran
    [ "$output" = ran ]
}
