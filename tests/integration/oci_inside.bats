# What a container of ambit-oci finds inside: namespaces, mounts, devices and the rights of its process,
# as config.json says, and an error that names what can't be had.

load ../support/ambit
load ../support/oci

# prints EXPECTED: the container of the bundle ends with 0 and prints this.
prints() {
    local expected=$1
    run -0 oci run --bundle "$bundle" "$c" 3>&- 4>&-
    [[ $output == "$expected" ]] || { echo "printed: $output" >&2; return 1; }
}

# refused_for TEXT: the container isn't made, the message has TEXT, and nothing is left.
refused_for() {
    local said=$BATS_TEST_TMPDIR/said
    not oci create --bundle "$bundle" "$c" </dev/null >"$said" 2>&1 3>&- 4>&-
    grep -q -e "$1" "$said" || { cat "$said" >&2; return 1; }
    run ! oci state "$c"
}

# add_mount JSON
# shellcheck disable=SC2016  # a variable of jq
add_mount() { change '.mounts += [$mount]' --argjson mount "$1"; }

# A process in namespaces of its own, which a container can join.
start_neighbour() {
    unshare -r -n -u -C sh -c 'busybox hostname neighbour; exec sleep 100' 3>&- 4>&- &
    neighbour=$!
    eventually runs_sleep "$neighbour"
}
runs_sleep() { [[ $(tr '\0' ' ' <"/proc/$1/cmdline") == "sleep "* ]]; }

teardown() {
    [[ ! ${neighbour:-} ]] || kill "$neighbour" 2>/dev/null || true
    oci delete --force "$c" >/dev/null 2>&1 || true
}

# --- namespaces ----------------------------------------------------------------------------------

@test "oci: the clock of a time namespace has the offset of config.json" {
    [[ -e /proc/self/ns/time ]] || missing "time namespaces"
    # shellcheck disable=SC2016  # a variable of the container's shell
    make_bundle sh -c 'read -r up rest </proc/uptime; echo "${up%.*}"'
    change '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 5000000}}'
    run -0 oci run --bundle "$bundle" "$c" 3>&- 4>&-
    local here
    read -r here _ </proc/uptime
    ((output > 4999990 + ${here%.*} && output < 5000010 + ${here%.*}))
}

@test "oci: the domain name is that of config.json" {
    make_bundle busybox cat /proc/sys/kernel/domainname
    change '.domainname = "inside.test"'
    prints inside.test
}

@test "oci: namespaces given by path are joined" {
    start_neighbour
    # shellcheck disable=SC2016  # a variable of the container's shell
    make_bundle sh -c 'for type in net uts cgroup; do busybox readlink /proc/self/ns/$type; done; busybox hostname'
    # shellcheck disable=SC2016  # a variable of jq
    change 'del(.hostname, .linux.uidMappings, .linux.gidMappings)
        | .linux.namespaces |= map(if (.type | IN("network", "uts", "cgroup", "user"))
            then .path = "/proc/" + $pid + "/ns/" + ({network: "net"}[.type] // .type) else . end)' \
        --arg pid "$neighbour"
    prints "$(readlink "/proc/$neighbour/ns/"{net,uts,cgroup})"$'\n'neighbour
}

@test "oci: a namespace given by path that is of another type is refused" {
    make_bundle sleep 100
    change '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end)'
    refused_for /proc/self/ns/uts
}

@test "oci: a type of namespace that is listed twice is refused" {
    make_bundle sleep 100
    change '.linux.namespaces += [{type: "uts"}]'
    refused_for uts
}

# --- mounts and devices --------------------------------------------------------------------------

@test "oci: tmpcopyup fills a tmpfs with what the image has there" {
    make_bundle sh -c 'busybox cat /etc/hello && echo changed >/etc/hello'
    mkdir "$bundle/rootfs/etc"
    echo hello >"$bundle/rootfs/etc/hello"
    add_mount '{"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}'
    prints hello
    [[ $(<"$bundle/rootfs/etc/hello") == hello ]]
}

@test "oci: a read-only tmpfs takes a mount inside" {
    make_bundle sh -c 'busybox cat /mnt/inner/hello; busybox touch /mnt/file 2>&1'
    mkdir "$BATS_TEST_TMPDIR/source"
    echo hello >"$BATS_TEST_TMPDIR/source/hello"
    add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["ro"]}'
    add_mount "{\"destination\": \"/mnt/inner\", \"source\": \"$BATS_TEST_TMPDIR/source\", \"options\": [\"bind\"]}"
    run -1 oci run --bundle "$bundle" "$c" 3>&- 4>&-
    [[ $output == hello*"Read-only file system" ]]
}

@test "oci: rro makes the mounts below read-only too, as ro does not" {
    mountpoint -q "$XDG_RUNTIME_DIR" || missing "a mount below /run that is the user's"
    make_bundle busybox touch "/mnt${XDG_RUNTIME_DIR#/run}/$c"
    add_mount '{"destination": "/mnt", "source": "/run", "options": ["rbind", "ro"]}'
    oci run --bundle "$bundle" "$c" 3>&- 4>&-
    rm "$XDG_RUNTIME_DIR/$c"
    change '.mounts[-1].options = ["rbind", "rro"]'
    run -1 oci run --bundle "$bundle" "$c" 3>&- 4>&-
    [[ $output == *"Read-only file system" && ! -e $XDG_RUNTIME_DIR/$c ]]
}

@test "oci: an unknown mount option is an error that names it" {
    make_bundle sleep 100
    add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["frobnicate"]}'
    refused_for frobnicate
}

