"""What the programs that run others' suites share: their command line, the rig, processes, TAP.

A suite is prepared where the program is called (packages, sources, helpers that are built) and runs
in a rig (contrib/rig), where the program calls itself again. A rig has a /dev, a cgroup tree and a
user manager of its own, so that nothing a runtime does wrong reaches the machine.
"""

import argparse
import concurrent.futures
import contextlib
import ctypes
import dataclasses
import fcntl
import fnmatch
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
CACHE = pathlib.Path(os.environ.get("AMBIT_CACHE", TOP / "build/cache")) / "suites"
BUILT = CACHE / "built"
MAX_OUTPUT_LINES = 40
MAX_LINE = 400
NO_MIRROR = 69

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclasses.dataclass
class Result:
    """What became of one test; detail is the reason of a skip, or the output of a failure."""

    name: str
    word: str
    detail: str = ""


class Unavailable(Exception):
    """The suite cannot be had on this machine; the message says why."""


# --- TAP -------------------------------------------------------------------------------------------


def excerpt(lines):
    """The begin and the end of what a test wrote."""
    if len(lines) <= MAX_OUTPUT_LINES:
        return lines
    half = MAX_OUTPUT_LINES // 2
    return [*lines[:half], "...", *lines[-half:]]


class Tap:
    """Prints results as they come, each as one line with its output below."""

    def __init__(self):
        self.count = 0
        self.lock = threading.Lock()

    def add(self, result):
        with self.lock:
            self.count += 1
            word = "not ok" if result.word == FAILED else "ok"
            line = f"{word} {self.count} {result.name}"
            if result.word == SKIPPED:
                line += " # skip " + " ".join(result.detail.split())
            print(line)
            if result.word == FAILED:
                for output in excerpt(result.detail.splitlines()):
                    print(f"# {output[:MAX_LINE]}")
            sys.stdout.flush()

    def end(self):
        print(f"1..{self.count}", flush=True)


def parse_tap(text):
    """The results in TAP text, whether their output stands below (bats) or above (crun) them."""
    results = []
    for line in text.splitlines():
        words = line.split(None, 2)
        if line.startswith("not ok "):
            results.append(Result(line.split(None, 3)[3].strip("- "), FAILED))
        elif line.startswith("ok ") and len(words) == 3:
            name, _, comment = words[2].partition(" #")
            word = SKIPPED if comment.strip().lower().startswith("skip") else PASSED
            results.append(Result(name.strip("- "), word, comment.strip()[4:].strip() if word == SKIPPED else ""))
        elif line.startswith("#") and results and results[-1].word == FAILED:
            results[-1].detail += line[1:].removeprefix(" ") + "\n"
    return results


# --- processes -------------------------------------------------------------------------------------


def run(command, seconds, **options):
    """(exit status, output) of a command that has a process group, a deadline and no input.

    The status of one that was late is None. What it left in its group is killed. Output goes to a
    file, for a container that stays behind would hold a pipe open.
    """
    with tempfile.TemporaryFile() as output:
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", output)
        options.setdefault("stderr", subprocess.STDOUT)
        process = subprocess.Popen(command, start_new_session=True, **options)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        output.seek(0)
        return status, output.read().decode(errors="replace")


def build(command, **options):
    """Runs a step of preparation, which prints nothing unless it fails."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout.decode(errors="replace")[-4000:])
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {command[0]} ended with {done.returncode}")


@contextlib.contextmanager
def one_at_a_time():
    """Holds a lock: a subject and its peers prepare the same files."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def go_build(gopath, target, packages, *options):
    """Builds packages of a GOPATH, which has Debian's packages besides, into the folder target."""
    os.makedirs(target, exist_ok=True)
    environment = {
        **os.environ,
        "GOPATH": f"{gopath}:/usr/share/gocode",
        "GOCACHE": f"{BUILT}/gocache",
        "GO111MODULE": "off",
        "GOFLAGS": "",
    }
    build(["go", "build", *options, "-o", f"{target}/", *packages], env=environment, cwd=gopath)


