# Nothing of ours is safe from SIGKILL, and nothing gets stuck or is left because of it.

load ../support/ambit

@test "chaos: kill -9 of ambitd, monitors and payloads at random moments leaves nothing wrong" {
    "$support/chaos.py" --rounds "${AMBIT_CHAOS_ROUNDS:-$(rounds 200 50)}" --image $image
}