@test "oci: an ID-mapped mount that an ordinary user can't have is an error that names it" {
    ((EUID != 0)) || skip "for an ordinary user"
    make_bundle sleep 100
    add_mount "{\"destination\": \"/mapped\", \"source\": \"$BATS_TEST_TMPDIR\", \"options\": [\"bind\"],
        \"uidMappings\": [{\"containerID\": 0, \"hostID\": 5, \"size\": 1}],
        \"gidMappings\": [{\"containerID\": 0, \"hostID\": 5, \"size\": 1}]}"
    refused_for /mapped
}

@test "oci: a fifo among the devices is made" {
    make_bundle sh -c '[ -p /dev/pipe ] && echo made'
    change '.linux.devices = [{type: "p", path: "/dev/pipe", fileMode: 438}]'
    prints made
}

@test "oci: a device that can't be made is an error that names it" {
    ((EUID != 0)) || skip "for an ordinary user"
    make_bundle sleep 100
    change '.linux.devices = [{type: "c", path: "/dev/odd", major: 200, minor: 7}]'
    refused_for /dev/odd
}

# --- the process ---------------------------------------------------------------------------------

@test "oci: personality LINUX32 shows a 32-bit machine" {
    [[ $(uname -m) == x86_64 ]] || missing "x86-64"
    make_bundle busybox uname -m
    change '.linux.personality = {domain: "LINUX32"}'
    prints i686
}

@test "oci: the scheduling policy is that of config.json" {
    make_bundle busybox cut -d' ' -f41 /proc/self/stat
    change '.process.scheduler = {policy: "SCHED_BATCH"}'
    prints 3
}

@test "oci: the umask is that of config.json" {
    make_bundle sh -c umask
    change '.process.user.umask = 63'
    prints 0077
}

@test "oci: without no_new_privs, and with a filter, the capabilities are those of config.json" {
    make_bundle busybox grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
    change '.process.noNewPrivileges = false
        | .process.capabilities |= with_entries(.value = ["CAP_CHOWN", "CAP_KILL"])
        | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"
            , syscalls: [{names: ["kexec_load"], action: "SCMP_ACT_ERRNO"}]}'
    prints $'CapEff:\t0000000000000021\nCapBnd:\t0000000000000021\nNoNewPrivs:\t0\nSeccomp:\t2'
}

@test "oci: a seccomp rule with an errno is in force" {
    make_bundle busybox mkdir /made
    change '.root.readonly = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"
        , syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
    run -1 oci run --bundle "$bundle" "$c" 3>&- 4>&-
    [[ $output == *"not supported"* && ! -e $bundle/rootfs/made ]]
}

@test "oci: an unknown capability is an error that names it" {
    make_bundle sleep 100
    change '.process.capabilities.bounding += ["CAP_FROB"]'
    refused_for CAP_FROB
}

@test "oci: an unknown seccomp action is an error that names it" {
    make_bundle sleep 100
    change '.linux.seccomp = {defaultAction: "SCMP_ACT_FROB"}'
    refused_for SCMP_ACT_FROB
}

@test "oci: an AppArmor profile where there is no AppArmor is an error that names it" {
    [[ ! -e /sys/kernel/security/apparmor/profiles ]] || skip "AppArmor is here"
    make_bundle sleep 100
    change '.process.apparmorProfile = "frob-profile"'
    refused_for AppArmor
}

# --- the host ------------------------------------------------------------------------------------

@test "oci: where a filter of system calls forbids user namespaces, the error says that one may" {
    ((EUID != 0)) || skip "for an ordinary user"
    make_bundle busybox true
    run systemd-run --user --quiet --pipe --wait -p 'RestrictNamespaces=~user' \
        "$(command -v "$oci_program")" --root "$oci_root" run --bundle "$bundle" "$c" 3>&- 4>&-
    ((status != 0))
    [[ $output == *"seccomp"* ]]
}
