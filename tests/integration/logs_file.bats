# `--log-driver file`: output in files of the container's own, read by `ambit logs` as the journal is.

load ../support/ambit

run_file() { ambit run --log-driver file --name "$@"; }
log_folder() { property "$1" LogPath; }

# identical FILE: a container writes FILE, and its logs are the same bytes.
identical() {
    run_file "$c" -i $image cat <"$1" >/dev/null
    ambit logs "$c" >"$BATS_TEST_TMPDIR/logs"
    cmp "$1" "$BATS_TEST_TMPDIR/logs"
}

@test "log file: any bytes come back, lines of any length, an end without newline" {
    {
        printf 'a\0b\n\0\0\nc\n\n\n\xff\xfe \r\n  blank \t \n'
        head -c 61440 /dev/zero | tr '\0' x
        printf '\n'
        head -c 300000 /dev/urandom
        printf '\nno end'
    } >"$BATS_TEST_TMPDIR/in"
    identical "$BATS_TEST_TMPDIR/in"
}

@test "log file: the journal has the container's life and nothing of its output" {
    run_file "$c" $image echo secret
    run -0 journalctl --user -o cat CONTAINER_NAME="$c"
    [[ $output == *"$c exited with code 0"* && $output != *secret* ]]
    run -0 ambit inspect "$c"
    [ "$(jq -r '.[0].config.logDriver' <<<"$output")" = file ]
    [ "$(jq -r '.[0].logPath' <<<"$output")" = "$(log_folder "$c")" ]
}

@test "log file: folder and files are the user's alone" {
    run_file "$c" $image echo hi
    [ "$(stat -c %a "$(log_folder "$c")" "$(log_folder "$c")/1.log" | xargs)" = "700 600" ]
}

@test "log file: standard error of the container is ours" {
    run_file "$c" $image sh -c 'echo out; echo err >&2' >/dev/null 2>&1
    run -0 --separate-stderr ambit logs "$c"
    [ "$output" = out ]
    [ "$stderr" = err ]
}

@test "log file: -n, -t, --since and --until are as with the journal" {
    local driver middle
    for driver in file journald; do
        ambit run -d --log-driver $driver --name "$c-$driver" $image sh -c 'seq 5; printf "pro"; sleep 0.1; echo mpt; until [ -e /tmp/go ]; do sleep 0.02; done; echo late' >/dev/null
        eventually log_has "$c-$driver" prompt
        middle=$(date +%s.%N)
        let_go "$c-$driver"
        ambit wait "$c-$driver"
        {
            for options in "" "-n 2" "-n 1" "-n 0" "-n all" "-n 100" "--since $middle" "--until $middle" "-n 2 --until $middle"; do
                echo "with ${options/$middle/TIME}"
                # shellcheck disable=SC2086
                ambit logs $options "$c-$driver"
            done
            ambit logs -t "$c-$driver" | sed -E 's/^[0-9T:.+-]+ /TIME /'
        } >"$BATS_TEST_TMPDIR/$driver"
    done
    diff "$BATS_TEST_TMPDIR/journald" "$BATS_TEST_TMPDIR/file"
    # What the last look was at is not the beginning of it all.
    [ "$(ambit logs --since "$middle" "$c-journald")" = late ]
}

