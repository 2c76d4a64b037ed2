# Pulling from a registry: Debian's docker-registry on the loopback, alone and behind a proxy that
# fails in a chosen way (tests/support/fault_proxy.py).

load ../support/ambit
load ../support/registry

layout() { "$BATS_TEST_DIRNAME/../support/make-image" oci-dir "$@"; }

# The image "own" and one of several layers, "many", in a registry; every test has images of its own
# by the text it gives to `own`.
setup_file() {
    need_image
    command -v docker-registry >/dev/null || missing docker-registry
    start_registry "$BATS_FILE_TMPDIR/registry"
    export registry_port registry_pid
}

teardown_file() { kill "$registry_pid"; }

setup() {
    c=p$BATS_TEST_NUMBER-$$
    repository=test-$BATS_TEST_NUMBER
    ref=127.0.0.1:$registry_port/$repository:1
    layout "$repository:1" "$BATS_TEST_TMPDIR/layout" "$repository $RANDOM $RANDOM"
    push "oci:$BATS_TEST_TMPDIR/layout" "$registry_port" "$repository:1"
}

teardown() {
    ambit rm -f "$c" "$c-2" >/dev/null 2>&1 || true
    ambit images --format json | jq -r ".[].references[] | select(contains(\"$repository\"))" |
        xargs -r ambit rmi -f >/dev/null 2>&1 || true
    if [[ ${proxy_pid:-} ]]; then kill "$proxy_pid"; fi
    if [[ ${own_registry:-} ]]; then kill "$own_registry"; fi
}

# This test's manifest, and the digest of its only layer.
manifest() { cat "$BATS_TEST_TMPDIR/layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$BATS_TEST_TMPDIR/layout/index.json")"; }
layer_digest() { manifest | jq -r '.layers[0].digest'; }
# behind FAULT...: from here on $ref goes through the proxy.
behind() {
    start_proxy "$BATS_TEST_TMPDIR/proxy" "$registry_port" "$@"
    ref=127.0.0.1:$proxy_port/$repository:1
}
requests() { grep -c "$1" "$BATS_TEST_TMPDIR/proxy/requests"; }
pull() { run "$@" ambit pull --retry-delay 10ms "$ref"; }

@test "pull: fetches an image, prints its ID, and it runs" {
    run -0 --separate-stderr ambit pull "$ref"
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    [ "$(ambit inspect "$ref" | jq -r '.[0].id')" = "$output" ]
    run -0 ambit run --rm --name "$c" "$ref" cat /own
    [[ $output == "$repository "* ]]
}

@test "pull: the store is what the registry had, byte for byte" {
    ambit pull -q "$ref"
    [ "$(ambit inspect "$ref" | jq -r '.[0].digest')" = "sha256:$(manifest | sha256sum | cut -d' ' -f1)" ]
    run -0 skopeo inspect --raw "oci:$store/images:$ref"
    [ "$output" = "$(manifest)" ]
}

@test "pull: a digest names exactly that image, and no other content passes for it" {
    local digest
    digest=sha256:$(manifest | sha256sum | cut -d' ' -f1)
    ref=${ref%:1}@$digest
    ambit pull -q "$ref"
    run -0 ambit run --rm --name "$c" "$ref" cat /own
    [[ $output == "$repository "* ]]
    run -125 ambit pull "${ref%@*}@sha256:$(printf x | sha256sum | cut -d' ' -f1)"
    [[ $output == *"there is no $repository@sha256:"* ]]
}

@test "pull: what is here already is not fetched again" {
    behind
    ambit pull -q "$ref"
    [ "$(requests blobs/)" = 2 ]
    run -0 --separate-stderr ambit pull "$ref"
    [ "$(requests blobs/)" = 2 ]
    [[ $stderr == *"is here already"* ]]
}

