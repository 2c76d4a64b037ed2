# The attacks of the other files on ambit-oci: its program and process, descriptors, links, what the
# kernel gives to whoever asks. Races are in oci_races.bats.

load ../support/hostile_oci

descriptors=$(seq 3 23)

# What the runtime's own processes are called, which depends on how it executes its copy: a container
# that was created is still one of them.
runtime_name() {
    local name
    make_bundle asked base sleep 1
    oci create --bundle "$BATS_TEST_TMPDIR/bundles/asked" asked </dev/null >/dev/null 3>&- 4>&-
    name=$(cat "/proc/$(oci state asked | jq .pid)/comm")
    oci delete asked
    echo "$name"
}

# Root's capabilities are those of the host where there is no user namespace.
ptrace=(--cap-add SYS_PTRACE)
((EUID != 0)) || ptrace=()

# --- program and process -------------------------------------------------------------------------

@test "oci exe: what waits to become a command like #!/proc/self/exe is a sealed copy (CVE-2019-5736)" {
    make_bundle c base self
    oci create --bundle "$BATS_TEST_TMPDIR/bundles/c" c </dev/null >/dev/null 3>&- 4>&-
    holds execute c attacker reopen-exe 1
    [[ $output == *sealed* ]]
    # It is executed, and finds no command among its arguments, or the attacker, who was its loader.
    run contained base self
    [[ $output != *escaped* ]] && is_refusal || [[ $output == *held:* ]]
}

@test "oci exe: a hook in the container gets nothing of the runtime's process, which no filter confines" {
    holds contained "${ptrace[@]}" --with '.hooks.startContainer = [{path: "/bin/attacker", args: ["attacker", "grab", "1"]}]' \
        base true
}

@test "oci exe: what executes #!/proc/self/exe in exec is a sealed copy (CVE-2019-5736)" {
    peer peer base attacker grab-exe
    again "$(rounds 40 20)" execute peer self
    holds ended_peer peer
}

@test "oci exe: nothing is got of the runtime's process during exec (CVE-2016-9962)" {
    local name
    name=$(runtime_name)
    peer peer "${ptrace[@]}" base attacker spy "$name" /bin/busybox
    again "$(rounds 50 25)" execute peer true
    holds ended_peer peer
}

@test "oci exe: nor with a user of the container's own, who is not root" {
    local name
    name=$(runtime_name)
    peer peer "${ptrace[@]}" base attacker spy "$name" /bin/busybox
    again "$(rounds 40 20)" execute peer -u 65534 true
    holds ended_peer peer
}

@test "oci exe: a /proc that the container has covered is neither believed nor written by exec (CVE-2025-52881)" {
    peer peer --cap-add SYS_ADMIN base sh -c 'mount -t tmpfs none /proc &&
        mkdir -p /proc/self/attr /proc/self/fd /proc/1 && cd /proc/self &&
        for f in attr/exec uid_map gid_map setgroups oom_score_adj fd/0; do : >"$f"; done &&
        echo held: ready && exec sleep 100'
    run -0 execute peer -u 33 sh -c 'cd /proc/self && cat attr/exec uid_map gid_map setgroups oom_score_adj fd/0; id -u'
    [ "$output" = 33 ]
}

# --- descriptors and folders -----------------------------------------------------------------------

@test "oci descriptors: no folder that the runtime has open is a working folder (CVE-2024-21626)" {
    local fd folder
    sleeper c base
    for fd in $descriptors; do
        for folder in "/proc/self/fd/$fd/../.." "/wd-$fd"; do
            held_or_refused execute c -w "$folder" attacker reach-file "$marker"
            held_or_refused contained --with ".process.cwd = \"$folder\"" base attacker reach-file "$marker"
        done
    done
}

@test "oci descriptors: no command or interpreter is found by way of one (CVE-2024-21626)" {
    local fd way up=../../../../../../../../../..
    printf '#!/bin/busybox sh\necho of the host\n' >"$marker"
    chmod +x "$marker"
    sleeper c base
    for fd in $descriptors; do
        for way in "/proc/self/fd/$fd/$up$marker" "up-$fd"; do
            refused "can't be executed" execute c "$way" || refused "not in the container" execute c "$way"
            refused "can't be executed" contained base "$way" || refused "not in the container" contained base "$way"
        done
    done
}

@test "oci descriptors: those of the caller stay with the caller, whatever their numbers" {
    make_bundle victim base attacker reach-file "$marker"
    holds oci run --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim 3</ 4</ 9</ 60</
    sleeper c base
    holds oci exec c attacker reach-file "$marker" 3</ 4</ 9</ 60</
}

