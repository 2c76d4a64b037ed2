# load, import, images, tag, rmi.

load ../support/ambit

# Each test has references of its own.
setup() { ref=image-$c; }

teardown() {
    local name
    remove_containers
    for name in $(ambit images --format json | jq -r --arg r "$ref" '.[].references[] | select(contains($r))'); do
        ambit rmi "$name" >/dev/null || true
    done
}

# loads FILE: the image of make-image comes out of it, and runs.
loads() {
    run -0 ambit load -i "$1"
    [[ $output == *"$ref"* ]]
    run -0 ambit run --rm "$ref:1" sh -c 'echo $FROM_IMAGE; cat /etc/os-release'
    [[ $output == yes*"busybox of the tests"* ]]
}

@test "load: an OCI layout folder" {
    "$support/make-image" oci-dir "$ref:1" "$BATS_TEST_TMPDIR/image" "$c"
    loads "$BATS_TEST_TMPDIR/image"
}

@test "load: an OCI archive, plain and compressed" {
    "$support/make-image" oci "$ref:1" "$BATS_TEST_TMPDIR/image.tar" "$c"
    loads "$BATS_TEST_TMPDIR/image.tar"
    gzip -1 "$BATS_TEST_TMPDIR/image.tar"
    loads "$BATS_TEST_TMPDIR/image.tar.gz"
}

@test "load: a docker archive, plain, gzip and zstd" {
    "$support/make-image" docker "$ref:1" "$BATS_TEST_TMPDIR/image.tar" "$c"
    loads "$BATS_TEST_TMPDIR/image.tar"
    zstd -q -1 "$BATS_TEST_TMPDIR/image.tar"
    loads "$BATS_TEST_TMPDIR/image.tar.zst"
    gzip -1 "$BATS_TEST_TMPDIR/image.tar"
    loads "$BATS_TEST_TMPDIR/image.tar.gz"
}

@test "load: from a pipe" {
    "$support/make-image" oci "$ref:1" "$BATS_TEST_TMPDIR/image.tar" "$c"
    run -0 bash -c "cat '$BATS_TEST_TMPDIR/image.tar' | ambit load"
    [[ $output == *"$ref:1"* ]]
}

@test "load: what skopeo copied, as archive and as docker archive" {
    command -v skopeo >/dev/null || missing skopeo
    "$support/make-image" oci-dir "$ref:1" "$BATS_TEST_TMPDIR/image" "$c"
    skopeo --insecure-policy copy -q "oci:$BATS_TEST_TMPDIR/image:$ref:1" "docker-archive:$BATS_TEST_TMPDIR/d.tar:$ref:1"
    loads "$BATS_TEST_TMPDIR/d.tar"
    skopeo --insecure-policy copy -q "oci:$BATS_TEST_TMPDIR/image:$ref:1" "oci-archive:$BATS_TEST_TMPDIR/o.tar:$ref:1"
    loads "$BATS_TEST_TMPDIR/o.tar"
}

@test "load: the official Alpine" {
    [[ -d $shared/images/alpine-3.20 ]] || skip "input: no image of Alpine beside the source tree"
    ambit load -i "$shared/images/alpine-3.20" -n "$ref"
    run -0 ambit run --rm "$ref:3.20" cat /etc/alpine-release
    [[ $output == 3.20* ]]
}

@test "load: a static binary without anything else" {
    [[ -d $shared/images/hello-world ]] || skip "input: no image of hello-world beside the source tree"
    ambit load -i "$shared/images/hello-world" -n "$ref"
    run -0 ambit run --rm "$ref"
    [[ $output == *"Hello from Docker"* ]]
}

@test "import: a real Debian runs" {
    local tar=$top/build/cache/debian.tar
    [[ -s $tar ]] || missing "a Debian in build/cache, which contrib/check makes"
    ambit import "$tar" "$ref:debian"
    run -0 ambit run --rm "$ref:debian" cat /etc/os-release
    [[ $output == *Debian* ]]
    run -0 ambit run --rm "$ref:debian" sh -c 'dpkg --version >/dev/null && stat -c %U /etc/shadow /var/mail && id -u www-data'
    [ "${lines[0]}" = root ]
    [ "${lines[2]}" = 33 ]
}

@test "import: --change sets what the image says" {
    "$support/make-image" rootfs - "$BATS_TEST_TMPDIR/root.tar" "$c"
    ambit import -c 'CMD ["echo", "from the image"]' -c 'ENV A=b' "$BATS_TEST_TMPDIR/root.tar" "$ref:1"
    run -0 ambit run --rm "$ref:1"
    [ "$output" = "from the image" ]
    run -0 ambit run --rm "$ref:1" sh -c 'echo "$A"'
    [ "$output" = b ]
}

