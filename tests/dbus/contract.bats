# What ambitd shows on the bus is what dbus/*.xml says.

load ../support/ambit

setup_file() { need_image; }
teardown() { remove_containers; }

same_as() { run -0 "$BATS_TEST_DIRNAME/introspect.py" "$top/dbus/org.ambit.Ambit1.$1.xml" "$2"; }

@test "contract: the Manager" { same_as Manager /org/ambit/Ambit1; }

@test "contract: a Container" {
    ambit create --name "$c" $image true
    same_as Container "$(path_of "$c")"
}

@test "contract: an Image" {
    same_as Image "$(manager GetImage s $image | cut -d'"' -f2)"
}

@test "contract: an Exec" {
    ambit run -d --name "$c" $image sleep 100
    run -0 of "$c" Exec 'asa{sv}' 1 true 0
    same_as Exec "$(cut -d'"' -f2 <<<"$output")"
}

@test "contract: a Pod" {
    local path
    path=$(manager CreatePod 'sa{sv}' "$c" 0 | cut -d'"' -f2)
    same_as Pod "$path"
    ambit pod rm "$c"
}

@test "contract: a Transfer" {
    # Nobody listens at port 1; what has failed stays for a minute.
    same_as Transfer "$(manager PullImage 'sa{sv}' 127.0.0.1:1/none 1 Attempts u 1 | cut -d'"' -f2)"
}

@test "contract: a difference is found" {
    sed 's/name="Version" type="s"/name="Version" type="t"/' \
        "$top/dbus/org.ambit.Ambit1.Manager.xml" >"$BATS_TEST_TMPDIR/other.xml"
    run -1 "$BATS_TEST_DIRNAME/introspect.py" "$BATS_TEST_TMPDIR/other.xml" /org/ambit/Ambit1
    [[ $output == *"property Version"* ]]
}

@test "contract: GetManagedObjects has every container and image with its properties" {
    ambit create --name "$c" $image true
    run -0 busctl --user --json=short call org.ambit.Ambit1 /org/ambit/Ambit1 \
        org.freedesktop.DBus.ObjectManager GetManagedObjects
    jq -e --arg path "$(path_of "$c")" --arg name "$c" \
        '.data[0][$path]["org.ambit.Ambit1.Container"].Name.data == $name' <<<"$output"
    jq -e '[.data[0][]["org.ambit.Ambit1.Image"]? | select(.)] | length > 0' <<<"$output"
}
