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