@test "oci descriptors: --preserve-fds hands over so many and not one more" {
    make_bundle victim base attacker reach-file "$marker"
    holds oci run --preserve-fds 2 --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim 3</dev/null 4</dev/null 5</ 9</
    sleeper c base
    holds oci exec --preserve-fds 2 c attacker reach-file "$marker" 3</dev/null 4</dev/null 5</ 9</
    # More than there are.
    held_or_refused oci exec --preserve-fds 40 c attacker reach-file "$marker" 3<&- 4<&-
}

@test "oci descriptors: a hook inside the container has neither the caller's nor the caller's environment" {
    make_bundle victim --with '.hooks.startContainer =
        [{path: "/bin/sh", args: ["sh", "-c", "env >/hook; for n in 3 4; do [ -e /proc/$$/fd/$n ] && echo open >>/hook; done; :"]}]' base true
    SECRET_OF_CALLER=1 oci run --preserve-fds 1 --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim 3</dev/null 4</
    run -0 cat "$(root_of base)/hook"
    [[ $output == *PWD=* && $output != *SECRET_OF_CALLER* && $output != *XDG_RUNTIME_DIR* && $output != *open* ]]
}

# --- links, and files that a start reads -----------------------------------------------------------

@test "oci links: /dev that is a link leads no device to the host or over /proc" {
    refused "only a tmpfs can be mounted on /dev" contained dev-to-proc attacker look
    holds contained dev-to-host attacker look "$marker"
    holds contained dev-to-tmp attacker look "$marker"
}

@test "oci links: /proc and /sys that are links are refused (CVE-2019-16884)" {
    refused "mount /proc: it must be mounted on ordinary directory, and a link is there" \
        contained proc-to-root attacker look
    refused "mount /sys: it must be mounted on ordinary directory, and a link is there" \
        contained sys-to-proc attacker look
    refused "a link is there" contained proc-to-tmp attacker look
}

@test "oci links: /dev/null of the image that is a link to the kernel's files masks nothing (CVE-2025-31133)" {
    local root
    root=$(root_of base)
    ln -s /proc/sys/kernel/core_pattern "$root/dev/null"
    holds contained base attacker look "$marker"
    # Also where the image's own /dev stays.
    # shellcheck disable=SC2016  # a variable of the container's shell
    held_or_refused contained --with '.mounts |= map(select(.destination | startswith("/dev") | not))' \
        base sh -c 'for file in keys kcore; do
            grep -q " /proc/$file .* - tmpfs " /proc/self/mountinfo || exit 1; done; echo held: masked'
    rm "$root/dev/null"
}

@test "oci links: /proc of the image's own making is covered, and no mount goes below or over it" {
    local place dir=$BATS_TEST_TMPDIR/dir
    mkdir "$dir"
    holds contained own-proc attacker look "$marker"
    for place in /proc /proc/self /proc/self/attr /proc/1/root /proc/sys /sys /sys/fs/cgroup /sys/kernel \
        / /.. /wd/../proc //proc/; do
        refused "mount $place: " contained -v "$dir:$place" base attacker look
    done
}

@test "oci links: a link in the place of a mount point or a device makes nothing on the host" {
    holds contained etc-to-host attacker look "$marker"
    holds contained -v /etc/passwd:/etc/hosts hosts-to-host attacker look "$marker"
    [ ! -e "$made" ]
    refused "in the container's /proc" contained -v /etc/passwd:/etc/hostname hosts-to-host attacker look
    refused "in the container's /proc" contained -v /etc/passwd:/etc/resolv.conf hosts-to-host attacker look
    refused "device /etc/fifo: " contained --with '.linux.devices = [{type: "p", path: "/etc/fifo"}]' \
        etc-to-host attacker look
}

@test "oci links: the root of a bundle that is a link to the host's root is refused" {
    mkdir "$BATS_TEST_TMPDIR/linked"
    ln -s / "$BATS_TEST_TMPDIR/linked/rootfs"
    refused "is a link" contained "rootfs:$BATS_TEST_TMPDIR/linked/rootfs" /bin/true
    refused "is a link" contained "rootfs:$BATS_TEST_TMPDIR/linked/rootfs/" /bin/true
}

@test "oci users: /etc/passwd that is a fifo and /etc/group that never ends hold neither create nor exec up" {
    run -0 contained --with '.process.user = {uid: 33, gid: 34}' passwd-fifo grep '^[UG]id' /proc/self/status
    [[ ${lines[0]} == Uid:*33 && ${lines[1]} == Gid:*34 ]]
    sleeper c passwd-fifo
    run -0 execute c -u 33:34 grep '^[UG]id' /proc/self/status
    [[ ${lines[0]} == Uid:*33 && ${lines[1]} == Gid:*34 ]]
}

@test "oci users: a home folder behind a descriptor leads nowhere" {
    holds contained home attacker reach-file "$marker"
    sleeper c home
    holds execute c attacker reach-file "$marker"
}