@test "load: what is no image is refused, and leaves nothing" {
    local before
    before=$(ls -R "$store/layers" "$store/images" | sha256sum)
    head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/junk"
    run -125 ambit load -i "$BATS_TEST_TMPDIR/junk"
    : >"$BATS_TEST_TMPDIR/empty"
    run -125 ambit load -i "$BATS_TEST_TMPDIR/empty"
    run -125 ambit load -i "$BATS_TEST_TMPDIR/none"
    [ "$(ls -R "$store/layers" "$store/images" | sha256sum)" = "$before" ]
}

@test "load: a layer whose digest is wrong is refused" {
    local blob
    "$support/make-image" oci-dir "$ref:1" "$BATS_TEST_TMPDIR/image" "$c"
    blob=$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/image/index.json")
    blob=$(jq -r '.layers[0].digest' "$BATS_TEST_TMPDIR/image/blobs/sha256/${blob#sha256:}")
    printf x | dd of="$BATS_TEST_TMPDIR/image/blobs/sha256/${blob#sha256:}" bs=1 seek=1000 conv=notrunc 2>/dev/null
    run -125 ambit load -i "$BATS_TEST_TMPDIR/image"
    run -125 ambit run --rm "$ref:1" true
}

@test "images: lists name, ID and size, as a table and as JSON" {
    "$support/make-image" oci-dir "$ref:1" "$BATS_TEST_TMPDIR/image" "$c"
    ambit load -i "$BATS_TEST_TMPDIR/image"
    run -0 ambit images
    [[ $output == *"$ref"* ]]
    run -0 ambit images --format json
    jq -e 'length > 0' <<<"$output"
    run -0 ambit images -q "$ref"
    [[ $output =~ ^[0-9a-f]{12}$ ]]
}

@test "tag and rmi: the image goes with its last name" {
    "$support/make-image" oci-dir "$ref:1" "$BATS_TEST_TMPDIR/image" "$c"
    ambit load -i "$BATS_TEST_TMPDIR/image"
    ambit tag "$ref:1" "$ref:2"
    run -0 ambit rmi "$ref:1"
    [[ $output == *Untagged* && $output != *Deleted* ]]
    run -0 ambit run --rm "$ref:2" true
    run -0 ambit rmi "$ref:2"
    [[ $output == *Deleted* ]]
    run -1 ambit rmi "$ref:2"
    run -125 ambit run --rm "$ref:2" true
}

@test "rmi: refuses with 2 while a container uses it, -f takes the stopped ones along" {
    "$support/make-image" oci-dir "$ref:1" "$BATS_TEST_TMPDIR/image" "$c"
    ambit load -i "$BATS_TEST_TMPDIR/image"
    ambit run --name "$c" "$ref:1" true
    run -2 ambit rmi "$ref:1"
    run -0 ambit rmi -f "$ref:1"
    run -125 ambit inspect "$c"
}

@test "rmi: the layers of a removed image leave the disk" {
    local before
    before=$(ls "$store/layers")
    "$support/make-image" docker "$ref:1" "$BATS_TEST_TMPDIR/image.tar" "$c"
    # A file of its own, so that no other image has the layer.
    mkdir "$BATS_TEST_TMPDIR/root" && echo "$c" >"$BATS_TEST_TMPDIR/root/own"
    tar -C "$BATS_TEST_TMPDIR/root" -cf "$BATS_TEST_TMPDIR/own.tar" .
    ambit import "$BATS_TEST_TMPDIR/own.tar" "$ref:own"
    [ "$(ls "$store/layers")" != "$before" ]
    ambit rmi "$ref:own"
    eventually eval '[ "$(ls "$store/layers")" = "'"$before"'" ]'
}

@test "store: the images folder is an OCI layout that other tools read" {
    [ "$(jq -r .imageLayoutVersion "$store/images/oci-layout")" = 1.0.0 ]
    jq -e '.manifests | length > 0' "$store/images/index.json"
    command -v skopeo >/dev/null || missing skopeo
    "$support/make-image" oci-dir "$ref:1" "$BATS_TEST_TMPDIR/image" "$c"
    ambit load -i "$BATS_TEST_TMPDIR/image"
    local name
    name=$(jq -r --arg r "$ref" '.manifests[].annotations["org.opencontainers.image.ref.name"] // empty | select(contains($r))' "$store/images/index.json")
    run -0 skopeo inspect --raw "oci:$store/images:$name"
}
