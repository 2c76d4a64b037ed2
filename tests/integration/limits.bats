# Limits are properties of the container's scope. What needs real controllers is in tests/vm/limits.bats.

load ../support/ambit

# Whether the user manager has the controller.
has_controller() { grep -qw "$1" "/sys/fs/cgroup/user.slice/user-$UID.slice/user@$UID.service/cgroup.controllers"; }
needs_no_controller() { ! has_controller "$1" || skip "the $1 controller is there"; }

limits_of() { ambit inspect "$1" | jq -c '.[0].limits'; }
kept_for() { ambit inspect "$1" | jq -r '.[0].config.properties[]'; }
scope_property() { systemctl --user show -P "$2" "ambit-$1.scope"; }

@test "limits: C01 a controller that is not delegated fails the start with the drop-in" {
    needs_no_controller cpu
    run -125 ambit run --name "$c" --cpus 0.5 $image touch /tmp/ran
    [[ $output == *'"cpu"'* && $output == *'cpu.max'* ]]
    [[ $output == *'/etc/systemd/system/user@.service.d/delegate.conf'* ]]
    [[ $output == *'Delegate=cpu cpuset io memory pids'* ]]
    state_is "$c" created
    unit_is_gone "ambit-$c.scope"
}

@test "limits: C01 info shows which controllers there are" {
    run -0 ambit info --format json
    [ "$(jq -r '.controllers | join(" ")' <<<"$output")" = \
        "$(cat "/sys/fs/cgroup/user.slice/user-$UID.slice/user@$UID.service/cgroup.controllers")" ]
}

@test "limits: C02 a limit of memory that nobody enforces never starts" {
    needs_no_controller memory
    run -125 ambit run --rm --memory 50m $image echo ran
    [[ $output == *memory.max* && $output != *ran ]]
}

@test "limits: C03 cpuset needs a new login after the drop-in, and the error says so" {
    needs_no_controller cpuset
    run -125 ambit run --rm --cpuset-cpus 0 $image true
    [[ $output == *cpuset.cpus* && $output == *'log out and in again'* ]]
}

@test "limits: C02 an OOM policy that nobody enforces never starts" {
    needs_no_controller memory
    run -125 ambit run --rm --oom-policy kill $image echo ran
    [[ $output == *memory.oom.group*'"memory"'* && $output != *ran ]]
}

@test "limits: U01 a limit of a device without the io controller tells file and controller" {
    needs_no_controller io
    local disk
    disk=$(lsblk -dnpo NAME 2>/dev/null | head -n 1)
    [[ $disk && -b $disk ]] || disk=$HOME
    run -125 ambit run --rm --device-write-iops "$disk:100" $image true
    [[ $output == *io.max* || $output == *'is no block device'* ]]
    [[ $output != *'not found'* ]]
}

@test "limits: U01 a device that is not there is named" {
    run -125 ambit run --rm --device-read-bps /dev/nowhere:1m $image true
    [[ $output == *IOReadBandwidthMax*/dev/nowhere* ]]
}

@test "limits: what a start refuses leaves nothing behind" {
    needs_no_controller pids
    run -125 ambit run --rm --name "$c" --pids-limit 10 $image true
    unit_is_gone "ambit-$c.scope"
    run -125 ambit inspect "$c"
}

@test "limits: no limit needs no controller" {
    run -0 ambit run --rm --memory -1 --pids-limit -1 --cpus 0 $image echo ran
    [ "$output" = ran ]
}

@test "limits: a property of the unit is what systemd has" {
    ambit run -d --name "$c" --property RuntimeMaxSec=1h -p ManagedOOMPreference=avoid $image sleep 100
    [ "$(scope_property "$c" RuntimeMaxUSec)" = 1h ]
    [ "$(scope_property "$c" ManagedOOMPreference)" = avoid ]
}

@test "limits: an unknown property is refused with the nearest name" {
    run -125 ambit run --rm --property MemoryMx=1G $image true
    [[ $output == *"MemoryMx"*"did you mean 'MemoryMax'?"* ]]
}

@test "limits: properties that a user manager ignores are refused with the reason" {
    local property
    for property in DeviceAllow=/dev/null IPAddressDeny=any IPAccounting=yes SocketBindDeny=any \
        RestrictNetworkInterfaces=lo BPFProgram=egress:/x; do
        run -125 ambit run --rm --property "$property" $image true
        [[ $output == *"${property%%=*} is refused"*"does nothing"* ]]
    done
}

