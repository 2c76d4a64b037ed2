# doctor, info, version, help.

load ../support/ambit

@test "doctor: finds nothing missing here, as text and as JSON" {
    run -0 ambit doctor
    run -0 ambit doctor --format json
    [ "$(jq '[.[] | select(.state == "missing")] | length' <<<"$output")" = 0 ]
    jq -e 'all(.[]; .check != "" and (.state == "ok" or .fix != ""))' <<<"$output"
}

@test "doctor: looks at all that ambit needs" {
    run -0 ambit doctor --format json
    local all
    all=$(jq -r '.[] | .check + " " + .detail' <<<"$output" | tr '[:upper:]' '[:lower:]')
    for what in cgroup bus linger subordinate newuidmap "user namespace" overlay controllers journal slirp4netns; do
        [[ $all == *"$what"* ]] || { echo "nothing about $what in: $all"; false; }
    done
}

@test "doctor: without a session bus says so and ends with 1" {
    DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent run -1 ambit doctor
    [[ $output == *bus* ]]
}

@test "info: tells where things are" {
    run -0 ambit info --format json
    [ "$(jq -r .storePath <<<"$output")" = "$store" ]
    jq -e '.features | length > 0' <<<"$output"
    run -0 ambit info
    [[ $output == *"$store"* ]]
}

@test "version: of client and server" {
    run -0 ambit version --format json
    [ "$(jq -r .client.version <<<"$output")" = "$(jq -r .server.version <<<"$output")" ]
}

@test "help: every verb has one, and a wrong verb suggests a right one" {
    run -0 ambit --help
    for verb in run create start stop restart kill rm ps inspect logs attach wait exec rename load import images tag rmi doctor info version; do
        [[ $output == *"$verb"* ]] || { echo "no $verb"; false; }
        ambit $verb --help >/dev/null
    done
    run -125 ambit pss
    [[ $output == *ps* ]]
}