@test "oci users: /etc/passwd that the container has covered with one of 4 GB doesn't fill memory in exec" {
    peer peer --cap-add SYS_ADMIN base sh -c 'truncate -s 4G /tmp/passwd && mount -o bind /tmp/passwd /etc/passwd &&
        echo held: ready && exec sleep 100'
    (ulimit -v 1000000 && holds execute peer attacker reach-file "$marker")
}

# --- files of the bundle and the state -----------------------------------------------------------------

@test "oci files: what is no regular file in the place of one of a bundle or a state is refused, and waited for by nobody" {
    local bundle=$BATS_TEST_TMPDIR/bundles/victim name
    make_bundle victim base true
    mv "$bundle/config.json" "$bundle/real.json"
    mkfifo "$bundle/config.json"
    refused "config.json: is no regular file" oci run --bundle "$bundle" victim
    rm "$bundle/config.json"
    ln -s /dev/zero "$bundle/config.json"
    refused "config.json: is no regular file" oci run --bundle "$bundle" victim
    sleeper c base
    for name in state.json config.json; do
        mv "$oci_root/c/$name" "$oci_root/real"
        mkfifo "$oci_root/c/$name"
        refused "$name: is no regular file" oci exec c true
        run -0 oci list
        rm "$oci_root/c/$name"
        mv "$oci_root/real" "$oci_root/c/$name"
    done
    oci exec c true
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    mv "$BATS_TEST_TMPDIR/fifo" "$oci_root/c/config.json"
    oci delete --force c
    [[ ! -e $oci_root/c ]]
}

@test "oci files: a fifo that nobody reads takes no log and no pid file for ever" {
    mkfifo "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/pid"
    make_bundle victim base true
    run -0 oci --log "$BATS_TEST_TMPDIR/log" --debug run --pid-file "$BATS_TEST_TMPDIR/pid" \
        --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim
    [[ -f $BATS_TEST_TMPDIR/pid ]]
}

@test "oci files: a file that the user names may be a pipe" {
    make_bundle victim base echo held: read
    holds oci run --config <(cat "$BATS_TEST_TMPDIR/bundles/victim/config.json") \
        --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim
    sleeper c base
    holds oci exec --process <(jq .process "$BATS_TEST_TMPDIR/bundles/victim/config.json") c
}

@test "oci files: a folder of states that others can write in is refused, with the way out" {
    chmod g+w "$oci_root"
    refused "chmod go-w" oci list
    chmod 1777 "$oci_root"
    refused "chmod go-w" oci state c
    chmod 700 "$oci_root"
    # One that somebody else has put there names whom to kill.
    sleeper c base
    chmod o+w "$oci_root/c"
    refused "chmod go-w" oci delete --force c
    run -0 oci list -q
    [ "$output" = "" ]
    chmod o-w "$oci_root/c"
    if ((EUID == 0)); then
        chown 1000 "$oci_root/c"
        refused "somebody else's" oci kill c KILL
        chown 0 "$oci_root/c"
    fi
    oci kill c 0
}

# --- the kernel --------------------------------------------------------------------------------------

@test "oci seccomp: calls by the numbers of i386 and x32 don't exist under a filter for this machine" {
    [[ $(uname -m) == x86_64 ]] || missing "x86-64"
    local filter='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"]}'
    holds contained --with "$filter" base attacker foreign-calls
    ((EUID == 0)) || holds contained --cap-add ALL --with "$filter" base attacker foreign-calls
    sleeper c --with "$filter" base
    holds execute c attacker foreign-calls
}

@test "oci seccomp: a rule on the low half of an argument isn't passed by bits of the high half" {
    local filter='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["ioctl"],
        action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 4294967295, valueTwo: 21522, op: "SCMP_CMP_MASKED_EQ"}]}]}'
    holds contained -t --with "$filter" base attacker type-ahead
    [[ $output != *"held: 0"* ]]
    sleeper c --with "$filter" base
    holds execute c -t attacker type-ahead
    [[ $output != *"held: 0"* ]]
}

@test "oci terminal: nothing is typed into the caller's (CVE-2017-5226)" {
    make_bundle victim base attacker type-ahead
    run -0 "$support/terminal.py" untouched "$oci_program" --root "$oci_root" \
        run --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim
    [[ $output == *held:* ]]
    sleeper c base
    run -0 "$support/terminal.py" untouched "$oci_program" --root "$oci_root" exec c attacker type-ahead
    [[ $output == *held:* ]]
}