def fetch(suite):
    """The folder with the sources of a suite, fetched if it is not there."""
    done = subprocess.run([HERE / "fetch", suite], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == NO_MIRROR:
        raise Unavailable("no mirror in reach")
    if done.returncode != 0:
        sys.exit(done.returncode)
    return pathlib.Path(done.stdout.strip())


def bats_tests(file):
    """The names of the tests of a bats file, in order."""
    return [name for _, name in re.findall(r"""^@test (["'])(.*)\1\s*\{""", file.read_text(), re.MULTILINE)]


def bats(file, tests, seconds, **options):
    """Yields the results of the named tests of a bats file, which gets a terminal of its own."""
    exact = "^(" + "|".join(re.escape(test) for test in tests) + ")$"
    command = ["bats", "--tap", "--filter", exact, str(file)]
    with tempfile.NamedTemporaryFile(dir=options["cwd"]) as tap:
        line = " ".join(map(shlex.quote, command)) + f" >{shlex.quote(tap.name)}"
        status, output = run(["script", "--quiet", "--return", "--command", line, "/dev/null"], seconds, **options)
        text = pathlib.Path(tap.name).read_text(errors="replace")
    found = {result.name: result for result in parse_tap(text)}
    late = f"{text}{output}\nnot done after {seconds} seconds" if status is None else f"{text}{output}"
    for test in tests:
        result = found.get(test.strip()) or Result(test, FAILED, late)
        result.name = f"{file.stem}/{test.strip()}"
        yield result


def side_by_side(tests, function, at_a_time=os.cpu_count()):
    """Yields function(test) for all tests, in their order, while several run."""
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        yield from pool.map(function, tests)


def busybox(root):
    """Makes a root file system with what images of busybox have."""
    for folder in ["bin", "dev", "etc", "home", "root", "tmp", "usr/sbin", "var/spool/mail", "var/www"]:
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n")
    (root / "etc/group").write_text("root:x:0:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n")
    program = shutil.which("busybox")
    shutil.copy2(program, root / "bin/busybox")
    applets = subprocess.run([program, "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    for applet in set(applets) - {"busybox"}:
        (root / "bin" / applet).hardlink_to(root / "bin/busybox")


def archive(root, target):
    """Makes an archive in which all belongs to root."""
    build(["tar", "-C", root, "--owner=0", "--group=0", "-cf", target, "."])


def debian():
    """An archive of a small Debian's files; contrib/check looks for it at the same place."""
    archive = CACHE.parent / "debian.tar"
    if not archive.exists():
        fresh = archive.with_suffix(".new")
        build(["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", "bookworm", fresh])
        fresh.rename(archive)
    return archive


# --- command line ----------------------------------------------------------------------------------


def wanted(name, patterns):
    """Is the test of this name ("file/test") among those asked for: by name, file (or its number), test
    or pattern?"""
    file, _, test = name.partition("/")
    return not patterns or any(
        pattern in (name, file, test, file.partition("-")[0]) or fnmatch.fnmatchcase(name, pattern)
        for pattern in patterns
    )


def arguments(suite):
    parser = argparse.ArgumentParser(
        prog=suite.NAME,
        description=suite.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="The rig stays up for the next call; contrib/rig --name NAME down ends it.",
    )
    parser.add_argument("runtime", metavar="RUNTIME", help="an OCI runtime: a path, or a name in PATH")
    parser.add_argument(
        "tests", nargs="*", metavar="TEST", help="only these: file/test, a file, a test, or a pattern of file/test"
    )
    tree = hashlib.sha256(str(TOP).encode()).hexdigest()[:8]
    parser.add_argument("--rig", default=f"suites-{tree}", metavar="NAME", help="the rig to run in (%(default)s)")
    if suite.ROOT:
        parser.add_argument("--root", action="store_true", help="as root of the rig, instead of its user")
    parser.add_argument("--inside", metavar="WORK", help=argparse.SUPPRESS)
    return parser.parse_args()


def reachable(runtime):
    """The path of a runtime in the rig, which sees the source tree, and the packages' files as they
    were when it booted: anything else is copied into the tree."""
    found = shutil.which(runtime)
    if not found:
        sys.exit(f"{runtime}: no such program")
    path = pathlib.Path(found).resolve()
    if path.is_relative_to("/usr") or path.is_relative_to(TOP):
        return path
    copy = TOP / "build/conformance" / hashlib.sha256(str(path).encode()).hexdigest()[:8] / path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    fresh = copy.with_suffix(".new")
    shutil.copy2(path, fresh)
    fresh.rename(copy)
    return copy


def age_rig(rig):
    """One of crun's tests takes a number for a pid only if it has five digits, as on a machine that
    has been up for a while."""
    script = "read -r last </proc/sys/kernel/ns_last_pid; [ $last -ge 10000 ] || echo 10000 >/proc/sys/kernel/ns_last_pid"
    build([TOP / "contrib/rig", "--name", rig, "root", "--", "sh", "-c", script])


def enter_rig(suite, options):
    """Calls this program again in the rig: in a delegated scope, as a program has that is started
    from a desktop, or in a cgroup that is not the user's, as in a login from a console."""
    age_rig(options.rig)
    as_root = suite.ROOT and options.root
    # On a real disk, where an overlay and a large image have a place.
    work = f"/var/tmp/{suite.NAME}-{os.getpid()}"
    inner = [str(pathlib.Path(sys.argv[0]).resolve()), "--inside", work]
    if as_root:
        # Mounts that a runtime leaves behind end with it.
        inner = ["unshare", "--mount", "--", *inner, "--root"]
    inner += [str(reachable(options.runtime)), *options.tests]
    scope = [] if not suite.DELEGATED else ["systemd-run", "--scope", "--quiet", "--collect", "--property=Delegate=yes"]
    if scope and not as_root:
        scope.insert(1, "--user")
    rig = [TOP / "contrib/rig", "--name", options.rig]
    command = [*rig, "root" if as_root else "run", "--", *scope, *inner]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    finally:
        # Some of it belongs to subordinate ids.
        build([*rig, "root", "--", "rm", "-rf", "--one-file-system", work])


def descendants():
    """The pids of all processes below this one."""
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            pass
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def keep_house():
    """Returns in a child. The parent is what an init process is to it: it reaps what lost its parent,
    which a runtime that asks for the state of a container relies on, and kills what is left at the end."""
    subreaper = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
    if ctypes.CDLL(None, use_errno=True).prctl(subreaper, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    child = os.fork()
    if child == 0:
        return
    status, pid = 0, 0
    while pid != child:
        pid, status = os.wait()
    try:
        while True:
            for pid in descendants():
                os.kill(pid, signal.SIGKILL)
            os.wait()
    except ChildProcessError:
        pass
    sys.exit(os.waitstatus_to_exitcode(status))


def main(suite):
    """The program of a suite, which is a module with NAME, ROOT (may it run as root), DELEGATED (has it
    a cgroup to make others in), PACKAGES (sets of contrib/packages), prepare(), and an iterator of
    results, run(runtime, patterns, work)."""
    options = arguments(suite)
    if not options.inside:
        build([TOP / "contrib/packages", "rig", *suite.PACKAGES])
        try:
            with one_at_a_time():
                suite.prepare()
        except Unavailable as why:
            must = os.environ.get("AMBIT_TEST_MUST_RUN")
            tap = Tap()
            tap.add(Result(suite.NAME, FAILED if must else SKIPPED, str(why)))
            tap.end()
            sys.exit(1 if must else 0)
        sys.exit(enter_rig(suite, options))
    keep_house()
    tap = Tap()
    failed = False
    # Open to the other ids of user namespaces, as a root file system has to be.
    work = pathlib.Path(options.inside)
    work.mkdir(mode=0o755)
    for result in suite.run(options.runtime, options.tests, work):
        failed = failed or result.word == FAILED
        tap.add(result)
    tap.end()
    sys.exit(1 if failed or tap.count == 0 else 0)
