# `ambit events`, and the records in the journal that it shows.

load ../support/ambit

# events_of: NAME of every event of a container so far, in order.
events_of() {
    ambit events --no-follow --since 10m --filter container="$c" --format json | jq -r .event
}
has_event() { events_of | grep -qx "$1"; }

@test "events: a life from creation to removal is told in order" {
    ambit run --rm --name "$c" $image true
    eventually has_event removed
    run -0 events_of
    [ "$output" = $'created\nstarted\nexited\nremoved' ]
}

@test "events: an end tells code, reason and signal" {
    ambit run --name "$c" $image sh -c 'exit 3' || [ $? = 3 ]
    eventually has_event exited
    run -0 ambit events --no-follow --since 10m --filter container="$c" --filter event=exited --format json
    [ "$(jq -r '"\(.exitCode) \(.exitReason) \(.message)"' <<<"$output")" = "3 exited $c exited with code 3" ]
    ambit rm "$c"
    ambit run -d --name "$c" $image sleep 1000
    ambit kill "$c"
    ambit wait "$c"
    run -0 ambit events --no-follow --since 10m --filter container="$c" --filter event=die --format json
    [ "$(tail -n 1 <<<"$output" | jq -r '"\(.exitCode) \(.exitReason) \(.signal)"')" = "137 signal SIGKILL" ]
}

@test "events: lifecycle records are in the view of the container's unit" {
    ambit run --name "$c" $image echo output
    run -0 journalctl --user --no-pager -o cat -u "ambit-$c.scope" CONTAINER_NAME="$c"
    [ "$output" = "$c created from $image"$'\n'"$c started"$'\n'"output"$'\n'"$c exited with code 0" ]
}

@test "events: an end is told while no ambitd runs" {
    ambit run -d --name "$c" $image sleep 1000
    local pid
    pid=$(main_pid "$c")
    systemctl --user stop ambit.service
    systemctl --user stop "ambit-$c.scope"
    eventually is_gone "$pid"
    run -0 journalctl --user --no-pager -o cat -u "ambit-$c.scope" AMBIT_EVENT=exited
    [[ $output == "$c was ended by SIG"* ]]
    has_event stopping
}

@test "events: a killed monitor's container has an end as well" {
    ambit run -d --name "$c" $image sleep 1000
    kill -KILL "$(monitor_pid "$c")"
    ambit wait "$c"
    eventually has_event exited
    run -0 ambit events --no-follow --since 10m --filter container="$c" --filter event=exited --format json
    [ "$(jq -r '"\(.exitCode) \(.exitReason)"' <<<"$output")" = "-1 lost" ]
}

@test "events: a command that an earlier ambitd started is told once, and its end" {
    ambit run -d --name "$c" $image sleep 1000
    ambit exec -d "$c" sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 4'
    eventually has_event exec_started
    systemctl --user restart ambit.service
    ambit exec "$c" touch /tmp/go
    told() { [[ $(ambit events --no-follow --since 10m --filter container="$c" --filter event=exec_exited --format json |
        jq -r .exitCode | sort | tr '\n' ' ') == "0 4 " ]]; }
    eventually told
    [ "$(events_of | grep -cx exec_started)" = 2 ]
}

@test "events: rename, pause and further commands are told" {
    ambit run -d --name "$c" $image sleep 1000
    ambit exec "$c" sh -c 'exit 4' || [ $? = 4 ]
    ambit pause "$c"
    ambit unpause "$c"
    ambit rename "$c" "$c-new"
    eventually has_event renamed
    run -0 events_of
    [ "$output" = $'created\nstarted\nexec_started\nexec_exited\npaused\nresumed\nrenamed' ]
    run -0 ambit events --no-follow --since 10m --filter container="$c-new" --filter event=rename --format json
    [ "$(jq -r '"\(.oldName) \(.name)"' <<<"$output")" = "$c $c-new" ]
}

@test "events: names of images that come and go are told" {
    ambit tag $image "$c:one"
    ambit rmi "$c:one"
    name_is_gone() { ambit events --no-follow --since 10m --filter type=image --filter image="$c:one" --format json | jq -r .event | grep -qx untagged; }
    eventually name_is_gone
    run -0 ambit events --no-follow --since 10m --filter type=image --filter image="$c:one" --format json
    [ "$(jq -r .event <<<"$output")" = $'tagged\nuntagged' ]
}

@test "events: filters by label and docker's names of events" {
    ambit run --name "$c" -l team=red -l odd $image true
    run -0 ambit events --no-follow --since 10m --filter container="$c" --filter event=start --filter label=team=red --format json
    [ "$(jq -r '"\(.event) \(.labels.team)"' <<<"$output")" = "started red" ]
    run -0 ambit events --no-follow --since 10m --filter container="$c" --filter label=team=blue
    [ "$output" = "" ]
    run -0 ambit events --no-follow --since 10m --filter container="$c" --filter label=odd --filter event=die
    [[ $output == *" container exited "*"$c exited with code 0" ]]
    run -125 ambit events --no-follow --filter colour=red
    [[ $output == *colour=red* ]]
}

@test "events: following shows what comes, each as one line, and survives ambitd" {
    local pid
    ambit events -f --filter container="$c" --format json >"$BATS_TEST_TMPDIR/seen" 3>&- &
    pid=$!
    # It follows once it has shown an event that came after it began.
    ambit create --name "$c" $image sleep 1000
    ambit create --name "$c-x" $image true
    eventually eval 'ambit rename "$c-x" "$c-y"; ambit rename "$c-y" "$c-x"; [ -s "$BATS_TEST_TMPDIR/seen" ] || { ambit rm "$c"; ambit create --name "$c" $image sleep 1000; false; }'
    ambit start "$c"
    kill_ambitd
    ambit stop -t 0 "$c"
    eventually has_line '"event":"exited"' "$BATS_TEST_TMPDIR/seen"
    kill $pid
    jq -e . "$BATS_TEST_TMPDIR/seen"
    has_line '"event":"started"' "$BATS_TEST_TMPDIR/seen"
}

@test "events: --until in the past ends, and shows nothing later" {
    ambit create --name "$c" $image true
    eventually has_event created
    local then
    then=$(date +%s.%N)
    ambit rm "$c"
    run -0 ambit events --since 10m --until "$then" --filter container="$c" --format json
    [ "$(jq -r .event <<<"$output")" = created ]
}

@test "events: --log-driver none keeps output out, and events in" {
    ambit run --name "$c" --log-driver none $image echo secret
    eventually has_event exited
    run -0 journalctl --user --no-pager -o cat -u "ambit-$c.scope"
    [[ $output != *secret* ]]
}

@test "events: journalctl -x explains a record where the catalog is installed" {
    ambit create --name "$c" $image true
    eventually has_event created
    run -0 journalctl --user --no-pager -x CONTAINER_NAME="$c"
    [[ $output == *"Container $c was created"* ]] || missing "the catalog is not installed"
}

@test "events: a unit's description tells name and image" {
    ambit run -d --name "$c" $image sleep 1000
    [ "$(systemctl --user show -P Description "ambit-$c.scope")" = "$c ($image)" ]
}
