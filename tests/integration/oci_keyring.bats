# The keys of the user are none of a container's, also where no filter of system calls says so.

load ../support/ambit
load ../support/oci

with_key() { "$top/tests/support/with-secret-key" "$c-secret" "$oci_program" --root "$oci_root" "$@"; }

make_key_bundle() {
    make_bundle sh -c 'while read -r line; do echo "$line"; done </proc/keys'
    change '.linux.maskedPaths = []'
}

@test "oci: the caller's session keyring stays with the caller" {
    make_key_bundle
    run -0 with_key run --bundle "$bundle" "$c"
    [[ $output != *"$c-secret"* ]]
    [[ $output == *ambit-oci* ]]
}

@test "oci: --no-new-keyring hands it over" {
    make_key_bundle
    run -0 with_key run --no-new-keyring --bundle "$bundle" "$c"
    [[ $output == *"$c-secret"* ]]
}

@test "oci: a command of exec has the containers' session keyring and not its caller's" {
    local keys='while read -r line; do echo "$line"; done </proc/keys'
    make_bundle sleep 100
    change '.linux.maskedPaths = []'
    oci create --bundle "$bundle" "$c" </dev/null >/dev/null 2>&1 3>&- 4>&-
    oci start "$c"
    run -0 with_key exec "$c" sh -c "$keys"
    [[ $output != *"$c-secret"* ]]
    [[ $output == *ambit-oci* ]]
}
