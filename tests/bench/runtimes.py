#!/usr/bin/python3
"""Times and peak memory of OCI runtimes that run the same bundle, in turns in one run.

usage: runtimes.py [--rounds N] [--warm-up N] [--json FILE] [--smoke]

Compares `run` of ambit-oci, crun, runc and youki, of those that are installed, with a cgroup in the
file system and with a scope of systemd, each with and without the seccomp profile that podman gives.
Times are from before the fork to the end of wait(). --smoke: few rounds, any build.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import compare

RUNTIMES = ("ambit-oci", "crun", "runc", "youki")
PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")
MANAGERS = {"cgroupfs": [], "systemd": ["--systemd-cgroup"]}


def seccomp():
    """podman's profile as it stands for a container without added capabilities."""
    profile = json.loads(PROFILE.read_text())
    here = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "")
    rules = [
        {key: rule[key] for key in ("names", "action", "args", "errnoRet") if rule.get(key)}
        for rule in profile["syscalls"]
        if not rule.get("includes", {}).get("caps") and here in rule.get("includes", {}).get("arches", [here])
    ]
    return {"defaultAction": profile["defaultAction"], "syscalls": rules}


def make_bundle(folder, root, filtered):
    bundle = folder / ("filtered" if filtered else "plain")
    bundle.mkdir()
    subprocess.run(["ambit-oci", "spec", "--rootless"], cwd=bundle, check=True)
    path = bundle / "config.json"
    config = json.loads(path.read_text())
    config["process"].update(args=["true"], terminal=False)
    config["root"] = {"path": str(root), "readonly": False}
    if filtered:
        config["linux"]["seccomp"] = seccomp()
    path.write_text(json.dumps(config))
    return bundle


def commands(folder, bundle, manager):
    def command(runtime):
        state = folder / f"state-{runtime}"
        return lambda n, *_: [
            runtime, "--root", str(state), *MANAGERS[manager],
            "run", "--bundle", str(bundle), f"bench-{os.getpid()}-{n}",
        ]

    return {name: command(name) for name in RUNTIMES if shutil.which(name)}


def peak(command):
    """What the runtime's own process had resident at most. Only good for comparing: some versions of
    busybox take the kernel's KiB for pages."""
    done = subprocess.run(
        ["busybox", "time", "-v", *command], stdin=compare.NULL, stdout=compare.NULL,
        stderr=subprocess.PIPE, text=True, check=True,
    )
    return int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", done.stderr).group(1))


class Turns:
    """What compare.time_all() takes."""

    def __init__(self, commands):
        self.commands = commands


def measure(folder, bundle, manager, options):
    turns = Turns(commands(folder, bundle, manager))
    times = compare.summary(compare.time_all(turns, options.rounds, options.warm_up))
    for name, row in times.items():
        row["peak"] = peak(turns.commands[name]("memory"))
    return times


def show(result):
    host = result["machine"]
    print(f"{host['cpu']}, {host['cores']} cores, Linux {host['kernel']}, {host['systemd']}, load {host['load']:.2f}")
    print(f"{result['rounds']} rounds of `run` of `true`, ms; peak memory as a ratio")
    for case, rows in result["cases"].items():
        print(f"\n{case:22} {'median':>8} {'p90':>8} {'min':>8} {'ratio':>7} {'peak':>7}")
        base = rows["ambit-oci"]["median_ms"]
        for name, row in rows.items():
            print(
                f"  {name:20} {row['median_ms']:8.2f} {row['p90_ms']:8.2f} {row['min_ms']:8.2f}"
                f" {row['median_ms'] / base:7.2f} {row['peak'] / rows['ambit-oci']['peak']:7.2f}"
            )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--json")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.warm_up = 2, 1
    else:
        compare.check_build()
    result = {"machine": compare.machine(), "rounds": options.rounds, "cases": {}}
    with tempfile.TemporaryDirectory(dir=pathlib.Path.home()) as name:
        folder = pathlib.Path(name)
        root = folder / "root"
        compare.unpack(compare.source_layout(folder), root)
        for filtered in (False, True) if PROFILE.exists() else (False,):
            bundle = make_bundle(folder, root, filtered)
            for manager in MANAGERS:
                case = manager + (", seccomp" if filtered else "")
                result["cases"][case] = measure(folder, bundle, manager, options)
    show(result)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


main()