@test "limits: over D-Bus, too" {
    run ! manager CreateContainer 'ssasa{sv}' "$c" $image 0 1 Properties 'a(sv)' 1 DevicePolicy s closed
    [[ $output == *'DevicePolicy is refused'* ]]
    run ! manager CreateContainer 'ssasa{sv}' "$c" $image 0 1 Properties 'a(sv)' 1 MemoryMax s 64M
    [[ $output == *"MemoryMax is of type 't', not 's'"* ]]
    manager CreateContainer 'ssasa{sv}' "$c" $image 0 1 Properties 'a(sv)' 1 MemoryMax t 1048576
    [ "$(kept_for "$c")" = MemoryMax=1048576 ]
}

@test "limits: -p of a port is no property" {
    run -125 ambit run --rm -p 8080:80 $image true
    [[ $output == *"-p '8080:80'"* ]]
}

@test "limits: docker's options become systemd's properties" {
    ambit create --name "$c" -m 64m --memory-swap 96m --memory-reservation 32m --cpus 1.5 -c 1024 \
        --cpuset-cpus 0-1 --pids-limit 50 --blkio-weight 500 --device-read-bps /dev/sda:1mb \
        --oom-policy kill $image true >/dev/null
    run -0 kept_for "$c"
    local expected
    expected=$(sort <<'END'
MemorySwapMax=33554432
MemoryMax=67108864
MemoryLow=33554432
CPUWeight=39
CPUQuota=150%
CPUQuotaPeriodSec=100000us
AllowedCPUs=0-1
TasksMax=50
IOWeight=4950
OOMPolicy=kill
IOReadBandwidthMax=/dev/sda 1048576
END
    )
    [ "$(sort <<<"$output")" = "$expected" ]
}

@test "limits: memory without swap limits swap to the same" {
    ambit create --name "$c" -m 64m $image true >/dev/null
    [ "$(limits_of "$c")" = '{"MemoryMax":67108864,"MemorySwapMax":67108864}' ]
}

@test "limits: update changes a running container's unit and its next start" {
    ambit run -d --name "$c" $image sleep 100
    run -0 ambit update -p ManagedOOMPreference=omit -p MemoryMax=infinity "$c"
    [ "$output" = "$c" ]
    [ "$(scope_property "$c" ManagedOOMPreference)" = omit ]
    ambit kill "$c"
    ambit wait "$c"
    ambit start "$c"
    [ "$(scope_property "$c" ManagedOOMPreference)" = omit ]
}

@test "limits: update of one that does not run is for its next start" {
    ambit create --name "$c" $image sleep 100 >/dev/null
    ambit update -p OOMPolicy=stop -p ManagedOOMPreference=avoid "$c"
    ambit start "$c"
    [ "$(scope_property "$c" ManagedOOMPreference)" = avoid ]
}

@test "limits: update of several tells each failure and changes the others" {
    ambit create --name "$c-1" $image true >/dev/null
    ambit create --name "$c-2" $image true >/dev/null
    run -125 ambit update --pids-limit 5 "$c-1" "$c-nobody" "$c-2"
    [[ $output == *"$c-1"*"no container '$c-nobody'"*"$c-2"* ]]
    [ "$(limits_of "$c-1")" = '{"TasksMax":5}' ]
    [ "$(limits_of "$c-2")" = '{"TasksMax":5}' ]
}

@test "limits: what can't be changed live is refused and changes nothing" {
    ambit run -d --name "$c" $image sleep 100
    run -125 ambit update -p OOMPolicy=kill -p ManagedOOMPreference=avoid "$c"
    [[ $output == *'OOMPolicy'*'while the container runs'* ]]
    [ "$(scope_property "$c" ManagedOOMPreference)" = none ]
    [ -z "$(kept_for "$c")" ]
}

@test "limits: a live limit that nobody enforces is refused before systemd hears of it" {
    needs_no_controller memory
    ambit run -d --name "$c" $image sleep 100
    run -125 ambit update -m 64m "$c"
    [[ $output == *memory.max* ]]
    [ "$(scope_property "$c" MemoryMax)" = infinity ]
    [ -z "$(kept_for "$c")" ]
}

@test "limits: inspect shows what systemctl has set" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user set-property "ambit-$c.scope" MemoryHigh=70M
    [ "$(limits_of "$c" | jq .MemoryHigh)" = 73400320 ]
}