@test "log file: files are of max-size and no more than max-file, and the newest lines are kept" {
    run_file "$c" --log-opt max-size=8k --log-opt max-file=2 $image seq 5000 >/dev/null
    local file
    for file in "$(log_folder "$c")"/*; do (($(stat -c %s "$file") <= 8192)); done
    [ "$(find "$(log_folder "$c")" -type f | wc -l)" = 2 ]
    ambit logs "$c" >"$BATS_TEST_TMPDIR/logs"
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/logs")" = 5000 ]
    # What is there is without a gap.
    cmp "$BATS_TEST_TMPDIR/logs" <(seq "$(head -n 1 "$BATS_TEST_TMPDIR/logs")" 5000)
    [ "$(ambit logs -n 3 "$c" | xargs)" = "4998 4999 5000" ]
}

@test "log file: -f goes through rotation and ends with the container, also with --rm" {
    local kind
    for kind in "" --rm; do
        ambit run -d $kind --name "$c" --log-driver file --log-opt max-size=4k --log-opt max-file=100 $image \
            sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; seq 5000'
        ambit logs -f "$c" >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/err" &
        let_go "$c"
        ends_with 0 $!
        cmp "$BATS_TEST_TMPDIR/seen" <(seq 5000)
        ambit rm "$c" 2>/dev/null || [ "$kind" = --rm ]
    done
}

@test "log file: a follower that comes too late for a file is told what is missing" {
    run_file "$c" -d --log-opt max-size=4k --log-opt max-file=2 $image \
        sh -c 'echo first; until [ -e /tmp/go ]; do sleep 0.02; done; seq 5000; echo last'
    eventually log_has "$c" first
    mkfifo "$BATS_TEST_TMPDIR/slow"
    ambit logs -f "$c" >"$BATS_TEST_TMPDIR/slow" 2>"$BATS_TEST_TMPDIR/err" &
    local follower=$!
    exec 5<"$BATS_TEST_TMPDIR/slow"
    read -r line <&5
    [ "$line" = first ]
    kill -STOP $follower
    let_go "$c"
    ambit wait "$c"
    kill -CONT $follower
    cat <&5 >"$BATS_TEST_TMPDIR/rest"
    exec 5<&-
    ends_with 0 $follower
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/rest")" = last ]
    grep -q 'ambit: output is missing here' "$BATS_TEST_TMPDIR/err"
}

@test "log file: it goes on while no ambitd runs, and in the next run" {
    run_file "$c" -d $image sh -c 'echo up; until [ -e /tmp/go ]; do sleep 0.02; done; echo alone'
    eventually log_has "$c" up
    local root pid
    root=/proc/$(main_pid "$c")/root
    pid=$(main_pid "$c")
    systemctl --user stop ambit.service
    touch "$root/tmp/go" || missing "the container's root can't be reached"
    eventually is_gone "$pid"
    [ "$(ambit logs "$c")" = $'up\nalone' ]
    ambit start -a "$c" >/dev/null
    [ "$(ambit logs "$c" | xargs)" = "up alone up alone" ]
}

@test "log file: what was written is there after the monitor was killed, and the next run adds to it" {
    run_file "$c" -d $image sh -c 'echo up; [ -e /tmp/up ] || { touch /tmp/up; sleep 100; }'
    eventually log_has "$c" up
    kill -KILL "$(monitor_pid "$c")"
    eventually state_is "$c" exited
    ambit start -a "$c"
    [ "$(ambit logs "$c" | xargs)" = "up up" ]
}

@test "log file: a terminal's output is there" {
    "$support/terminal.py" exit ambit run --log-driver file --name "$c" -t $image echo shown
    run -0 ambit logs "$c"
    [[ $output == shown* ]]
}

@test "log options: those that are unknown, or not of the driver, are errors that name flag and option" {
    local case
    for case in "--log-driver syslog|--log-driver|syslog" "--log-opt nothing=1|--log-opt|nothing" \
        "--log-opt max-size=1m|--log-opt|max-size" "--log-driver file --log-opt tag=x|--log-opt|tag" \
        "--log-driver file --log-opt max-size=1|--log-opt|max-size=1" "--log-opt word|--log-opt|word" \
        "--log-driver file --log-opt path=/tmp/x|--log-opt|path" "--log-driver none --log-opt max-file=1|--log-opt|max-file"; do
        IFS='|' read -r options flag word <<<"$case"
        # shellcheck disable=SC2086
        run -125 ambit create --name "$c" $options $image true
        [[ $output == *"$flag"*"$word"* ]] || { echo "$case: $output"; return 1; }
    done
    run ! manager CreateContainer 'ssasa{sv}' "$c" $image 0 1 LogOptions 'a{ss}' 1 max-size 1m
    [[ $output == *"max-size"* ]]
}

@test "log options: tag is what journalctl -t looks for" {
    ambit run --rm --name "$c" --log-opt tag="$c-tag" $image echo tagged
    run -0 journalctl --user -o cat -t "$c-tag" AMBIT_STREAM=stdout
    [ "$output" = tagged ]
}

@test "log file: a container that can write where its files are leads nothing astray" {
    local id data=$store/containers target=$BATS_TEST_TMPDIR/target
    mkdir "$target"
    echo untouched >"$target/1.log"
    id=$(ambit create --name "$c" --log-driver file -v "$data:/containers" $image sh -c "
        cd /containers/\$(ls /containers | grep ^\$(hostname)); ln -s $target log; echo astray; echo more")
    ambit start -a "$c"
    [ "$(ls "$target")" = 1.log ]
    [ "$(cat "$target/1.log")" = untouched ]
    # Nor does reading it follow the link; what could not be written is told.
    run -125 ambit logs "$c"
    [[ $output != *untouched* && $output == *"$id/log"* ]]
    eventually eval "journalctl --user -o cat CONTAINER_ID_FULL=$id | grep -q '2 lines of output lost'"
}
