# -t: the container has a terminal, and ours becomes it.

load ../support/ambit

terminal() { "$support/terminal.py" "$@"; }

@test "terminal: the command sees one, and output has line ends of a terminal" {
    run -0 terminal exit ambit run --rm -t $image tty
    [[ $output == /dev/pts/0* || $output == /dev/console* ]]
}

@test "terminal: -it reads what is typed" {
    run -0 terminal type 'echo $((6*7))\nexit 3\n' 3 ambit run --rm -it $image sh
    [[ $output == *42* ]]
}

@test "terminal: ctrl-C reaches the container, not ambit" {
    run -0 terminal interrupt ambit run --rm -it $image sh -c 'trap "echo caught; exit 4" INT; echo ready; while :; do sleep 0.05; done'
}

@test "terminal: its size is ours, and follows ours" {
    run -0 terminal resize ambit run --rm -it $image sh
}

@test "terminal: raw mode is taken back at the end" {
    run -0 terminal restored ambit run --rm -it $image sh -c 'read line'
}

@test "terminal: the detach keys leave the container running, and raw mode is taken back" {
    run -0 terminal detach ambit run -it --name "$c" $image sh -c 'echo ready; exec sleep 100'
    state_is "$c" running
}

# Shows the next N bytes of its terminal, each as an octal number.
bytes_shown() { echo "stty raw -echo; echo ready; i=0; while [ \$i -lt $1 ]; do dd bs=1 count=1 2>/dev/null | od -An -b; i=\$((i+1)); done"; }

@test "terminal: the first of the detach keys gets there though nothing follows" {
    run -0 terminal held ambit run --rm -it $image sh -c "$(bytes_shown 1)"
    ambit run -d --name "$c" $image sleep 100
    run -0 terminal held ambit exec -it "$c" sh -c "$(bytes_shown 1)"
}

@test "terminal: with --detach-keys '' nothing detaches, and the default keys are the command's" {
    run -0 terminal undetached ambit run --rm -it --detach-keys "" $image sh -c "$(bytes_shown 2)"
    ambit run -d --name "$c" $image sleep 100
    run -0 terminal undetached ambit exec -it --detach-keys "" "$c" sh -c "$(bytes_shown 2)"
    ambit run -dit --name "$c-2" $image sh -c "until [ -e /tmp/go ]; do sleep 0.02; done; $(bytes_shown 2)"
    let_go_later "$c-2" &
    run -0 terminal undetached ambit attach --detach-keys "" "$c-2"
    wait $!
}

# Lets NAME go on when somebody is attached to it.
let_go_later() {
    eventually attached_to "$1"
    let_go "$1"
}
attached_to() { pgrep -u "$UID" -f "ambit attach .*$1$"; }

@test "terminal: detach keys that are none are refused, and the error names flag and key" {
    ambit run -dit --name "$c" $image sleep 100
    for keys in ctrl-1 alt-x ctrl-p, pq; do
        for verb in "exec -it $c true" "attach $c" "run --rm -it $image true" "start -a $c"; do
            # shellcheck disable=SC2086
            run -125 terminal exit ambit ${verb%% *} --detach-keys "$keys" ${verb#* }
            [[ $output == *"--detach-keys"*"$keys"* ]] || { echo "$verb: $output"; return 1; }
        done
    done
}

# Says its size for each SIGWINCH.
winch='trap "stty size" WINCH; echo up; while :; do sleep 0.02; done'

@test "terminal: E09 whoever attaches has the program draw its screen, at the right size" {
    ambit run -dit --name "$c" $image sh -c "$winch"
    eventually log_has "$c" up
    ! log_has "$c" '[0-9] [0-9]' || return 1
    terminal detach_after "30 100" 30x100 ambit attach "$c"
    eventually log_has "$c" '^30 100'
    # Again, though the size is the same: SIGWINCH comes all the same.
    local seen
    seen=$(ambit logs "$c" | grep -c '^30 100')
    terminal detach_after "30 100" 30x100 ambit attach "$c"
    eventually more_than "$seen" '^30 100'
}
more_than() { (($(ambit logs "$c" | grep -c -- "$2") > $1)); }

@test "terminal: E09 a redraw comes without a terminal of ours, and the size stays" {
    ambit run -dit --name "$c" $image sh -c "$winch"
    of "$c" ResizeTerminal uu 20 200
    eventually log_has "$c" '^20 200'
    of "$c" Attach 'a{sv}' 0
    eventually more_than 1 '^20 200'
    run -0 ambit exec "$c" sh -c 'stty size </proc/1/fd/0'
    [ "$output" = "20 200" ] || eventually last_size "20 200"
}
last_size() { [[ $(ambit exec "$c" sh -c 'stty size </proc/1/fd/0') == "$1" ]]; }

@test "terminal: E10 ResizeTerminal sets both dimensions, of a container's and of a command's" {
    ambit run -dit --name "$c" $image sh -c "$winch"
    eventually log_has "$c" up
    of "$c" ResizeTerminal uu 20 200
    eventually log_has "$c" '^20 200'
    local exec
    exec=$(ambit exec -d -t "$c" sh -c 'until [ "$(stty size)" = "20 200" ]; do sleep 0.02; done; exit 7')
    busctl --user call org.ambit.Ambit1 "/org/ambit/Ambit1/exec/$exec" org.ambit.Ambit1.Exec ResizeTerminal uu 20 200
    run -0 busctl --user call org.ambit.Ambit1 "/org/ambit/Ambit1/exec/$exec" org.ambit.Ambit1.Exec Wait
    [ "$output" = "i 7" ]
}

@test "terminal: E07 the very first command of exec sees our size" {
    ambit run -d --name "$c" $image sleep 100
    run -0 terminal size 50x200 ambit exec -t "$c" stty size
    [[ $output == "50 200"* ]]
    run -0 terminal size 50x200 ambit run --rm -t $image stty size
    [[ $output == "50 200"* ]]
}

@test "terminal: attach comes back to it" {
    ambit run -dit --name "$c" $image sh
    run -0 terminal type 'echo $((6*7))\nexit 5\n' 5 ambit attach "$c"
    [[ $output == *42* ]]
}

@test "terminal: without one of ours -t still gives the container one" {
    run -0 ambit run --rm -t $image tty </dev/null
    [[ $output == /dev/* ]]
}

@test "terminal: what it showed is in the logs" {
    terminal exit ambit run --name "$c" -t $image echo shown
    run -0 ambit logs "$c"
    [[ $output == shown* ]]
}

@test "terminal: exec -it reads what is typed, and its size is ours from the first command on" {
    ambit run -d --name "$c" $image sleep 100
    run -0 terminal type 'echo $((6*7))\nexit 3\n' 3 ambit exec -it "$c" sh
    [[ $output == *42* ]]
    run -0 terminal exit ambit exec -t "$c" stty size
    [[ $output == "24 80"* ]]
}

@test "terminal: that of exec follows the size of ours" {
    ambit run -d --name "$c" $image sleep 100
    run -0 terminal resize ambit exec -it "$c" sh
}

@test "terminal: the detach keys leave the command of exec running" {
    ambit run -d --name "$c" $image sleep 100
    run -0 terminal detach ambit exec -it "$c" sh -c 'echo ready; exec sleep 3222'
    ambit exec "$c" pgrep -f 'sleep 3222'
}
