#!/usr/bin/python3
"""What ambit-worker makes of images, seen through a real overlay.

usage: layer_cases.py list
       layer_cases.py run SECTION|NAME...

Each case loads or imports something, mounts the unpacked layers as a container's start does
(overlay with userxattr, in the user namespace), and looks at the tree.
"""

import ctypes
import gzip
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import worker
from image_writer import (ARCHITECTURE, FIFO, FILE, FOLDER, HARD_LINK, INDEX, LINK, Layout,
                          docker_archive, entry, tar)

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
SHARED = pathlib.Path(os.environ.get(
    "AMBIT_SHARED", pathlib.Path(__file__).resolve().parents[3] / "shared"))
CASES = {}
SECTIONS = {}


class Missing(Exception):
    """Something that the machine lacks."""


def section(name):
    """The cases that follow, up to the next section, are run together as `name`."""
    SECTIONS[name] = len(CASES)


def names_of(word):
    """The cases of a section, or the one of that name."""
    if word not in SECTIONS:
        return [word]
    starts = sorted(SECTIONS.values()) + [len(CASES)]
    begin = SECTIONS[word]
    return list(CASES)[begin:starts[starts.index(begin) + 1]]


def case(function):
    CASES[function.__doc__.strip().splitlines()[0]] = function
    return function


class Bench:
    """One store in one folder, cleaned up by the worker itself."""

    def __init__(self, namespace, work):
        self.namespace, self.work = namespace, pathlib.Path(work)
        self.store = worker.Store(namespace, work)
        self.count = 0

    def file(self, data):
        self.count += 1
        path = self.work / f"input{self.count}"
        path.write_bytes(data)
        return path

    def load(self, source, *options):
        if isinstance(source, Layout):
            self.count += 1
            source = source.write(self.work / f"layout{self.count}")
        elif isinstance(source, bytes):
            source = self.file(source)
        outcome = self.store.load(source, *options)
        assert outcome.ok, outcome.message
        return outcome

    def layers(self, *tars):
        """The merged tree of an image of these layers."""
        layout = Layout()
        layout.image(*tars)
        return self.merged(self.load(layout))

    def merged(self, outcome, index=0):
        trees = self.store.trees(outcome, index)
        return self.namespace.run(lambda: overlay(trees, describe))

    def error(self, source, *options):
        outcome = self.store.load(source, *options)
        assert not outcome.ok, "it was accepted"
        return outcome.message


