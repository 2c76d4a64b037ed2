#!/usr/bin/env python3
"""Makes an active scope without a process: systemd takes a child that is dead and not reaped yet."""

import os
import signal
import subprocess
import sys
import time

child = os.fork()
if child == 0:
    signal.pause()
os.kill(child, signal.SIGKILL)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
subprocess.run(
    ["busctl", "--user", "--quiet", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
     "org.freedesktop.systemd1.Manager", "StartTransientUnit", "ssa(sv)a(sa(sv))", sys.argv[1], "fail",
     "2", "PIDs", "au", "1", str(child), "Slice", "s", "ambit.slice", "0"],
    check=True,
)
# systemd attaches it when the job runs, after the call has returned: not reaped before.
deadline = time.monotonic() + 10
show = ["systemctl", "--user", "show", "-P", "ActiveState", sys.argv[1]]
while subprocess.run(show, check=True, capture_output=True, text=True).stdout != "active\n":
    if time.monotonic() > deadline:
        sys.exit(f"{sys.argv[1]} did not become active")
    time.sleep(0.02)
