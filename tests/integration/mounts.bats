# -v, --mount and --tmpfs.

load ../support/ambit

setup() {
    dir=$BATS_TEST_TMPDIR/dir
    mkdir "$dir"
    echo text >"$dir/file"
}

@test "volume: a folder is there and can be written" {
    run -0 ambit run --rm -v "$dir:/data" $image sh -c 'cat /data/file; echo new >/data/new'
    [ "$output" = text ]
    [ "$(cat "$dir/new")" = new ]
    [ "$(stat -c %u "$dir/new")" = "$UID" ]
}

@test "volume: ro can't be written, not in a mount below either" {
    run ambit run --rm -v "$dir:/data:ro" $image touch /data/x
    [ "$status" -ne 0 ]
    run ambit run --rm -v "$dir:/data:ro" $image mount -o remount,rw /data
    [ "$status" -ne 0 ]
    [ ! -e "$dir/x" ]
}

@test "volume: a file can be bound" {
    run -0 ambit run --rm -v "$dir/file:/etc/one:ro" $image cat /etc/one
    [ "$output" = text ]
}

@test "volume: a source that does not exist is an error that names it" {
    run -125 ambit run --rm -v "$dir/none:/data" $image true
    [[ $output == *"$dir/none"* ]]
}

@test "volume: E25 a source that vanished before a later start is named, with the step" {
    mkdir "$BATS_TEST_TMPDIR/source"
    ambit run --name "$c" -v "$BATS_TEST_TMPDIR/source:/data" $image true
    rmdir "$BATS_TEST_TMPDIR/source"
    run -125 ambit start -a "$c"
    [[ $output == *"starting $c"*"$BATS_TEST_TMPDIR/source"*"No such file or directory"* ]]
}

@test "volume: an inner mount goes over an outer one, in any order" {
    mkdir "$BATS_TEST_TMPDIR/inner" "$dir/sub"
    echo inner >"$BATS_TEST_TMPDIR/inner/f"
    run -0 ambit run --rm -v "$BATS_TEST_TMPDIR/inner:/data/sub" -v "$dir:/data" $image cat /data/sub/f
    [ "$output" = inner ]
}

@test "volume: a link in the image does not lead a mount out of the container" {
    ambit create --name "$c" -v "$dir:/link/data" $image cat /link/data/file
    ln -s "$BATS_TEST_TMPDIR" "$store/containers/$(property "$c" Id)/upper/link" || skip "upper is not ours to change"
    run ambit start -a "$c"
    [ ! -e "$BATS_TEST_TMPDIR/data" ]
}

@test "mount: type=bind and type=tmpfs in words" {
    run -0 ambit run --rm --mount "type=bind,source=$dir,destination=/data,readonly" \
        --mount type=tmpfs,destination=/scratch $image sh -c 'cat /data/file; touch /scratch/x; grep /scratch /proc/mounts'
    [ "${lines[0]}" = text ]
    [[ ${lines[1]} == tmpfs* ]]
}

@test "tmpfs: has the size and mode asked for" {
    run -0 ambit run --rm --tmpfs /t:size=1m,mode=700 $image sh -c 'stat -c %a /t; dd if=/dev/zero of=/t/f bs=4k 2>/dev/null; stat -c %s /t/f'
    [ "${lines[0]}" = 700 ]
    [ "${lines[1]}" -le 1048576 ]
}

@test "propagation: rslave and rprivate are what the kernel says" {
    run -0 ambit run --rm -v "$dir:/data:rprivate" $image grep ' /data ' /proc/self/mountinfo
    [[ $output != *master:* && $output != *shared:* ]]
    run -0 ambit run --rm -v "$dir:/data:rslave" $image grep ' /data ' /proc/self/mountinfo
    [[ $output != *shared:* ]]
}

@test "locked: what the host mounted read-only or nosuid stays so" {
    local options
    read -r _ _ _ _ _ options _ < <(grep ' /proc ' /proc/self/mountinfo | head -1)
    [[ $options == *nosuid* ]]
    run ambit run --rm -v /proc/self:/p $image sh -c 'mount -o remount,suid /p'
    [ "$status" -ne 0 ]
}