@test "pull: run fetches a missing image, and --pull says when" {
    run -125 ambit run --rm --pull never --name "$c" "$ref" true
    [[ $output == *"ambit pull"* ]]
    run -0 --separate-stderr ambit run --rm --name "$c" "$ref" cat /own
    [[ $output == "$repository "* ]]
    behind
    run -0 ambit run --rm --pull always -q --name "$c" "$ref" true
    run -0 ambit run --rm --name "$c" "$ref" true
    [ "$(requests manifests/)" = 1 ]
    run -0 ambit create --pull newer -q --name "$c" "$ref" true
    [ "$(requests manifests/)" = 2 ]
    kill "$proxy_pid"
    proxy_pid=
    ambit rm "$c"
    run -125 ambit create --pull always --retry 0 --name "$c" "$ref" true
    run -0 ambit create --pull newer --retry 0 -q --name "$c" "$ref" true
}

@test "pull: an image that is not there is told as such" {
    run -125 ambit pull "${ref%:1}:none"
    [[ $output == *"there is no $repository:none"* ]]
    run -125 ambit run --rm "${ref%:1}:none" true
    [[ $output == *"there is no $repository:none"* ]]
}

@test "pull: two of the same image at once fetch each blob once" {
    local one two
    behind
    ambit pull -q "$ref" >"$BATS_TEST_TMPDIR/one" 3>&- &
    one=$!
    ambit pull -q "$ref" >"$BATS_TEST_TMPDIR/two" 3>&- &
    two=$!
    wait "$one"
    wait "$two"
    cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    [ "$(requests blobs/)" = 2 ]
}

@test "pull: a blob that is cut goes on where it was cut" {
    behind "blobs/$(layer_digest)=cut:90"
    pull -0 --separate-stderr
    [ "$(requests "blobs/$(layer_digest) bytes=")" = 1 ]
    [[ $stderr == *"attempt 2 of 5"* ]]
    ambit run --rm --name "$c" "$ref" true
}

@test "pull: a registry that can't go on begins again, and the image is whole" {
    behind "blobs/$(layer_digest)=cut:50" "blobs/$(layer_digest)=norange"
    pull -0
    ambit run --rm --name "$c" "$ref" true
}

@test "pull: answers of 502, 429 and 503 are tried again, others not" {
    behind manifests/=status:502 blobs/=status:429 blobs/=status:503
    pull -0
    kill "$proxy_pid"
    ambit rmi "$ref"
    behind manifests/=status:400*all
    pull -125
    [[ $output == *"answers 400"* ]]
    [ "$(requests manifests/)" = 1 ]
}

@test "pull: an end of the attempts is told with their number, and leaves nothing" {
    behind blobs/=status:502*all
    run -125 ambit pull --retry 2 --retry-delay 10ms "$ref"
    [[ $output == *"answers 502 (3 attempts)"* ]]
    run -125 ambit inspect "$ref"
    eventually nothing_staged
}
nothing_staged() { [ -z "$(ls -A "$store/staging")" ]; }

@test "pull: a limit of pulls is told with the way out" {
    behind manifests/=status:429*all
    pull -125
    [[ $output == *"limit of pulls"*"--creds"* ]]
}

@test "pull: a registry that stalls is given up and asked again" {
    behind "blobs/$(layer_digest)=stall:50"
    run -0 --separate-stderr ambit pull --idle-timeout 1s --retry-delay 10ms "$ref"
    [[ $stderr == *"attempt 2 of 5"* ]]
}

@test "pull: bytes that are not the digest's are refused, and nothing is left of them" {
    behind "blobs/$(layer_digest)=flip*all"
    pull -125
    [[ $output == *"is damaged"* ]]
    eventually nothing_staged
    run -125 ambit inspect "$ref"
}

@test "pull: a blob of another length is refused, and so is one without end" {
    behind "blobs/$(layer_digest)=short*all"
    pull -125
    [[ $output == *"instead of"* ]]
    kill "$proxy_pid"
    behind "blobs/$(layer_digest)=endless*all"
    pull -125
    [[ $output == *"sends more than"* ]]
}

@test "pull: a redirect without end is an error" {
    behind "blobs/$(layer_digest)=loop*all"
    pull -125
    [[ $output == *redirect* ]]
}

