# What a container uses and what runs in it: `ambit stats`, `ambit top`.

load ../support/ambit

@test "stats: a container that computes has CPU use, one that sleeps has none" {
    ambit run -d --name "$c-busy" $image sh -c 'while :; do :; done'
    ambit run -d --name "$c-idle" $image sleep 1000
    run -0 ambit stats --no-stream --format json "$c-busy" "$c-idle"
    ambit kill "$c-busy"
    [ "$(jq 'length' <<<"$output")" = 2 ]
    jq -e --arg n "$c-busy" '.[] | select(.name == $n) | .cpuPercent > 5 and .cpuUsec > 10000 and .processes == 1' <<<"$output"
    jq -e --arg n "$c-idle" '.[] | select(.name == $n) | .cpuPercent < 5' <<<"$output"
}

@test "stats: a table shows all that run, and '-' for what nobody counts" {
    ambit run -d --name "$c" $image sleep 1000
    ambit create --name "$c-idle" $image true
    run -0 ambit stats --no-stream
    [[ ${lines[0]} == "CONTAINER ID"*"CPU %"*"MEM USAGE / LIMIT"*"PIDS" ]]
    [[ $output == *" $c "* ]]
    [[ $output != *"$c-idle"* ]]
    # Nothing goes out of a container without a network, but its interfaces are its own.
    [[ $output == *"0B / 0B"* ]]
}

@test "stats: one that does not run is named in the error" {
    ambit create --name "$c" $image true
    run -125 ambit stats --no-stream "$c"
    [[ $output == *"container $c is created"* ]]
}

@test "stats: over D-Bus they are numbers by name" {
    ambit run -d --name "$c" $image sleep 1000
    run -0 of "$c" Statistics
    [[ $output == *'"CpuUSec" t '* ]]
    [[ $output == *'"Processes" t 1'* ]]
    run -0 manager ContainerStatistics as 1 "$c"
    [[ $output == *"\"$c\""*'"CpuUSec" t '* ]]
}

@test "stats: who no longer reads ends it" {
    ambit run -d --name "$c" $image sleep 1000
    run -0 timeout 20 bash -c 'ambit stats --format json '"$c"' | head -n 1'
    [ "$output" = "[" ]
}

@test "top: PIDs and users inside and outside" {
    ambit run -d --name "$c" $image sh -c 'sleep 1111 & sleep 1112'
    eventually eval '[ "$(ambit top "$c" pid | wc -l)" = 3 ]'
    run -0 ambit top "$c" pid,hpid,user,huser,args
    [[ ${lines[0]} == PID*HPID*USER*HUSER*COMMAND ]]
    [[ $(awk '$1 == 1 { print $2, $3, $4 }' <<<"$output") == "$(main_pid "$c") root $(id -un)" ]]
    [[ $output == *"sleep 1111"* ]]
    run -0 ambit top --format json "$c"
    jq -e '.[] | select(.pid == 1) | .parentPid == 0 and .uid == 0' <<<"$output"
    jq -e '.[] | select(.command == "sleep 1111") | .parentPid == 1' <<<"$output"
}

@test "top: a user of the container's has his number there" {
    ambit run -d --name "$c" -u 33 $image sleep 1000
    run -0 ambit top "$c" user uid
    [ "$(awk 'NR == 2 { print $1, $2 }' <<<"$output")" = "33 33" ]
}

@test "top: docker's and ps's ways to ask for columns are understood, others refused" {
    ambit run -d --name "$c" $image sleep 1000
    run -0 ambit top "$c" -o pid,comm
    [ "$(awk 'NR == 2 { print $1, $2 }' <<<"$output")" = "1 sleep" ]
    run -0 ambit top "$c" aux
    run -125 ambit top "$c" colour
    [[ $output == *"there is no column 'colour'"*pid* ]]
    ambit kill "$c"
    ambit wait "$c"
    run -125 ambit top "$c"
    [[ $output == *"container $c is exited"* ]]
}
