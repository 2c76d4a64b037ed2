"""Runs ambit-worker without the daemon: a user namespace, a data folder, the descriptors.

The daemon's side of image/worker_call.h, in Python's standard library, for the tests of images and
of hostile archives. AMBIT_WORKER names the program; else it is the one of AMBIT_BUILD, or the
installed one.
"""

import ctypes
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

CLONE_NEWUSER = 0x10000000
LIBC = ctypes.CDLL(None, use_errno=True)


def find_program():
    places = [os.environ.get("AMBIT_WORKER", "")]
    places.append(os.environ.get("AMBIT_BUILD", "build") + "/src/worker/ambit-worker")
    for prefix in ("/usr/local", "/usr", os.path.expanduser("~/.local")):
        places.append(prefix + "/libexec/ambit/ambit-worker")
    for place in places:
        if place and os.access(place, os.X_OK):
            return os.path.abspath(place)
    raise FileNotFoundError("ambit-worker is not built: set AMBIT_BUILD or AMBIT_WORKER")


def ranges(path, names):
    """The first subordinate range of the user: (first, count), or None."""
    try:
        for line in pathlib.Path(path).read_text().splitlines():
            fields = line.split(":")
            if len(fields) == 3 and fields[0] in names and int(fields[2]) >= 65535:
                return int(fields[1]), int(fields[2])
    except OSError:
        pass
    return None


