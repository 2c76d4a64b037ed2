#!/usr/bin/python3
"""Times of starting a container that does nothing, beside other tools, in turns in one run.

usage: compare.py [--rounds N] [--warm-up N] [--json FILE] [--only TOOL,...] [--parallel N] [--smoke]

Every tool gets the same root file system: that of busybox. A round is one start of each tool, and
each round begins with another one, so that what else the machine does hits all alike. Times are
from before the fork to the end of wait(). --smoke: few rounds, any build.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
IMAGE = "busybox"
NULL = os.open(os.devnull, os.O_RDWR)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# --- what is compared ----------------------------------------------------------------------------


def source_layout(folder):
    """An OCI layout of busybox: the official one, or one made here."""
    shared = pathlib.Path(os.environ.get("AMBIT_SHARED") or TOP.parent / "shared")
    official = shared / "images/busybox-glibc"
    if official.is_dir():
        return official
    made = folder / "layout"
    subprocess.run([TOP / "tests/support/make-image", "oci-dir", "busybox:bench", made], check=True)
    return made


def unpack(layout, root):
    """Layers have no whiteouts here: tar is enough."""

    def blob(digest):
        return layout / "blobs" / digest.replace(":", "/")

    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    root.mkdir()
    for layer in manifest["layers"]:
        # Owners and devices are not an ordinary user's to make, and nobody misses them here.
        subprocess.run(
            ["tar", "-xf", blob(layer["digest"]), "-C", root, "--no-same-owner", "--exclude=dev/*"],
            check=True,
        )


def make_bundle(folder, root):
    bundle = folder / "bundle"
    bundle.mkdir()
    subprocess.run(["crun", "spec", "--rootless"], cwd=bundle, check=True)
    path = bundle / "config.json"
    config = json.loads(path.read_text())
    config["process"].update(args=["true"], terminal=False)
    config["root"] = {"path": str(root), "readonly": False}
    path.write_text(json.dumps(config))
    return bundle


class Tools:
    """Name to a function that gives the command of start number n."""

    def __init__(self, folder):
        layout = source_layout(folder)
        root = folder / "root"
        unpack(layout, root)
        self.versions = {"ambit": output_of("ambit", "version").splitlines()[0]}
        self.commands = {"ambit": lambda n, *c: ["ambit", "run", "--rm", IMAGE, *c]}
        self.load_ambit(layout)
        if self.has("crun"):
            bundle = make_bundle(folder, root)
            self.commands["crun"] = lambda n, *c: [
                "crun", "--systemd-cgroup", "run", "-b", str(bundle), f"bench-{os.getpid()}-{n}",
            ]
        if self.has("bwrap"):
            self.commands["bwrap"] = lambda n, *c: [
                "bwrap", "--unshare-all", "--bind", str(root), "/", "--proc", "/proc",
                "--dev", "/dev", *c,
            ]
        if self.has("podman"):
            # Its own choice would be vfs, which copies the image for each container. There may be
            # no pids controller.
            podman = ["podman", "--storage-driver", "overlay"]
            subprocess.run(["tar", "-C", root, "-cf", folder / "root.tar", "."], check=True)
            identity = output_of(*podman, "import", "-q", str(folder / "root.tar")).splitlines()[-1]
            self.commands["podman"] = lambda n, *c: [
                *podman, "run", "--rm", "--network", "none", "--pids-limit=-1", identity, *c,
            ]
        if self.has("systemd-run"):
            self.commands["systemd-run"] = lambda n, *c: [
                "systemd-run", "--user", "--scope", "--quiet", *c,
            ]

    def has(self, program):
        if shutil.which(program) is None:
            return False
        self.versions[program] = output_of(program, "--version").splitlines()[0]
        return True

    @staticmethod
    def load_ambit(layout):
        if subprocess.run(["ambit", "inspect", "--type", "image", IMAGE], stdout=NULL, stderr=NULL, check=False).returncode:
            loaded = output_of("ambit", "load", "-i", str(layout)).split()[-1]
            subprocess.run(["ambit", "tag", loaded, IMAGE], check=True, stdout=NULL)


# --- measuring -----------------------------------------------------------------------------------


def spawn(command):
    actions = [(os.POSIX_SPAWN_DUP2, NULL, number) for number in (0, 1, 2)]
    return os.posix_spawn(shutil.which(command[0]), command, os.environ, file_actions=actions)


def time_once(command):
    path = shutil.which(command[0])
    actions = [(os.POSIX_SPAWN_DUP2, NULL, number) for number in (0, 1, 2)]
    began = time.perf_counter()
    pid = os.posix_spawn(path, command, os.environ, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - began
    if status != 0:
        sys.exit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return took


def time_all(tools, rounds, warm_up):
    names = list(tools.commands)
    times = {name: [] for name in names}
    for number in range(warm_up + rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            took = time_once(tools.commands[name](number, "true"))
            if number >= warm_up:
                times[name].append(took * 1000)
    return times


def time_parallel(tools, count):
    """Wall time of `count` containers that sleep for a second, all at once."""
    result = {}
    for name in ("ambit", "podman"):
        if name not in tools.commands:
            continue
        began = time.perf_counter()
        pids = [spawn(tools.commands[name](n, "sleep", "1")) for n in range(count)]
        lost = sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)
        result[name] = {"seconds": time.perf_counter() - began, "lost": lost}
    return result


# --- showing -------------------------------------------------------------------------------------


def machine():
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "systemd": output_of("systemctl", "--version").splitlines()[0],
        "load": os.getloadavg()[0],
    }


def summary(times):
    figures = {}
    for name, values in times.items():
        ordered = sorted(values)
        figures[name] = {
            "median_ms": statistics.median(ordered),
            "p90_ms": ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)],
            "min_ms": ordered[0],
        }
    return figures


def show(result):
    host = result["machine"]
    print(f"{host['cpu']}, {host['cores']} cores, Linux {host['kernel']}, {host['systemd']}, load {host['load']:.2f}")
    print(f"{result['rounds']} rounds, ms\n")
    print(f"{'':12} {'median':>8} {'p90':>8} {'min':>8} {'ratio':>7}")
    base = result["times"]["ambit"]["median_ms"]
    for name, row in result["times"].items():
        print(f"{name:12} {row['median_ms']:8.2f} {row['p90_ms']:8.2f} {row['min_ms']:8.2f} {row['median_ms'] / base:7.2f}")
    print()
    for name, row in result["parallel"].items():
        print(f"{result['parallel_count']} x sleep 1 at once, {name}: {row['seconds']:.2f} s, {row['lost']} lost")
    print("\n" + "\n".join(f"{name}: {version}" for name, version in result["versions"].items()))


def check_build():
    """A debug build's figures mislead."""
    build = os.environ.get("AMBIT_BUILD") or TOP / "build-release"
    options = json.loads(output_of("meson", "introspect", "--buildoptions", str(build)))
    kind = {option["name"]: option["value"] for option in options}["buildtype"]
    if kind != "release":
        sys.exit(f"{build} is a {kind} build; measure a release build: contrib/bench makes one")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--parallel", type=int, default=32)
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.warm_up, options.parallel = 2, 1, 4
    else:
        check_build()
    with tempfile.TemporaryDirectory(dir=pathlib.Path.home()) as folder:
        tools = Tools(pathlib.Path(folder))
        if options.only:
            wanted = options.only.split(",")
            tools.commands = {name: tools.commands[name] for name in wanted}
        result = {
            "machine": machine(),
            "versions": tools.versions,
            "rounds": options.rounds,
            "times": summary(time_all(tools, options.rounds, options.warm_up)),
            "parallel_count": options.parallel,
            "parallel": time_parallel(tools, options.parallel) if options.parallel else {},
        }
    show(result)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")
    return 1 if any(row["lost"] for row in result["parallel"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