def check_libc(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def overlay(trees, function):
    check_libc(worker.LIBC.unshare(CLONE_NEWNS), "unshare")
    check_libc(worker.LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount private")
    # A single layer needs a second one for the kernel.
    empty = tempfile.mkdtemp()
    lower = ":".join([str(tree) for tree in reversed(trees)] + [empty])
    where = tempfile.mkdtemp()
    options = f"userxattr,lowerdir={lower}".encode()
    check_libc(worker.LIBC.mount(b"overlay", where.encode(), b"overlay", 0, options), "overlay")
    try:
        return function(where)
    finally:
        worker.LIBC.umount2(where.encode(), 2)
        os.rmdir(where)
        os.rmdir(empty)


def describe(root):
    """path: what it is, its mode, owner, time, links, and contents or target."""
    found = {}
    for parent, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(parent, name)
            st = os.lstat(path)
            kind = stat.S_IFMT(st.st_mode)
            item = {"kind": {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link",
                             stat.S_IFIFO: "fifo"}.get(kind, oct(kind)),
                    "mode": stat.S_IMODE(st.st_mode), "owner": [st.st_uid, st.st_gid],
                    "mtime": int(st.st_mtime), "links": st.st_nlink, "inode": st.st_ino}
            if kind == stat.S_IFREG:
                with open(path, "rb") as source:
                    item["text"] = source.read(100).decode("latin-1")
                item["size"] = st.st_size
            if kind == stat.S_IFLNK:
                item["target"] = os.readlink(path)
            else:
                item["attributes"] = {n: os.getxattr(path, n).hex() for n in os.listxattr(path)}
            found[os.path.relpath(path, root)] = item
    return found


def texts(tree):
    return {path: item["text"] for path, item in tree.items() if item["kind"] == "file"}


BASE = tar(entry("etc", FOLDER), entry("etc/passwd", data="root"), entry("etc/shadow", data="x", mode=0),
           entry("d", FOLDER, mode=0o750, mtime=5), entry("d/low", data="low"), entry("d/e", FOLDER),
           entry("d/e/deep", data="deep"), entry("usr", FOLDER), entry("usr/lib", FOLDER, mode=0o711),
           entry("lib", LINK, link="usr/lib"), entry("usr/lib/l.so", data="1"))

# --- whiteouts -------------------------------------------------------------------------------------
section("whiteouts")


@case
def _(bench):
    """a whiteout takes away a file of a lower layer"""
    tree = bench.layers(BASE, tar(entry("etc/.wh.passwd", data="")))
    assert "etc/passwd" not in tree and "etc/shadow" in tree


@case
def _(bench):
    """a whiteout takes away a folder of a lower layer"""
    tree = bench.layers(BASE, tar(entry(".wh.d", data="")))
    assert not [path for path in tree if path.split("/")[0] == "d"], tree.keys()


@case
def _(bench):
    """a whiteout and a folder of the same name in one layer: the folder begins empty"""
    for order in (1, -1):
        parts = [entry(".wh.d", data=""), entry("d", FOLDER) + entry("d/new", data="new")][::order]
        tree = bench.layers(BASE, tar(*parts))
        assert [path for path in tree if path.startswith("d/")] == ["d/new"], tree.keys()


@case
def _(bench):
    """an opaque marker hides lower layers only, whatever the order"""
    for order in (1, -1):
        parts = [entry("d/f", data="new"), entry("d/.wh..wh..opq", data="")][::order]
        tree = bench.layers(BASE, tar(*parts))
        assert [path for path in tree if path.startswith("d/")] == ["d/f"], tree.keys()


@case
def _(bench):
    """an opaque marker in the root hides everything below"""
    tree = bench.layers(BASE, tar(entry("etc", FOLDER), entry("etc/new", data="new"),
                                  entry(".wh..wh..opq", data="")))
    assert sorted(tree) == ["etc", "etc/new"], tree.keys()


@case
def _(bench):
    """whiteouts of a folder and of its child in one layer are both accepted (I01)"""
    for order in (1, -1):
        parts = [entry(".wh.d", data=""), entry("d/.wh.low", data="")][::order]
        tree = bench.layers(BASE, tar(*parts))
        assert not [path for path in tree if path.split("/")[0] == "d"], tree.keys()


@case
def _(bench):
    """a whiteout without anything below is no trace"""
    outcome = bench.load(one_layer(tar(entry(".wh.nothing", data=""), entry("f", data="x"))))
    assert os.listdir(bench.store.trees(outcome)[0]) == ["f"]


@case
def _(bench):
    """what a middle layer took away stays away, and may come again"""
    tree = bench.layers(BASE, tar(entry("d/.wh.low", data="")), tar(entry("x", data="x")))
    assert "d/low" not in tree
    tree = bench.layers(BASE, tar(entry("d/.wh.low", data="")), tar(entry("d/low", data="again")))
    assert tree["d/low"]["text"] == "again"


@case
def _(bench):
    """a file in place of a folder, and a folder in place of a file, hide what was there"""
    tree = bench.layers(BASE, tar(entry("d", data="file")), tar(entry("d", FOLDER), entry("d/x", data="x")))
    assert [path for path in tree if path.startswith("d/")] == ["d/x"], tree.keys()
    tree = bench.layers(BASE, tar(entry("d", data="file"), entry("d", FOLDER), entry("d/x", data="x")))
    assert [path for path in tree if path.startswith("d/")] == ["d/x"], tree.keys()


@case
def _(bench):
    """a whiteout behind a lower layer's link takes away what the link leads to"""
    tree = bench.layers(BASE, tar(entry("lib/.wh.l.so", data="")))
    assert "usr/lib/l.so" not in tree and tree["lib"]["target"] == "usr/lib"


# --- parents and links ------------------------------------------------------------------------------
section("parents")


def one_layer(data, **options):
    layout = Layout()
    layout.image(data, **options)
    return layout


@case
def _(bench):
    """an entry behind a lower layer's link lands where the link leads"""
    tree = bench.layers(BASE, tar(entry("lib/m.so", data="2")))
    assert tree["lib"]["kind"] == "link"
    assert texts(tree)["usr/lib/m.so"] == "2" and texts(tree)["usr/lib/l.so"] == "1"


@case
def _(bench):
    """a parent that only lower layers have keeps its mode, owner, time and attributes"""
    base = tar(entry("d", FOLDER, mode=0o1751, mtime=77, xattrs={"user.kept": "yes"}),
               entry("d/e", FOLDER, mode=0o700, mtime=78))
    tree = bench.layers(base, tar(entry("d/e/f", data="x")))
    assert (tree["d"]["mode"], tree["d"]["mtime"]) == (0o1751, 77), tree["d"]
    assert tree["d"]["attributes"] == {"user.kept": b"yes".hex()}, tree["d"]
    assert (tree["d/e"]["mode"], tree["d/e"]["mtime"]) == (0o700, 78), tree["d/e"]


@case
def _(bench):
    """the root keeps the mode that the last layer with a root entry gave it"""
    outcome = bench.load(layout_of(tar(entry(".", FOLDER, mode=0o751, mtime=9)),
                                   tar(entry("f", data="x"))))
    for tree in bench.store.trees(outcome):
        st = os.lstat(tree)
        assert (stat.S_IMODE(st.st_mode), int(st.st_mtime)) == (0o751, 9), oct(st.st_mode)


def layout_of(*tars):
    layout = Layout()
    layout.image(*tars)
    return layout


@case
def _(bench):
    """a missing parent is made, for everyone to enter"""
    tree = bench.layers(tar(entry("a/b/c", data="x")))
    assert tree["a"]["mode"] == tree["a/b"]["mode"] == 0o755


@case
def _(bench):
    """hard links share one file, and so do those to a lower layer's file"""
    tree = bench.layers(tar(entry("a", data="x"), entry("b", HARD_LINK, link="a"),
                            entry("c", HARD_LINK, link="./b")))
    assert tree["a"]["inode"] == tree["b"]["inode"] == tree["c"]["inode"]
    tree = bench.layers(BASE, tar(entry("d/again", HARD_LINK, link="lib/l.so")))
    assert tree["d/again"]["text"] == "1"
    assert tree["d/again"]["inode"] == tree["usr/lib/l.so"]["inode"]


@case
def _(bench):
    """a file of mode 000 and a read-only folder are written again (I03)"""
    tree = bench.layers(BASE, tar(entry("etc", FOLDER, mode=0o555), entry("etc/shadow", data="y", mode=0),
                                  entry("etc/shadow", data="z", mode=0), entry("etc/new", data="n")))
    assert texts(tree)["etc/shadow"] == "z" and tree["etc"]["mode"] == 0o555
    assert tree["etc/shadow"]["mode"] == 0


# --- metadata ---------------------------------------------------------------------------------------
section("metadata")


@case
def _(bench):
    """modes, setuid bits and times are as the tar has them, those of folders too"""
    tree = bench.layers(tar(entry("d", FOLDER, mode=0o2750, mtime=1111), entry("d/su", mode=0o4755, mtime=22),
                            entry("l", LINK, link="d", mtime=33), entry("p", FIFO, mode=0o622, mtime=44)))
    assert (tree["d"]["mode"], tree["d"]["mtime"]) == (0o2750, 1111)
    assert (tree["d/su"]["mode"], tree["d/su"]["mtime"]) == (0o4755, 22)
    assert tree["l"]["mtime"] == 33
    assert (tree["p"]["kind"], tree["p"]["mode"]) == ("fifo", 0o622)


@case
def _(bench):
    """owners are those of the tar, inside the user namespace"""
    if not bench.namespace.full:
        raise Missing("subordinate ids")
    tree = bench.layers(tar(entry("f", data="x", uid=1000, gid=65534, mode=0o6755)))
    assert tree["f"]["owner"] == [1000, 65534] and tree["f"]["mode"] == 0o6755


@case
def _(bench):
    """foreign owners become root's where that is asked for, and are kept in an attribute (N06)"""
    outcome = bench.load(one_layer(tar(entry("f", data="x", uid=1516583083, gid=7))),
                         "foreign-ids=squash")
    tree = bench.merged(outcome)
    assert tree["f"]["owner"] == [0, 0]
    assert tree["f"]["attributes"]["user.ambit.owner"] == b"1516583083:7".hex()


@case
def _(bench):
    """file capabilities and user attributes are kept"""
    capability = bytes.fromhex("0100000200200000000000000000000000000000")[:20]
    tree = bench.layers(tar(entry("ping", data="x", xattrs={"security.capability": capability,
                                                           "user.note": "n"})))
    attributes = tree["ping"]["attributes"]
    assert attributes.get("user.note") == b"n".hex(), attributes
    assert "security.capability" in attributes, attributes
    assert attributes["security.capability"][8:16] == capability.hex()[8:16], attributes


@case
def _(bench):
    """a sparse file keeps its size and its holes"""
    data = b"2\n0\n1\n10485760\n1\n".ljust(512, b"\0") + b"ab"
    tree = bench.layers(tar(entry("GNUSparseFile.0/big", data=data, pax={
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "big",
        "GNU.sparse.realsize": "20971520"})))
    assert tree["big"]["size"] == 20971520 and tree["big"]["text"][0] == "a"


@case
def _(bench):
    """long names, names beyond ASCII and names that are not UTF-8 come through"""
    names = ["d/" * 60 + "x" * 200, "grün/ähre", "日本"]
    tree = bench.layers(tar(*(entry(name, data=name[-3:]) for name in names)))
    for name in names:
        assert name in tree, tree.keys()


@case
def _(bench):
    """the tars of GNU tar, bsdtar and Python come out as they went in"""
    source = bench.work / "source"
    (source / "d").mkdir(parents=True)
    (source / "d/f").write_text("text")
    (source / ("long" * 40)).write_text("long")
    os.symlink("d/f", source / "l")
    os.link(source / "d/f", source / "h")
    writers = {"tar": ["tar", "-C", source, "-cf"], "tar --format=v7": None,
               "tar --format=posix": ["tar", "--format=posix", "-C", source, "-cf"],
               "bsdtar": ["bsdtar", "-C", source, "-cf"]}
    for name, command in writers.items():
        if command is None or not shutil.which(command[0]):
            continue
        path = bench.work / "made.tar"
        subprocess.run([*map(str, command), str(path), "."], check=True)
        outcome = bench.store.import_tree(path, *squash(bench))
        assert outcome.ok, f"{name}: {outcome.message}"
        tree = bench.merged(outcome)
        assert texts(tree) == {"d/f": "text", "h": "text", "long" * 40: "long"}, (name, tree)
        assert tree["d/f"]["inode"] == tree["h"]["inode"] and tree["l"]["target"] == "d/f", name


def squash(bench):
    """The test's own files may have any owner."""
    return ["foreign-ids=squash"]


# --- formats -----------------------------------------------------------------------------------------
section("formats")


@case
def _(bench):
    """every compression is told by its magic number"""
    plain = tar(entry("f", data="x"))
    tools = {"plain": None, "gzip": "gzip", "zstd": "zstd", "xz": "xz", "bzip2": "bzip2"}
    for name, tool in tools.items():
        if tool and not shutil.which(tool):
            continue
        data = subprocess.run([tool, "-c"], input=plain, stdout=subprocess.PIPE, check=True).stdout \
            if tool else plain
        outcome = bench.store.import_tree(bench.file(data), "name=t:" + name)
        assert outcome.ok, f"{name}: {outcome.message}"
        assert texts(bench.merged(outcome)) == {"f": "x"}, name
        assert outcome.images[0]["references"] == ["docker.io/library/t:" + name]
        layout = Layout()
        layout.image(plain)
        outcome = bench.load(subprocess.run([tool, "-c"], input=layout.archive(), check=True,
                                            stdout=subprocess.PIPE).stdout if tool
                             else layout.archive())
        assert texts(bench.merged(outcome)) == {"f": "x"}, name


@case
def _(bench):
    """layers that are packed in several gzip members are read to their end"""
    plain = tar(entry("a", data="a" * 3000), entry("b", data="b"))
    packed = gzip.compress(plain[:1000]) + gzip.compress(plain[1000:])
    outcome = bench.store.import_tree(bench.file(packed))
    assert outcome.ok and set(texts(bench.merged(outcome))) == {"a", "b"}, outcome.message


@case
def _(bench):
    """an OCI archive is read from a pipe"""
    read, write = os.pipe()
    data = one_layer(tar(entry("f", data="x"))).archive()
    if os.fork() == 0:
        os.close(read)
        with os.fdopen(write, "wb") as out:
            out.write(data)
        os._exit(0)
    os.close(write)
    outcome = bench.store._job("load", {"input": read}, [])
    os.close(read)
    assert outcome.ok and texts(bench.merged(outcome)) == {"f": "x"}, outcome.message


@case
def _(bench):
    """a docker-archive keeps docker's image id, its names and its layers' digests"""
    one, two = tar(entry("a", data="1")), tar(entry("b", data="2"))
    config = {"architecture": ARCHITECTURE, "os": "linux", "config": {"Cmd": ["x"]}, "rootfs": {
        "type": "layers", "diff_ids": [digest(one), digest(two), digest(one)]}}
    outcome = bench.load(docker_archive([one, two, one], ["a:1", "quay.io/b/c:2"], config))
    image = outcome.images[0]
    assert image["references"] == ["docker.io/library/a:1", "quay.io/b/c:2"]
    assert "sha256:" + image["record"]["id"] == digest(json.dumps(config).encode())
    for layer in image["record"]["layers"]:
        assert layer["blob"]["digest"] == layer["diffId"]
    assert texts(bench.merged(outcome)) == {"a": "1", "b": "2"}


def digest(data):
    import hashlib
    return "sha256:" + hashlib.sha256(data).hexdigest()


@case
def _(bench):
    """an index gives the host's platform, and says what there is where it has none"""
    layout = Layout()
    mine = layout.image(tar(entry("mine", data="x")))
    other = layout.image(tar(entry("other", data="x")))
    layout.index.clear()
    platforms = [{**other, "platform": {"os": "linux", "architecture": "s390x"}},
                 {**mine, "platform": {"os": "linux", "architecture": ARCHITECTURE}},
                 {**other, "platform": {"os": "unknown", "architecture": "unknown"}}]
    layout.add(layout.blob({"schemaVersion": 2, "manifests": platforms}, INDEX), "multi:1")
    assert set(texts(bench.merged(bench.load(layout)))) == {"mine"}
    message = bench.error(layout.write(bench.work / "again"), "architecture=riscv64")
    assert f"linux/{ARCHITECTURE}" in message and "linux/s390x" in message, message


@case
def _(bench):
    """a lone tag is combined with the folder's name"""
    outcome = bench.load(one_layer(tar(entry("f", data="x")), name="3.20"), "name=alpine-3.20")
    assert outcome.images[0]["references"] == ["docker.io/library/alpine:3.20"]
    outcome = bench.load(one_layer(tar(entry("f", data="x")), name=None), "name=My Folder")
    assert outcome.images[0]["references"] == ["docker.io/library/my-folder:latest"]


@case
def _(bench):
    """a layer that is there already is not unpacked again"""
    layout = layout_of(BASE, tar(entry("f", data="x")))
    first = bench.load(layout)
    bench.store.publish(first)
    again = bench.load(layout)
    staged = bench.store.path / "staging" / bench.store.job / "layers"
    assert os.listdir(staged) == [] and bench.merged(again) == bench.merged(first)


# --- others' tools ----------------------------------------------------------------------------------
section("umoci")


@case
def _(bench):
    """the images beside the project unpack as umoci unpacks them"""
    if not shutil.which("umoci"):
        raise Missing("umoci")
    if os.getuid() != 0:
        return  # umoci sets owners as root only
    names = [n for n in ("alpine-3.20", "busybox-musl") if (SHARED / "images" / n).is_dir()]
    layout = layout_of(BASE, tar(entry("d/.wh.low", data=""), entry("d/e/.wh..wh..opq", data=""),
                                 entry("d/e/f", data="x"), entry("lib/m.so", HARD_LINK, link="lib/l.so")))
    sources = [SHARED / "images" / n for n in names] + [layout.write(bench.work / "own")]
    for source in sources:
        index = json.loads((source / "index.json").read_text())
        reference = index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
        bundle = bench.work / ("bundle-" + source.name)
        subprocess.run(["umoci", "unpack", "--image", f"{source}:{reference}", bundle], check=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        theirs, ours = describe(bundle / "rootfs"), bench.merged(bench.load(source))
        assert theirs.keys() == ours.keys(), theirs.keys() ^ ours.keys()
        for path, item in ours.items():
            for key in item.keys() - {"inode", "attributes", "links"}:
                if key == "mtime" and path in ("d", "d/e", "usr/lib", "usr", "lib"):
                    continue  # umoci touches the parents of what it writes
                assert item[key] == theirs[path][key], f"{source.name}/{path}: {key} {item} {theirs[path]}"


section("debian")


@case
def _(bench):
    """a whole Debian unpacks as tar unpacks it, but for its device nodes"""
    source = pathlib.Path(__file__).resolve().parents[2] / "build/cache/debian.tar"
    if not source.exists():
        raise Missing(f"{source}, which contrib/check makes with mmdebstrap")
    if not bench.namespace.full:
        raise Missing("subordinate ids")
    outcome = bench.store.import_tree(source)
    assert outcome.ok, outcome.message
    theirs = bench.namespace.run(lambda: extracted(source, bench.work / "theirs"))
    ours = bench.merged(outcome)
    assert len(ours) > 3000 and ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    for path, item in ours.items():
        for key in item.keys() - {"inode"}:
            if (path, key) != ("dev", "mtime"):
                assert item[key] == theirs[path][key], f"{path}: {key} {item} {theirs[path]}"


def extracted(archive, folder):
    folder.mkdir()
    devices = ["console", "full", "null", "ptmx", "random", "tty", "urandom", "zero"]
    subprocess.run(["tar", "--xattrs", "--xattrs-include=*", "-C", folder, "-xpf", archive,
                    *(f"--exclude=./dev/{name}" for name in devices)], check=True)
    return describe(folder)


# --- removing --------------------------------------------------------------------------------------
section("removing")


@case
def _(bench):
    """trees of mapped owners, odd modes and many levels are removed"""
    outcome = bench.load(one_layer(tar(entry("d", FOLDER, mode=0), entry("d/" + "e/" * 500, FOLDER, mode=0),
                                       entry("d/f", data="x", mode=0), entry("l", LINK, link="/etc"))))
    assert bench.store.remove(bench.store.path / "staging", bench.store.job).ok
    assert os.listdir(bench.store.path / "staging") == []
    assert bench.store.remove(bench.store.path / "staging", "never-there").ok


@case
def _(bench):
    """removing refuses names that are paths"""
    (bench.work / "kept").mkdir()
    for name in ("..", ".", "", "../kept", "/tmp"):
        outcome = bench.store.remove(bench.store.path / "trash", name)
        assert not outcome.ok and "not a name" in outcome.message, outcome.message
    assert (bench.work / "kept").exists()


@case
def _(bench):
    """removing goes around a mount and says so"""
    if os.getuid() != 0:
        return  # a mount in the worker's sight takes root
    tree, kept = bench.work / "tree", bench.work / "kept"
    (tree / "a/mount").mkdir(parents=True)
    (tree / "a/file").write_text("x")
    kept.mkdir()
    (kept / "precious").write_text("x")
    subprocess.run(["mount", "--bind", kept, tree / "a/mount"], check=True)
    try:
        outcome = bench.store.remove(bench.work, "tree")
        assert not outcome.ok and "mounted" in outcome.message, outcome.message
        assert (kept / "precious").exists() and not (tree / "a/file").exists()
    finally:
        subprocess.run(["umount", tree / "a/mount"], check=True)
    assert bench.store.remove(bench.work, "tree").ok and not tree.exists()


# --- the process itself ------------------------------------------------------------------------------
section("process")


@case
def _(bench):
    """the worker sees no file system, no network, and keeps no right that it doesn't need"""
    read, write = os.pipe()
    (bench.store.path / "staging/held").mkdir()
    out_read, out_write = os.pipe()
    fds = {"output": out_write, "userns": bench.namespace.fd, "data": bench.store.fd, "input": read}
    pid = worker.spawn(worker.find_program(),
                       ["load", ",".join(fds), "job=held", "store=x"], list(fds.values()))
    # The beginning of a long file, more than the pipe holds: when the writing is done, the worker
    # has begun to read, and it goes on waiting for the rest.
    start = bytearray(entry("part.tar"))
    start[124:136] = b"%011o\0" % (1 << 30)
    start[148:156] = b"%06o\0 " % (sum(start[:148]) + 8 * 0x20 + sum(start[156:512]))
    os.write(write, bytes(start) + bytes(1 << 16))
    os.write(write, bytes(1 << 16))
    status = dict(line.split(":\t", 1) for line in
                  pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    assert int(status["CapEff"], 16) == 0x8000001F, status["CapEff"]
    if os.getuid() == 0:
        assert os.listdir(f"/proc/{pid}/root/") == []
        network = pathlib.Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
        assert [line.split(":")[0].strip() for line in network] == ["lo"], network
        assert len(os.listdir(f"/proc/{pid}/fd")) < 20
    for fd in (write, read, out_write, out_read):
        os.close(fd)
    os.waitpid(pid, 0)


def main():
    if sys.argv[1] == "list":
        print("\n".join(CASES))
        return
    signal.alarm(300)
    namespace = worker.UserNamespace()
    failed, missing = 0, 0
    for name in [name for word in sys.argv[2:] or SECTIONS for name in names_of(word)]:
        with tempfile.TemporaryDirectory(prefix="ambit-layers-", ignore_cleanup_errors=True) as work:
            bench = Bench(namespace, work)
            try:
                CASES[name](bench)
                print(f"{name}: ok")
            except Missing as what:
                print(f"{name}: needs {what}")
                missing += 1
            except Exception as failure:
                print(f"FAILED: {name}: {failure!r}", file=sys.stderr)
                failed += 1
            finally:
                bench.store.remove(work, *os.listdir(work))
                os.close(bench.store.fd)
    namespace.close()
    sys.exit(1 if failed else 77 if missing else 0)


if __name__ == "__main__":
    main()