class UserNamespace:
    """A user namespace held open; its ids reach to 65535 where the user has that many."""

    def __init__(self):
        ready_read, ready_write = os.pipe()
        go_read, go_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(go_write)
            ok = LIBC.unshare(CLONE_NEWUSER) == 0
            os.write(ready_write, b"+" if ok else b"-")
            os.read(go_read, 1)
            os._exit(0)
        os.close(ready_write)
        os.close(go_read)
        self.go = go_write
        if os.read(ready_read, 1) != b"+":
            raise OSError("this machine has no user namespaces for us")
        os.close(ready_read)
        self.full = self._map()
        self.fd = os.open(f"/proc/{self.pid}/ns/user", os.O_RDONLY)

    def _map(self):
        uid, gid = os.getuid(), os.getgid()
        names = {str(uid), pwd.getpwuid(uid).pw_name}
        if uid == 0:
            for kind in ("uid", "gid"):
                pathlib.Path(f"/proc/{self.pid}/{kind}_map").write_text("0 0 65536\n")
            return True
        users, groups = ranges("/etc/subuid", names), ranges("/etc/subgid", names)
        if users and groups and shutil.which("newuidmap"):
            for tool, own, sub in (("newuidmap", uid, users), ("newgidmap", gid, groups)):
                subprocess.run([tool, str(self.pid), "0", str(own), "1", "1", str(sub[0]), "65535"],
                               check=True)
            return True
        pathlib.Path(f"/proc/{self.pid}/setgroups").write_text("deny")
        pathlib.Path(f"/proc/{self.pid}/uid_map").write_text(f"0 {uid} 1\n")
        pathlib.Path(f"/proc/{self.pid}/gid_map").write_text(f"0 {gid} 1\n")
        return False

    def run(self, function):
        """Calls `function` as root of the namespace, in a child; returns its JSON-able value."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                if LIBC.setns(self.fd, CLONE_NEWUSER) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
                os.setresgid(0, 0, 0)
                os.setresuid(0, 0, 0)
                with os.fdopen(write, "w") as out:
                    json.dump(function(), out)
                status = 0
            except BaseException as error:  # the child must not return into the test
                os.write(2, f"in the user namespace: {error!r}\n".encode())
            os._exit(status)
        os.close(write)
        with os.fdopen(read) as source:
            text = source.read()
        _, status = os.waitpid(pid, 0)
        if status != 0:
            raise RuntimeError("the function failed in the user namespace")
        return json.loads(text)

    def close(self):
        os.close(self.fd)
        os.close(self.go)
        os.waitpid(self.pid, 0)


class Outcome:
    def __init__(self, lines, status, peak_kib):
        self.progress = [line for line in lines if line.get("type") == "progress"]
        results = [line for line in lines if line.get("type") == "result"]
        self.result = results[-1] if results else None
        self.status = status  # as waitpid gives it
        self.peak_kib = peak_kib

    @property
    def ok(self):
        return self.status == 0 and self.result is not None and "error" not in self.result

    @property
    def message(self):
        if self.result is None:
            return f"no result, status {self.status}"
        return self.result.get("error", {}).get("message", "")

    @property
    def images(self):
        return self.result["images"]


def spawn(program, arguments, fds):
    """Starts the program with `fds` as 3, 4, 5, …; returns its pid."""
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        null = os.open("/dev/null", os.O_RDWR)
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
        os.dup2(null, 0)
        os.dup2(null, 1)
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.closerange(3 + len(fds), 100)
        os.closerange(100, 300)
        os.execv(program, [program, *arguments])
    finally:
        os._exit(127)


class Store:
    """A data folder with what Store::open makes, and the worker's verbs on it."""

    def __init__(self, namespace, parent=None):
        self.namespace = namespace
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="ambit-test-", dir=parent))
        for name in ("images/blobs/sha256", "image-records", "layers", "staging", "trash"):
            (self.path / name).mkdir(parents=True)
        self.fd = os.open(self.path, os.O_PATH | os.O_DIRECTORY)
        self.jobs = 0

    def _run(self, verb, fds, options):
        program = find_program()
        read, write = os.pipe()
        all_fds = {"output": write, "userns": self.namespace.fd, **fds}
        pid = spawn(program, [verb, ",".join(all_fds), *options], list(all_fds.values()))
        os.close(write)
        with os.fdopen(read) as source:
            lines = [json.loads(line) for line in source]
        _, status, usage = os.wait4(pid, 0)
        return Outcome(lines, status, usage.ru_maxrss)

    def _job(self, verb, fds, options):
        self.jobs += 1
        self.job = f"job{self.jobs}"
        (self.path / "staging" / self.job).mkdir()
        return self._run(verb, {"data": self.fd, **fds},
                         [f"job={self.job}", f"store={self.path}", *options])

    def load(self, source, *options):
        path = pathlib.Path(source)
        if path.is_dir():
            fd = os.open(path, os.O_PATH | os.O_DIRECTORY)
            kind = "folder"
        else:
            fd = os.open(path, os.O_RDONLY)
            kind = "input"
        try:
            return self._job("load", {kind: fd}, options)
        finally:
            os.close(fd)

    def import_tree(self, source, *options):
        fd = os.open(source, os.O_RDONLY)
        empty = json.dumps({"rootfs": {"type": "layers", "diff_ids": []}})
        try:
            return self._job("import", {"input": fd}, [f"config={empty}", *options])
        finally:
            os.close(fd)

    def remove(self, folder, *names):
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            return self._run("remove", {"dir": fd}, list(names))
        finally:
            os.close(fd)

    def publish(self, outcome):
        """What Store::finish_job does, without the metadata."""
        staged = self.path / "staging" / self.job
        for blob in (staged / "blobs").iterdir():
            if not blob.name.startswith("tmp."):
                blob.rename(self.path / "images/blobs/sha256" / blob.name)
        for layer in (staged / "layers").iterdir():
            if not (self.path / "layers" / layer.name).exists():
                layer.rename(self.path / "layers" / layer.name)

    def trees(self, outcome, index=0):
        """The fs folders of an image's layers, lowest first, staged or published."""
        trees = []
        for layer in outcome.images[index]["record"]["layers"]:
            staged = self.path / "staging" / self.job / "layers" / layer["chainId"] / "fs"
            final = self.path / "layers" / layer["chainId"] / "fs"
            trees.append(staged if staged.exists() else final)
        return trees