@test "oci terminal: exec takes no /dev/pts of the container's own making for one (CVE-2025-52565)" {
    local ptmx
    for ptmx in 'ln -s /dev/null' 'ln -s /dev/tty' 'ln -s /proc/version' 'ln -s /proc/self/fd/0' 'mkfifo' 'touch'; do
        peer peer --cap-add SYS_ADMIN base sh -c "mount -t tmpfs none /dev/pts && $ptmx /dev/pts/ptmx &&
            echo held: ready && exec sleep 100"
        # Not what came of using it as one.
        refused "/dev/pts/ptmx" execute peer -t true
        oci delete --force peer
    done
}

@test "oci kernel files: core_pattern, sysrq-trigger, release_agent and their like can't be written" {
    holds contained base attacker write-kernel-files
    ((EUID == 0)) || holds contained --cap-add ALL base attacker write-kernel-files
    sleeper c base
    holds execute c attacker write-kernel-files
}

@test "oci cgroups: with CAP_SYS_ADMIN a container mounts its own subtree and nothing above it" {
    oci_options=(--systemd-cgroup)
    holds contained --cap-add SYS_ADMIN base attacker mount-cgroups
    sleeper c --cap-add SYS_ADMIN base
    holds execute c attacker mount-cgroups
}

@test "oci capabilities: none is inherited by an ordinary user's program (CVE-2022-24769)" {
    # The folders of tests may be on a file system without capabilities.
    local loose='.process.noNewPrivileges = false
        | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
    holds contained --with "$loose" base attacker inherit
    sleeper c --with "$loose" base
    holds execute c attacker inherit
}

@test "oci capabilities: ambient ones reach an ordinary user, and only those" {
    local user='.process.user = {uid: 33, gid: 33} | .process.capabilities |= with_entries(.value =
        ["CAP_NET_BIND_SERVICE"])'
    run -0 contained --with "$user" base grep -E '^Cap(Eff|Inh|Amb|Bnd)' /proc/self/status
    [[ $(sort -u -k2 <<<"$output" | wc -l) == 1 && $output == *0000000000000400* ]]
}

@test "oci host: no socket of systemd, the journal or the bus is reachable, nor a variable that leads there" {
    holds contained base attacker reach-sockets
    sleeper c base
    holds execute c attacker reach-sockets
}

@test "oci host: an abstract socket and a port of the host are out of reach (CVE-2020-15257)" {
    coproc LISTENER { exec python3 -c '
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0" + sys.argv[1])
listener.listen()
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()' "$c"; }
    local pid=$LISTENER_PID port
    read -r port <&"${LISTENER[0]}"
    run contained base attacker reach-sockets "$c"
    local sockets=$output
    run contained base attacker reach-port "$port"
    kill "$pid"
    [[ $sockets == *held:* && $output == *held:* ]] || { echo "$sockets $output"; false; }
}

# --- cgroup paths and annotations --------------------------------------------------------------------

own_cgroup() { sed -n s/^0:://p /proc/self/cgroup; }

@test "oci cgroups: a path that leads upwards is refused" {
    local path
    for path in ../x ../../x "$c/../../../y" /.. /../x "/user.slice/../../x" "$c/.."; do
        refused "leads upwards" contained --with ".linux.cgroupsPath = \"$path\"" base true
    done
}

@test "oci cgroups: a cgroup that others live in is refused" {
    local own
    own=$(own_cgroup)
    refused "holds processes" contained --with ".linux.cgroupsPath = \"$own\"" base true
}

@test "oci cgroups: exec --cgroup leads below the container's and nowhere else" {
    oci_options=(--systemd-cgroup)
    sleeper c base
    # An ordinary user's exec may not be cloned there from a cgroup of the system's manager.
    run oci exec --cgroup ../../.. c grep ^0: /proc/self/cgroup
    [ "$output" = 0::/ ] || { ((EUID != 0)) && is_refusal; }
}

@test "oci cgroups: the name of a scope is no path, and its slice none either" {
    local path oci_options=(--systemd-cgroup)
    for path in '../../x.slice:a:b' 'a/b.slice:a:b' 'x.service:a:b' ':a:' 'app.slice:a:b.slice'; do
        make_bundle victim --with ".linux.cgroupsPath = \"$path\"" base true
        refused "cgroupsPath" oci run --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim
    done
    make_bundle victim --with ".linux.cgroupsPath = \":a:../../$c\"" base grep ^0: /proc/self/cgroup
    run -0 oci run --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim
    [ "$output" = 0::/ ]
}

@test "oci cgroups: an annotation takes no other processes into the scope, which would end with it" {
    local name other oci_options=(--systemd-cgroup)
    sleep 1000 3>&- 4>&- &
    other=$!
    for name in PIDs PIDFDs; do
        make_bundle victim --with ".annotations.\"org.systemd.property.$name\" = \"[uint32 $other]\"" base true
        refused "org.systemd.property.$name" oci run --bundle "$BATS_TEST_TMPDIR/bundles/victim" victim
        [[ -e /proc/$other ]]
    done
    kill "$other"
}
