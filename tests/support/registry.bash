# Registries of the test's own: Debian's docker-registry on the loopback.

# A free port of the loopback, now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

answers() { python3 -c '
import sys, urllib.error, urllib.request, ssl
try:
    urllib.request.urlopen(sys.argv[1], timeout=2, context=ssl._create_unverified_context())
except urllib.error.HTTPError:
    pass' "$1" 2>/dev/null; }

# start_registry DIR [LINE...]: LINEs go into its configuration. The port is in $registry_port, its
# PID in $registry_pid; stop it by that. DIR keeps what was pushed.
start_registry() {
    local dir=$1 scheme=http
    shift
    mkdir -p "$dir"
    registry_port=$(free_port)
    {
        printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n'
        printf 'storage:\n  filesystem: {rootdirectory: %s/data}\n  delete: {enabled: true}\n' "$dir"
        printf 'http:\n  addr: 127.0.0.1:%s\n' "$registry_port"
        printf '%s\n' "$@"
    } >"$dir/config.yml"
    ! grep -q tls: "$dir/config.yml" || scheme=https
    docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 3>&- &
    registry_pid=$!
    eventually answers "$scheme://127.0.0.1:$registry_port/v2/"
}

# start_proxy DIR PORT [FAULT...]: see fault_proxy.py. Its port is in $proxy_port, its PID in
# $proxy_pid, the requests in DIR/requests.
start_proxy() {
    local dir=$1 upstream=$2
    shift 2
    rm -rf "$dir"
    mkdir -p "$dir"
    python3 "$BATS_TEST_DIRNAME/../support/fault_proxy.py" "$dir/port" "$dir/requests" "$upstream" "$@" 3>&- &
    proxy_pid=$!
    eventually test -s "$dir/port"
    proxy_port=$(cat "$dir/port")
}

# push DIR PORT NAME: an OCI layout, or an archive, to a registry without TLS.
push() {
    skopeo --insecure-policy copy -q --dest-tls-verify=false \
        "$1" "docker://127.0.0.1:$2/$3"
}