@test "pull: an interrupt cancels it, and the next one works" {
    behind "blobs/$(layer_digest)=stall:50"
    ambit pull -q "$ref" >/dev/null 2>&1 3>&- &
    eventually requests "blobs/$(layer_digest)"
    kill -INT $!
    run wait $!
    eventually nothing_staged
    pull -0
}

@test "pull: ambitd killed in the middle leaves nothing, and the next one works" {
    behind "blobs/$(layer_digest)=stall:50"
    ambit pull -q "$ref" >/dev/null 2>&1 3>&- &
    eventually requests "blobs/$(layer_digest)"
    systemctl --user kill -s KILL ambit.service
    ends_with 125 $!
    pull -0
    eventually nothing_staged
    eventually no_helper_runs
}
no_helper_runs() { ! pgrep -u "$UID" -x ambit-fetch; }

@test "pull: a registry with a password takes that of auth.json, and of --creds" {
    need_login
    run -125 ambit pull "$ref"
    [[ $output == *"access denied"*"--creds"* ]]
    run -125 ambit pull --creds me:wrong "$ref"
    [[ $output == *"access denied for the user me"* ]]
    ambit pull -q --creds me:secret "$ref"
    ambit rmi "$ref"
    jq -n --arg host "127.0.0.1:$registry_port" --arg auth "$(printf me:secret | base64)" \
        '{auths: {($host): {auth: $auth}}}' >"$BATS_TEST_TMPDIR/auth.json"
    ambit pull -q --authfile "$BATS_TEST_TMPDIR/auth.json" "$ref"
    ambit rmi "$ref"
    REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json ambit pull -q "$ref"
}

@test "pull: a credential helper is asked, and one that is missing is named" {
    local path
    need_login
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\ncat >"%s/asked"\necho "{\\"Username\\": \\"me\\", \\"Secret\\": \\"secret\\"}"\n' \
        "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/docker-credential-test"
    chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-test"
    jq -n --arg host "127.0.0.1:$registry_port" '{credHelpers: {($host): "test"}}' >"$BATS_TEST_TMPDIR/auth.json"
    run -125 ambit pull --authfile "$BATS_TEST_TMPDIR/auth.json" "$ref"
    [[ $output == *"docker-credential-test"*"not in \$PATH"* ]]
    path=$(systemctl --user show-environment | sed -n 's/^PATH=//p')
    systemctl --user set-environment "PATH=$BATS_TEST_TMPDIR/bin:$path"
    systemctl --user restart ambit.service
    run ambit pull -q --authfile "$BATS_TEST_TMPDIR/auth.json" "$ref"
    systemctl --user set-environment "PATH=$path"
    [ "$status" = 0 ]
    [ "$(cat "$BATS_TEST_TMPDIR/asked")" = "127.0.0.1:$registry_port" ]
}
# $ref is in a registry of this test's own, for me:secret.
need_login() {
    local hash
    hash=$(perl -e 'print crypt("secret", "\$2b\$05\$abcdefghijklmnopqrstuu")')
    mkdir -p "$BATS_TEST_TMPDIR/auth"
    printf 'me:%s\n' "$hash" >"$BATS_TEST_TMPDIR/auth/users"
    start_registry "$BATS_TEST_TMPDIR/auth" "auth: {htpasswd: {realm: test, path: $BATS_TEST_TMPDIR/auth/users}}"
    own_registry=$registry_pid
    skopeo --insecure-policy copy -q --dest-tls-verify=false --dest-creds me:secret \
        "oci:$BATS_TEST_TMPDIR/layout" "docker://127.0.0.1:$registry_port/$repository:1"
    ref=127.0.0.1:$registry_port/$repository:1
}

