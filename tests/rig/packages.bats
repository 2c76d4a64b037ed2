# contrib/packages, with apt-get and dpkg-query replaced by scripts that say what they were asked.

bats_require_minimum_version 1.5.0

setup() {
    packages=$BATS_TEST_DIRNAME/../../contrib/packages
    fake=$BATS_TEST_TMPDIR/bin
    mkdir "$fake"
    log=$BATS_TEST_TMPDIR/log
    : >"$log"
}

teardown() {
    rm -rf "${open:-}"
}

# Makes command $1 of the shell script on standard input.
make_command() {
    { echo '#!/bin/bash' && cat; } >"$fake/$1"
    chmod +x "$fake/$1"
}

# A machine that has all packages but those named, and an apt-get that writes down its arguments.
machine_without() {
    local real
    real=$(command -v dpkg-query)
    make_command dpkg-query <<END
shift 3
for package; do
    [[ " $* " == *" \$package "* ]] || echo "ii \$package"
done
END
    make_command apt-get <<END
echo "\$DEBIAN_FRONTEND: \$*" >>$log
END
}

need_root() {
    ((EUID == 0)) && return
    [[ -z ${AMBIT_TEST_MUST_RUN:-} ]] || { echo "needs root" >&2; return 1; }
    skip "needs root"
}

# Runs packages where /usr/sbin is a copy and no systemd runs, as in a container that is being built.
in_container() {
    unshare --mount sh -ec '
        mkdir -p "$1/upper" "$1/work" "$1/run"
        mount -t tmpfs none "$1"
        mkdir "$1/upper" "$1/work"
        mount -t overlay -o "lowerdir=/usr/sbin,upperdir=$1/upper,workdir=$1/work" none /usr/sbin
        rm -f /usr/sbin/policy-rc.d
        if [ -d /run/systemd ]; then mount -t tmpfs none /run/systemd; fi
        shift
        exec "$@"' sh "$BATS_TEST_TMPDIR/sbin" "$@"
}

@test "packages: --list prints a set, one package a line, each once" {
    run -0 "$packages" --list rig run
    [[ $'\n'$output$'\n' == *$'\n'systemd$'\n'* ]]
    [ "$(sort <<<"$output" | uniq -d)" = "" ]
    [[ $output != *" "* ]]
}

@test "packages: an unknown set is an error" {
    run -1 "$packages" nonsense
    [[ $output == *"no set 'nonsense'"* ]]
    run -1 "$packages" --list nonsense
}

@test "packages: nothing is done, and quickly, when all is there" {
    machine_without nothing
    local before after
    before=${EPOCHREALTIME/[.,]/}
    PATH=$fake:$PATH run -0 "$packages" build run rig test bench
    after=${EPOCHREALTIME/[.,]/}
    [ -z "$output" ]
    [ ! -s "$log" ]
    ((after - before < 200000))
}

@test "packages: what is missing is installed, and nothing else" {
    need_root
    machine_without uidmap iproute2
    PATH=$fake:$PATH run -0 in_container "$packages" rig
    run cat "$log"
    [[ ${lines[0]} == "noninteractive: "*update ]]
    [[ ${lines[1]} == *"--no-install-recommends"*" install iproute2 uidmap" ]]
    [ "${#lines[@]}" = 2 ]
}

@test "packages: a failure of apt-get is one of packages" {
    need_root
    machine_without uidmap
    make_command apt-get <<<'exit 100'
    PATH=$fake:$PATH run -100 in_container "$packages" rig
}

@test "packages: an ordinary user is told the command" {
    need_root
    machine_without uidmap
    make_command sudo <<<'exit 1'
    # Bats's own folder is closed to others.
    open=$(mktemp -d /tmp/packages-test.XXXXXX)
    cp "$fake"/* "$packages" "$open"
    chmod -R a+rX "$open"
    PATH=$open:$PATH run -1 setpriv --reuid=65534 --clear-groups bash "$open/packages" rig
    [[ $output == *"apt-get install --no-install-recommends uidmap"* ]]
}

@test "packages: services are not started while packages are installed, and may be after" {
    need_root
    machine_without uidmap
    make_command apt-get <<<'/usr/sbin/policy-rc.d; echo "policy $?"'
    PATH=$fake:$PATH run -0 in_container sh -c '"$0" rig; test ! -e /usr/sbin/policy-rc.d' "$packages"
    [[ $output == *"policy 101"* ]]
}

@test "packages: a policy-rc.d of the machine's is left alone" {
    need_root
    machine_without uidmap
    PATH=$fake:$PATH run -0 in_container sh -c 'echo mine >/usr/sbin/policy-rc.d; "$0" rig; cat /usr/sbin/policy-rc.d' "$packages"
    [[ $output == *mine ]]
}

@test "packages: after kill -9 the policy that is left allows everything and goes away" {
    need_root
    machine_without uidmap
    make_command apt-get <<<'kill -KILL $PPID'
    PATH=$fake:$PATH run -0 in_container sh -c '"$0" rig
        test -e /usr/sbin/policy-rc.d && /usr/sbin/policy-rc.d && test ! -e /usr/sbin/policy-rc.d' "$packages"
}