@test "limits: what systemctl has set survives the next start" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user set-property "ambit-$c.scope" ManagedOOMPreference=avoid MemoryHigh=infinity
    ambit stop -t 0 "$c"
    [[ $(kept_for "$c") == *ManagedOOMPreference=avoid* ]]
    ambit start "$c"
    [ "$(scope_property "$c" ManagedOOMPreference)" = avoid ]
}

@test "limits: what systemctl has set survives where ambitd was not there at the end" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user set-property "ambit-$c.scope" ManagedOOMPreference=avoid
    systemctl --user stop ambit.service
    systemctl --user stop "ambit-$c.scope"
    ambit start "$c"
    [ "$(scope_property "$c" ManagedOOMPreference)" = avoid ]
}

@test "limits: what systemctl has set survives a kill of the monitor" {
    ambit run -d --name "$c" $image sleep 100
    systemctl --user set-property "ambit-$c.scope" ManagedOOMPreference=avoid
    kill -KILL "$(monitor_pid "$c")"
    ambit wait "$c"
    ambit start "$c"
    [ "$(scope_property "$c" ManagedOOMPreference)" = avoid ]
}

@test "limits: SetLimits takes systemd's names and types" {
    ambit run -d --name "$c" $image sleep 100
    of "$c" SetLimits 'a(sv)' 2 ManagedOOMPreference s avoid MemoryMax t 18446744073709551615
    [ "$(scope_property "$c" ManagedOOMPreference)" = avoid ]
    run ! of "$c" SetLimits 'a(sv)' 1 KillSignal i 9
    [[ $output == *'KillSignal is refused'* ]]
}

@test "limits: L07 a scope that failed does not keep its name from the next start" {
    ambit run -d --name "$c" --property RuntimeMaxSec=300ms $image sleep 100
    ambit wait "$c"
    ambit update -p RuntimeMaxSec=infinity "$c"
    ambit start "$c"
    state_is "$c" running
    [ "$(scope_property "$c" RuntimeMaxUSec)" = infinity ]
}

@test "limits: C08 a further command is in the container's own scope, in whatever slice" {
    local pid
    ambit run -d --name "$c" --cgroup-parent ambit-test.slice $image sleep 100
    [[ $(property "$c" ControlGroup) == *"/ambit-test.slice/ambit-$c.scope" ]]
    ambit exec -d "$c" sleep 99
    eventually pgrep -f 'sleep 99'
    for pid in $(pgrep -f 'sleep 99'); do
        grep -q "/ambit-$c.scope/" "/proc/$pid/cgroup" && return 0
    done
    false
}

@test "limits: a slice is a name that ends in .slice" {
    run -125 ambit create --name "$c" --cgroup-parent /docker $image true
    [[ $output == *'ends in .slice'* ]]
}

@test "limits: a drop-in for ambit.slice limits all containers" {
    local folder=$HOME/.config/systemd/user/ambit.slice.d
    mkdir -p "$folder"
    printf '[Slice]\nMemoryMax=4G\n' >"$folder/limits.conf"
    systemctl --user daemon-reload
    ambit run -d --name "$c" $image sleep 100
    [ "$(systemctl --user show -P MemoryMax ambit.slice)" = 4294967296 ]
    rm -r "$folder"
    systemctl --user daemon-reload
}

@test "limits: --shm-size is the size of /dev/shm" {
    run -0 ambit run --rm --shm-size 1m $image df -k /dev/shm
    [[ $output == *' 1024 '* ]]
}

@test "limits: --oom-score-adj is the command's" {
    run -0 ambit run --rm --oom-score-adj 500 $image cat /proc/self/oom_score_adj
    [ "$output" = 500 ]
}

@test "limits: an OOM score below the session's is refused by the kernel, which is told" {
    run -125 ambit run --rm --oom-score-adj -500 $image true
    [[ $output == *"an ordinary user can't go below"* ]]
}

@test "limits: an old record without limits is read" {
    local id
    id=$(ambit create --name "$c" $image true)
    systemctl --user stop ambit.service
    not grep -q '"limits"' "$store/containers/$id/record.json"
    run -0 ambit start "$c"
}

@test "run: docs/run-options.md has each option that run has" {
    local option
    for option in $(ambit run --help | grep -o -- '^  *-[^ ]*' | grep -o -- '--[a-z-]*' | grep -vx -- '--help\|--net'); do
        grep -q -- "\`[^\`]*$option\b" "$top/docs/run-options.md" || { echo "$option is missing"; return 1; }
    done
}