@test "pull: registries.conf has aliases, mirrors, other places and what is blocked" {
    local conf=$BATS_TEST_TMPDIR/registries.conf
    export CONTAINERS_REGISTRIES_CONF=$conf
    cat >"$conf" <<END
unqualified-search-registries = ["127.0.0.1:$registry_port"]
[[registry]]
prefix = "example.invalid/team"
location = "127.0.0.1:$registry_port"
[[registry]]
location = "mirrored.invalid"
[[registry.mirror]]
location = "127.0.0.1:$registry_port"
[[registry]]
location = "bad.invalid"
blocked = true
[aliases]
"$repository-short" = "127.0.0.1:$registry_port/$repository"
END
    ambit pull -q "$repository:1"
    ambit pull -q "$repository-short:1"
    ambit pull -q "example.invalid/team/$repository:1"
    ambit pull -q "mirrored.invalid/$repository:1"
    ambit run --rm --name "$c" "mirrored.invalid/$repository:1" true
    run -125 ambit pull "bad.invalid/$repository:1"
    [[ $output == *"is blocked"* ]]
    echo 'unqualified-search-registries = 3' >"$conf"
    run -125 ambit pull "$ref"
    [[ $output == *"$conf"*"must be a list"* ]]
}

@test "pull: over D-Bus the Transfer tells how it goes, and Wait how it ended" {
    local path=/org/ambit/Ambit1/transfer
    run -0 busctl --user --json=short call org.ambit.Ambit1 /org/ambit/Ambit1 org.ambit.Ambit1.Manager \
        PullImage 'sa{sv}' "$ref" 0
    path=$(jq -r '.data[0]' <<<"$output")
    [[ $path == /org/ambit/Ambit1/transfer/* ]]
    run -0 busctl --user --json=short call org.ambit.Ambit1 "$path" org.ambit.Ambit1.Transfer Wait
    [[ $output == *"/org/ambit/Ambit1/image/"* ]]
    transfer() { busctl --user --json=short get-property org.ambit.Ambit1 "$path" org.ambit.Ambit1.Transfer "$1" | jq -c .data; }
    [ "$(transfer State)" = '"done"' ]
    [ "$(transfer Reference)" = "\"$ref\"" ]
    [ "$(transfer Parts | jq -c 'map(.[1])')" = '["unpacking","fetching"]' ] ||
        [ "$(transfer Parts | jq -c 'map(.[1]) | sort')" = '["fetching","unpacking"]' ]
    [ "$(transfer BytesDone)" = "$(transfer BytesTotal)" ]
}

@test "pull: wrong options are errors that name the flag" {
    run -125 ambit pull --platform windows/x/y/z "$ref"
    [[ $output == *--platform* ]]
    run -125 ambit pull --tls-verify maybe "$ref"
    [[ $output == *--tls-verify* ]]
    run -125 ambit pull --creds nobody "$ref"
    [[ $output == *--creds* ]]
    run -125 ambit pull --idle-timeout soon "$ref"
    [[ $output == *--idle-timeout* ]]
    run -125 ambit pull 'UPPER/case'
    [[ $output == *UPPER* ]]
}

@test "pull: another platform than there is lists what there is" {
    run -125 ambit pull --platform linux/s390x "$ref"
    [[ $output == *"no image for linux/s390x, only for linux/"* ]]
}

@test "pull: a certificate that nobody has signed is refused, and certs.d makes it good" {
    local dir=$BATS_TEST_TMPDIR/tls certs
    mkdir -p "$dir"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout "$dir/key" -out "$dir/cert" 2>/dev/null
    start_registry "$dir" "  tls: {certificate: $dir/cert, key: $dir/key}"
    own_registry=$registry_pid
    push "oci:$BATS_TEST_TMPDIR/layout" "$registry_port" "$repository:1"
    ref=127.0.0.1:$registry_port/$repository:1
    run -125 ambit pull --tls-verify true "$ref"
    [[ $output == *"certificate is not trusted"*certs.d* ]]
    ambit pull -q --tls-verify false "$ref"
    certs=$HOME/.config/containers/certs.d/127.0.0.1:$registry_port
    mkdir -p "$certs"
    cp "$dir/cert" "$certs/ca.crt"
    ambit rmi "$ref"
    ambit pull -q --tls-verify true "$ref"
    rm -r "$certs"
}

@test "pull: a registry that speaks plain HTTP is told as such where TLS is wanted" {
    run -125 ambit pull --tls-verify true "$ref"
    [[ $output == *"speaks plain HTTP"*"--tls-verify=false"* ]]
}
