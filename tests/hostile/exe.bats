# The runtime's own program and process, as a container meets them (CVE-2019-5736, CVE-2016-9962).

load ../support/hostile

runtime=ambit-monitor

@test "exe: a container whose command is #!/proc/self/exe can't write the runtime's program" {
    # A runtime that is static says what it thinks of its arguments. With a loader of the image's
    # choice the attacker takes over.
    run contained $base self
    [ "$status" -ne 125 ]
    [[ $output != *escaped* ]]
}

@test "exe: what executes #!/proc/self/exe is a sealed copy, not a file of the host (CVE-2019-5736)" {
    peer "$c" $base attacker grab-exe
    again "$(rounds 40 20)" execute "$c" self
    holds ended_peer "$c"
}

@test "exe: init's program is sealed" {
    holds contained --init --cap-add SYS_PTRACE $base attacker reopen-exe 1
}

@test "exe: nothing is got of the runtime's process during exec, even with CAP_SYS_PTRACE (CVE-2016-9962)" {
    peer "$c" --cap-add SYS_PTRACE $base attacker spy $runtime /bin/busybox
    again "$(rounds 50 25)" execute "$c" true
    holds ended_peer "$c"
}

@test "exe: nor with a user of the container's own" {
    peer "$c" --cap-add SYS_PTRACE $base attacker spy $runtime /bin/busybox
    again "$(rounds 40 20)" execute "$c" -u nobody true
    holds ended_peer "$c"
}

@test "exe: a /proc that the container has covered is neither believed nor written by exec (CVE-2025-52881)" {
    ambit run -d --name "$c" --cap-add SYS_ADMIN $base sh -c 'mount -t tmpfs none /proc &&
        mkdir -p /proc/self/attr /proc/self/fd /proc/1 && cd /proc/self &&
        for f in attr/exec uid_map gid_map setgroups oom_score_adj fd/0; do : >"$f"; done &&
        echo held: ready && exec sleep 100' >/dev/null
    eventually log_has "$c" "held: ready"
    run -0 execute "$c" -u www sh -c 'cd /proc/self && cat attr/exec uid_map gid_map setgroups oom_score_adj fd/0; id -u'
    [ "$output" = 33 ]
}
