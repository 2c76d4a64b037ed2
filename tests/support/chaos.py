#!/usr/bin/python3
"""Kills ambitd, monitors and payloads at random moments, and looks at what is left.

usage: chaos.py [--rounds N] [--seed N] [--image IMAGE]

A round is one container: it is started, and perhaps stopped or removed, while some of the three are
killed with SIGKILL. Four rounds happen at once. Then nobody is killed any more, and for each
container: its state is a settled one, its exit code is one that can be true, "rm -f" works the first
time, and nothing is left of it. The seed is printed; the same seed makes the same choices.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

LANES = 4
DEADLINE_S = 20
KILL = 9
OWN_CODE = 7  # what every container ends with that is left alone
LOST = -1

UID = os.getuid()
USER_CGROUP = pathlib.Path(f"/sys/fs/cgroup/user.slice/user-{UID}.slice/user@{UID}.service")
SLICE = USER_CGROUP / "ambit.slice"
DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / "ambit"
RUNTIME = pathlib.Path(os.environ["XDG_RUNTIME_DIR"]) / "ambit"

SCRIPTS = {
    "quick": f"exit {OWN_CODE}",
    "short": f"sleep 0.03; exit {OWN_CODE}",
    "polite": f"trap 'exit {OWN_CODE}' TERM; while :; do sleep 0.02; done",
    "deaf": "trap '' TERM; while :; do sleep 0.02; done",
    "family": f"(sleep 1000 &) ; sleep 1000 & trap 'exit {OWN_CODE}' TERM; wait; wait",
}
ENDS_BY_ITSELF = {"quick", "short"}


class Failure(Exception):
    pass


def ambit(*arguments, **options):
    return subprocess.Popen(
        ["ambit", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def finish(process):
    """(code, output) of a command that must end."""
    try:
        output, _ = process.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired as late:
        process.kill()
        raise Failure(f"{' '.join(process.args)} hangs") from late
    return process.returncode, output


def eventually(condition, what):
    end = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(what() if callable(what) else what)
        time.sleep(0.02)
    return value


# --- who to kill ---------------------------------------------------------------------------------


def processes_of(cgroup):
    try:
        return [int(pid) for pid in (cgroup / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def service_processes():
    return processes_of(USER_CGROUP / "session.slice" / "ambit.service")


def find_ambitd(_name):
    for pid in service_processes():
        if os.path.basename(command_line(pid)[:1] and command_line(pid)[0] or "") == "ambitd":
            return pid
    return None


def find_monitor(name):
    inside = processes_of(SLICE / f"ambit-{name}.scope" / "supervisor")
    inside += processes_of(SLICE / f"ambit-{name}.scope") + service_processes()
    for pid in inside:
        if name in command_line(pid) and "ambit-monitor" in command_line(pid)[0]:
            return pid
    return None


def find_payload(name):
    inside = processes_of(SLICE / f"ambit-{name}.scope" / "payload")
    return min(inside) if inside else None


FINDERS = {"ambitd": find_ambitd, "monitor": find_monitor, "payload": find_payload}


def kill(victim, name):
    pid = FINDERS[victim](name)
    if pid is None:
        return False
    try:
        os.kill(pid, KILL)
    except ProcessLookupError:
        return False
    return True


def await_victim(victim, name):
    """It may not be there yet, or never again."""
    end = time.monotonic() + 0.1
    while FINDERS[victim](name) is None and time.monotonic() < end:
        time.sleep(0.001)


# --- a round -------------------------------------------------------------------------------------


class Round:
    def __init__(self, number, dice, image, moment, barrier):
        self.name = f"chaos-{os.getpid()}-{number}"
        self.image = image
        self.kind = dice.choice(sorted(SCRIPTS))
        self.at = moment
        self.barrier = barrier
        self.ending = dice.choice(["stop", "stop0", "systemctl", "rm", "none"])
        victims = dice.sample(sorted(FINDERS), dice.randint(1, len(FINDERS)))
        self.kills = [(victim, dice.uniform(0, 0.03)) for victim in victims]
        self.hits = []
        self.killed = []  # those, and what another round hit that concerns this one
        self.failure = None
        self.end = None  # the state it settled in, with its exit code

    def __str__(self):
        kills = ", ".join(f"{victim} after {delay * 1000:.1f} ms" for victim, delay in self.kills)
        return f"{self.name}: {self.kind}, at {self.at}, {self.ending}; {kills}; hit {self.killed}"

    def strike(self):
        for victim, delay in self.kills:
            await_victim(victim, self.name)
            time.sleep(delay)
            if kill(victim, self.name):
                self.hits.append(victim)
                self.killed.append(victim)

    def end_it(self):
        return {
            "stop": lambda: ambit("stop", "-t", "1", self.name),
            "stop0": lambda: ambit("stop", "-t", "0", self.name),
            "rm": lambda: ambit("rm", "-f", self.name),
            "systemctl": lambda: subprocess.Popen(
                ["systemctl", "--user", "stop", f"ambit-{self.name}.scope"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ),
            "none": lambda: None,
        }[self.ending]()

    def play(self):
        try:
            command = ["sh", "-c", SCRIPTS[self.kind]]
            limit = ["--stop-timeout", "1"]
            starting = ambit("run", "-d", "--name", self.name, *limit, self.image, *command)
            if self.at == "start":
                self.strike()
            finish(starting)
            # What this one kills shall not be what another one's start needs, unless it is meant.
            self.barrier.wait(DEADLINE_S)
            if self.at == "run":
                self.strike()
            ending = self.end_it()
            if self.at == "end":
                self.strike()
            if ending is not None:
                finish(ending)
        except Failure as failure:
            self.barrier.abort()
            self.failure = str(failure)
        except threading.BrokenBarrierError:
            self.failure = "another round of the same four failed"

    def row(self):
        code, output = finish(ambit("ps", "-a", "--format", "json"))
        if code != 0:
            raise Failure(f"ps: {output}")
        rows = [row for row in json.loads(output) if row["name"] == self.name]
        return rows[0] if rows else None

    def settled(self):
        row = self.row()
        if row is None:
            return {"state": "absent"}
        ends = self.kind in ENDS_BY_ITSELF
        return row if row["state"] in ("created", "exited") + (() if ends else ("running",)) else None

    def check(self):
        if self.failure:
            raise Failure(self.failure)
        row = eventually(self.settled, lambda: f"stuck: {self.row()}")
        state = row["state"]
        self.end = f"exited {row['exitCode']}" if state == "exited" else state
        if state == "exited":
            self.check_exit(row["exitCode"], row["exitReason"])
        code, output = finish(ambit("rm", "-f", self.name))
        if code != 0:
            raise Failure(f"rm -f the first time, in state {state}: {code} {output}")
        self.check_gone(row.get("id"))

    def check_exit(self, code, reason):
        if (code == LOST) != (reason == "lost"):
            raise Failure(f"code {code} with reason {reason}")
        possible = {137}
        if self.kind != "deaf":
            possible.add(OWN_CODE)
        if "monitor" in self.killed:
            possible.add(LOST)
        if self.kind in ENDS_BY_ITSELF and not {"monitor", "payload"} & set(self.killed):
            possible = {OWN_CODE} if self.ending == "none" else possible
        if code not in possible:
            raise Failure(f"exit code {code} ({reason}), possible are {sorted(possible)}")

    def check_gone(self, identity):
        scope = f"ambit-{self.name}.scope"
        eventually(lambda: not (SLICE / scope).exists(), f"cgroup of {scope} is left")
        eventually(lambda: unit_is_gone(scope), f"unit {scope} is left")
        if identity:
            for folder in (DATA / "containers" / identity, RUNTIME / "containers" / identity):
                eventually(lambda folder=folder: not folder.exists(), f"{folder} is left")


def unit_is_gone(unit):
    shown = subprocess.run(
        ["systemctl", "--user", "show", "-P", "LoadState", unit],
        check=True, capture_output=True, text=True,
    )
    return shown.stdout.strip() == "not-found"


# --- the whole -----------------------------------------------------------------------------------


def all_processes():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def namespaces():
    found = set()
    for pid in all_processes():
        for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:
                pass
    return found


def ours_outside():
    """Processes of ambit that belong to no container: ambitd alone when all is quiet."""
    return {pid for pid in service_processes() if pid != find_ambitd("")}


def listing(folder):
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


class Surroundings:
    """What must be the same before and after."""

    def __init__(self):
        finish(ambit("ps"))
        self.files = {
            folder: listing(folder)
            for folder in (DATA / "containers", RUNTIME / "containers", DATA / "trash", RUNTIME)
        }
        # Marks for the session, of the command line.
        self.files[RUNTIME] -= {"linger-checked", "boot-checked"}
        self.mounts = pathlib.Path("/proc/self/mountinfo").read_text().count("\n")
        self.namespaces = len(namespaces())
        self.others = len(ours_outside())
        self.cgroups = {path.name for path in SLICE.glob("*")} if SLICE.exists() else set()

    def differences(self, after):
        found = []
        for folder, names in self.files.items():
            if more := after.files[folder] - names:
                found.append(f"{folder}: {sorted(more)}")
        if after.mounts > self.mounts:
            found.append(f"{after.mounts - self.mounts} mounts")
        if after.namespaces > self.namespaces:
            found.append(f"{after.namespaces - self.namespaces} namespaces")
        if after.others > self.others:
            lines = [" ".join(command_line(pid)) for pid in ours_outside()]
            found.append(f"processes: {lines}")
        if more := {name for name in after.cgroups - self.cgroups if name.endswith(".scope")}:
            found.append(f"cgroups: {sorted(more)}")
        return found


def leftovers(before):
    last = []

    def clean():
        last[:] = before.differences(Surroundings())
        return not last

    try:
        eventually(clean, "")
    except Failure:
        return list(last)
    return []


def play(numbers, dice, image):
    moment = dice.choice(["start", "run", "end", "end"])
    barrier = threading.Barrier(len(numbers))
    rounds = [Round(number, dice, image, moment, barrier) for number in numbers]
    threads = [threading.Thread(target=one.play) for one in rounds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A kill in one lane may have hit what another lane waited for.
    hit = {victim for one in rounds for victim in one.killed if victim == "ambitd"}
    failures = []
    for one in rounds:
        one.killed += sorted(hit - set(one.killed))
        try:
            one.check()
        except Failure as failure:
            failures.append(f"{one}\n    {failure}")
    return rounds, failures


def counted(words):
    return ", ".join(f"{count} x {word}" for word, count in sorted(collections.Counter(words).items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--image", default="busybox")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.rounds} rounds", flush=True)
    dice = random.Random(options.seed)
    finish(ambit("run", "--rm", options.image, "true"))
    before = Surroundings()
    played, failures = [], []
    for first in range(0, options.rounds, LANES):
        numbers = range(first, min(first + LANES, options.rounds))
        some, failed = play(numbers, dice, options.image)
        played += some
        failures += failed
        if len(failures) > 5:
            break
    failures += [f"left: {what}" for what in leftovers(before)]
    hits = [victim for one in played for victim in one.hits]
    print(f"killed: {counted(hits)}; settled as: {counted(str(one.end) for one in played)}")
    if options.rounds >= 100:
        failures += [f"never hit: {victim}" for victim in FINDERS if victim not in hits]
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
