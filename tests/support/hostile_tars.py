#!/usr/bin/python3
"""Archives that attack: a table of them, and what must come of each.

usage: hostile_tars.py list
       hostile_tars.py run SECTION|NAME...
       hostile_tars.py write NAME FILE

Each case is loaded by ambit-worker (AMBIT_WORKER). Whatever happens, the worker ends by itself in
bounded memory, and nothing outside of its job's folder is touched. Beyond that a case is either
refused, with an error that contains a given text, or harmless, and then a check looks at the tree.
"""

import gzip
import json
import os
import pathlib
import signal
import stat
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import worker
from image_writer import (BLOCK, CHAR, CONFIG, FIFO, FILE, FOLDER, HARD_LINK, INDEX, LAYER, LINK,
                          MANIFEST, Layout, docker_archive, entry, tar)

MEMORY_LIMIT_KIB = 100 * 1024
EITHER = object()  # refused or harmless: it depends on the file system
CASES = {}
SECTIONS = {}


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


class Case:
    def __init__(self, build, verb, refused, check):
        self.build, self.verb, self.refused, self.check = build, verb, refused, check


def case(name, verb="import", refused=None, check=None):
    """Registers a builder: bytes for an archive, a Layout for a folder."""
    def register(build):
        CASES[name] = Case(build, verb, refused, check)
        return build
    return register


def layer(name, *entries, refused=None, check=None):
    """A case that is one layer. Entries that need the folder outside are functions of its path."""
    CASES[name] = Case(lambda out: tar(*(e(out) if callable(e) else e for e in entries)),
                       "import", refused, check)


def has(path, kind=stat.S_ISREG):
    def check(trees):
        mode = os.lstat(trees[-1] / path).st_mode
        assert kind(mode), f"{path} has the mode {mode:o}"
    return check


def lacks(path):
    def check(trees):
        assert not os.path.lexists(trees[-1] / path), f"{path} is there"
    return check


# --- links that lead out ---------------------------------------------------------------------------
section("links")

layer("write through an absolute link laid before",
      lambda out: entry("a", LINK, link=out), entry("a/f", data="evil"), check=has("tmp/../a", stat.S_ISLNK))
layer("write through a relative link laid before",
      entry("a", LINK, link="../../../../../../../../tmp"), entry("a/f", data="evil"), check=has("tmp/f"))
layer("overwrite what a link names",
      lambda out: entry("canary", LINK, link=out + "/canary"), entry("canary", data="evil"),
      check=has("canary"))
layer("chain of links",
      entry("a", LINK, link="b"), entry("b", LINK, link="c/../d"), entry("c", FOLDER),
      entry("d", LINK, link="/../../" + "../" * 20 + "tmp"), entry("a/f", data="evil"),
      check=has("tmp/f"))
layer("loop of links", entry("a", LINK, link="b"), entry("b", LINK, link="a"),
      entry("a/f", data="evil"), refused="too many links")
layer("folder over a link", lambda out: entry("d", LINK, link=out), entry("d", FOLDER, mode=0o777),
      entry("d/f", data="evil"), check=has("d/f"))
layer("link in place of a folder that was just filled", entry("d", FOLDER), entry("d/f", data="x"),
      lambda out: entry("d", LINK, link=out), entry("d/canary", data="evil"),
      check=has("d", stat.S_ISLNK))
layer("names with ..", entry("../x", data="evil"), entry("a/../../y", data="evil"),
      entry("/../../z", data="evil"), check=has("x"))
layer("absolute names", lambda out: entry(out + "/canary", data="evil"), check=lacks("canary"))
layer("root is a link", lambda out: entry(".", LINK, link=out), entry("f", data="evil"),
      refused="root is no folder")
layer("root is a link, by its name with a slash", lambda out: entry("./", LINK, link=out),
      refused="root is no folder")
layer("root is a file", entry(".", FILE, data="evil"), refused="root is no folder")
layer("link named ..", lambda out: entry("..", LINK, link=out), refused="root is no folder")
layer("link into procfs", entry("p", LINK, link="/proc/self/root"), entry("p/f", data="evil"),
      check=has("proc/self/root/f"))


@case("link laid by a lower layer", verb="load", check=has("tmp/f"))
def _(out):
    layout = Layout()
    layout.image(tar(entry("a", LINK, link="/../../tmp")), tar(entry("a/f", data="evil")))
    return layout


@case("root replaced between layers", verb="load", refused="root is no folder")
def _(out):
    layout = Layout()
    layout.image(tar(entry(".", LINK, link=out)), tar(entry("f", data="evil")))
    return layout


# --- hard links -------------------------------------------------------------------------------------
section("hard links")

layer("hard link to a host file", entry("loot", HARD_LINK, link="../../../../../../etc/shadow"),
      refused="doesn't have")
layer("hard link to an absolute host file", entry("loot", HARD_LINK, link="/etc/passwd"),
      refused="doesn't have")
layer("hard link through a link", lambda out: entry("a", LINK, link=out),
      entry("loot", HARD_LINK, link="a/canary"), refused="doesn't have")
layer("hard link to a link, written through", lambda out: entry("a", LINK, link=out + "/canary"),
      entry("b", HARD_LINK, link="a"), entry("b", data="evil"), check=has("b"))
layer("hard link to a folder", entry("d", FOLDER), entry("l", HARD_LINK, link="d"),
      refused="to the folder")
layer("hard link to the root", entry("l", HARD_LINK, link="."), refused="root")
layer("hard link to itself", entry("l", HARD_LINK, link="l"), refused="doesn't have")
layer("root is a hard link", entry("f", data="x"), entry(".", HARD_LINK, link="f"),
      refused="root is no folder")

# --- devices, attributes, owners --------------------------------------------------------------------
section("owners")

layer("device nodes", entry("sda", BLOCK, device=(8, 0), mode=0o666),
      entry("mem", CHAR, device=(1, 1), mode=0o666), entry("l", HARD_LINK, link="sda"),
      entry("f", data="x"), check=lacks("sda"))
layer("device node that is a whiteout", entry("etc", FOLDER), entry("etc/passwd", CHAR),
      check=lacks("etc/passwd"))


def no_overlay_attributes(trees):
    for name in ("d", "f"):
        for attribute in os.listxattr(trees[-1] / name):
            assert not attribute.startswith(("user.overlay", "trusted", "security.selinux")), attribute


SMUGGLED = {"user.overlay.opaque": "y", "user.overlay.redirect": "/etc", "trusted.overlay.opaque": "y",
            "user.overlay.whiteout": "y", "security.selinux": "system_u:object_r:etc_t:s0",
            "security.ima": "x", "user.overlay.metacopy": ""}
layer("attributes that would steer the overlay", entry("d", FOLDER, xattrs=SMUGGLED),
      entry("f", data="x", xattrs=SMUGGLED), check=no_overlay_attributes)
layer("owner beyond the range", entry("npm/package.json", data="x", uid=1516583083, gid=5),
      refused="1516583083:5")
layer("negative owner", entry("f", data="x", uid=-1), refused="-1:0")
layer("owner that wraps around", entry("f", data="x", uid=1 << 32), refused="4294967296")

# --- whiteouts -------------------------------------------------------------------------------------
section("whiteouts")

layer("whiteout of nothing", entry(".wh.", data=""), refused="whiteout of nothing")
layer("whiteout of the root", entry(".wh..", data=""), refused="whiteout of nothing")
layer("whiteout of the parent", entry("a/.wh...", data=""), refused="whiteout of nothing")
layer("whiteout behind a link", lambda out: entry("a", LINK, link=out),
      entry("a/.wh.canary", data=""), check=has("a", stat.S_ISLNK))
layer("opaque marker behind a link", lambda out: entry("a", LINK, link=out),
      entry("a/.wh..wh..opq", data=""), check=has("a", stat.S_ISLNK))
layer("whiteout with ..", entry("../../.wh.etc", data=""), check=lacks(".wh.etc"))
layer("whiteout below a file", entry("f", data="x"), entry("f/.wh.x", data=""), check=has("f"))


@case("whiteout of a lower layer's folder and of what is in it", verb="load")
def _(out):
    layout = Layout()
    layout.image(tar(entry("d", FOLDER), entry("d/f", data="x")),
                 tar(entry("d/.wh.f", data=""), entry(".wh.d", data=""), entry(".wh.d", data="")))
    return layout


# --- names -------------------------------------------------------------------------------------------
section("names")

layer("names with control characters", entry("a\nb\x1b[31m", data="x"), check=has("a\nb\x1b[31m"))
layer("name with a NUL in its pax header", entry("x", data="x", pax={"path": b"a\0b"}))
layer("empty name", entry("", data="x"), refused="root is no folder")
layer("component longer than any file system has", entry("n" * 256, data="x"),
      refused="too long")
layer("path longer than PATH_MAX", entry("/".join(["n" * 200] * 30), data="x"), refused="PATH_MAX")
layer("name that is not UTF-8", entry(b"\xff\xfe", data="x"), check=lambda trees: os.stat(
    bytes(trees[-1]) + b"/\xff\xfe"))
layer("depth near PATH_MAX", entry("/".join(["d"] * 2000) + "/f", data="x"))


@case("depth beyond PATH_MAX through links", refused="PATH_MAX")
def _(out):
    deep = "/".join(["d"] * 1500)
    return tar(entry(deep, FOLDER), entry("l", LINK, link=deep),
               entry("l/" + "/".join(["e"] * 1500), FOLDER))


@case("a hundred thousand folders deep", refused="PATH_MAX")
def _(out):
    return tar(entry("a/" * 100000 + "f", data="x"))


# --- entries that come again ------------------------------------------------------------------------
section("repeated")

layer("file, folder, link and file again", entry("x", data="1"), entry("x", FOLDER),
      entry("x/y", data="2"), lambda out: entry("x", LINK, link=out), entry("x", data="3"),
      check=has("x"))
layer("folder of mode 000 with a child", entry("d", FOLDER, mode=0), entry("d/f", data="x", mode=0),
      entry("d/f", data="y", mode=0))
layer("file where a parent must be", entry("f", data="x"), entry("f/g", data="evil"),
      refused="not a folder")
layer("fifo, then a file over it", entry("p", FIFO), entry("p", data="x"), check=has("p"))

# --- damaged or endless -----------------------------------------------------------------------------
section("damaged")

GOOD = tar(entry("f", data=b"x" * 100000))
CASES["tar cut in a header"] = Case(lambda out: GOOD[:300], "import", "", None)
CASES["tar cut in a file"] = Case(lambda out: GOOD[:5000], "import", "", None)
CASES["gzip cut short"] = Case(
    lambda out: gzip.compress(GOOD + os.urandom(100000))[:-20000], "import", "", None)
CASES["text instead of a tar"] = Case(lambda out: b"hello\n" * 200, "import", "not a tar", None)
CASES["nothing"] = Case(lambda out: b"", "import", "empty", None)
CASES["random bytes"] = Case(lambda out: b"\x01" + os.urandom(100000), "import", "not a tar", None)
CASES["load: nothing"] = Case(lambda out: b"", "load", "not an image archive", None)
CASES["load: tar of a root file system"] = Case(lambda out: GOOD, "load", "import", None)
CASES["load: a blob is cut"] = Case(
    lambda out: simple().archive()[:-3000], "load", "", None)
layer("pax header of many megabytes", entry("f", data="x", pax={"comment": "c" * (8 << 20)}),
      refused="too large")
layer("size of an exbibyte", entry("f", data=b"")[:124] + b"\x80\0\0\0\x10\0\0\0\0\0\0\0" + b"\0" * 376,
      refused="")
layer("sparse file of an exbibyte",
      entry("f", data=b"1\n1152921504606846975\n1\n".ljust(512, b"\0") + b"x",
            pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "f",
                 "GNU.sparse.realsize": "1152921504606846976"}), refused=EITHER)


@case("gzip of 256 MiB of zeros")
def _(out):
    head = bytearray(entry("zeros"))
    head[124:136] = b"%011o\0" % (256 << 20)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    piece = gzip.compress(b"\0" * (64 << 20), 9)
    return gzip.compress(bytes(head)) + piece * 4 + gzip.compress(b"\0" * 1024)


# --- manifests and configurations -------------------------------------------------------------------
section("documents")


def simple(name="test:latest"):
    layout = Layout()
    layout.image(tar(entry("f", data="x")), name=name)
    return layout


def layout_case(name, refused, change):
    def build(out):
        layout = simple()
        return change(layout) or layout
    CASES[name] = Case(build, "load", refused, None)


def replace_blob(layout, which, data):
    """Other bytes under the same name."""
    digest = [d for d in layout.blobs if which in layout.blobs[d]][0]
    layout.blobs[digest] = data


def damage_layer(layout):
    replace_blob(layout, b"ustar", tar(entry("f", data="y")))


def damage_config(layout):
    digest = [d for d, b in layout.blobs.items() if b"diff_ids" in b][0]
    layout.blobs[digest] = layout.blobs[digest].replace(b'"sh"', b'"hs"')


def only(layout, **changes):
    layout.index.clear()
    layout.image(tar(entry("f", data="x")), changes=changes)


def bad_document(text):
    def change(layout):
        layout.index[0] = {**layout.blob(text, MANIFEST),
                           "annotations": layout.index[0]["annotations"]}
    return change


def self_index(layout):
    """An index can't contain its own digest; one that is said to be is damaged."""
    digest = "sha256:" + "0" * 64
    body = json.dumps({"manifests": [{"mediaType": INDEX, "digest": digest, "size": 2}]})
    layout.blobs[digest] = body.encode()
    layout.index[:] = [{"mediaType": INDEX, "digest": digest, "size": len(body)}]


def index_tower(layout):
    descriptor = layout.index[0]
    for _ in range(50):
        descriptor = layout.blob({"schemaVersion": 2, "manifests": [descriptor]}, INDEX)
    layout.index[:] = [descriptor]


def with_size(size):
    def change(layout):
        layout.index[0]["size"] = size
    return change


def huge_config(layout):
    only(layout, config={"mediaType": CONFIG, "digest": "sha256:" + "1" * 64, "size": 1 << 30})


def blob_name_with_dots(layout):
    return tar(*(entry(n, data=d) for n, d in layout.files()),
               entry("blobs/sha256/../../../../x", data="evil"),
               entry("blobs/sha256/" + "../" * 8 + "tmp/x.json", data="evil"))


layout_case("layer with another digest", "damaged", damage_layer)
layout_case("configuration with another digest", "damaged", damage_config)
layout_case("digest that is a path", "digest", lambda l: l.index[0].update(
    digest="sha256:../../../../etc/passwd"))
layout_case("digest of another algorithm", "digest", lambda l: l.index[0].update(digest="md5:00"))
layout_case("manifest that is no JSON", "not JSON", bad_document("{"))
layout_case("manifest that is a list", "not a JSON object", bad_document("[]"))
layout_case("manifest nested a million deep", "nested too deeply", bad_document("[" * 1000000))
layout_case("manifest with a number for layers", "layers",
            lambda l: only(l, layers=5))
layout_case("manifest with a negative size", "size", lambda l: only(l, config={
    "mediaType": CONFIG, "digest": "sha256:" + "1" * 64, "size": -1}))
layout_case("manifest longer than it says", "", with_size(10))
layout_case("manifest of a gigabyte, it says", "longer than", with_size(1 << 30))
layout_case("manifest with a size of 2^64", "", with_size(1 << 64))
layout_case("configuration of a gigabyte, it says", "longer than", huge_config)
layout_case("index that contains itself", "damaged", self_index)
layout_case("index of an index of an index", "nested too deeply", index_tower)
layout_case("index without manifests", "lists no", lambda l: l.index.clear())
layout_case("artifact instead of an image", "helm", lambda l: only(l, config={
    "mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "sha256:" + "1" * 64,
    "size": 2}))
layout_case("more diff ids than layers", "layers", lambda l: only(l, config=l.blob(
    {"os": "linux", "rootfs": {"diff_ids": ["sha256:" + "1" * 64] * 2}}, CONFIG)))
layout_case("diff id that the layer doesn't have", "as the configuration says", lambda l: only(
    l, config=l.blob({"os": "linux", "rootfs": {"diff_ids": ["sha256:" + "1" * 64]}}, CONFIG)))
layout_case("blob names with ..", None, blob_name_with_dots)
layout_case("blob that isn't named by a digest", "named by its digest", lambda l: tar(
    entry("blobs/sha256/passwd", data="evil")))
layout_case("index.json that is a list", "not a JSON object", lambda l: tar(
    entry("index.json", data="[]")))


@case("docker-archive whose layer is a link out", verb="load", refused="lacks")
def _(out):
    text = json.dumps([{"Config": "c.json", "RepoTags": ["a:b"], "Layers": ["l/layer.tar"]}])
    return tar(entry("c.json", data="{}"), entry("l/layer.tar", LINK, link=out + "/canary"),
               entry("manifest.json", data=text))


@case("docker-archive whose configuration is a path out", verb="load", refused="lacks")
def _(out):
    text = json.dumps([{"Config": "../../../../etc/passwd", "RepoTags": None, "Layers": []}])
    return tar(entry("manifest.json", data=text))


@case("docker-archive whose links run in a circle", verb="load", refused="lacks")
def _(out):
    text = json.dumps([{"Config": "a.json", "RepoTags": None, "Layers": []}])
    return tar(entry("a.json", LINK, link="b.json"), entry("b.json", LINK, link="a.json"),
               entry("manifest.json", data=text))


@case("docker-archive with a reference that is none", verb="load")
def _(out):
    return docker_archive([tar(entry("f", data="x"))], ["../../etc:passwd", "a b", "\n"])


# --- running ----------------------------------------------------------------------------------------


def snapshot(folder, skip=None):
    """Everything that could have been changed below a folder."""
    seen = {}
    for parent, folders, files in os.walk(folder):
        if skip and pathlib.Path(parent) == skip:
            folders.clear()
            continue
        for name in folders + files:
            path = os.path.join(parent, name)
            st = os.lstat(path)
            seen[path] = (st.st_mode, st.st_uid, st.st_nlink, st.st_size, st.st_mtime_ns)
    return seen


def run(name, namespace):
    wanted = CASES[name]
    with tempfile.TemporaryDirectory(prefix="ambit-hostile-") as work:
        outside = pathlib.Path(work) / "outside"
        outside.mkdir()
        (outside / "canary").write_text("untouched")
        store = worker.Store(namespace, work)
        built = wanted.build(str(outside))
        source = pathlib.Path(work) / "input"
        if isinstance(built, Layout):
            built.write(source)
        else:
            source.write_bytes(built)
        staging = store.path / "staging"
        before = snapshot(work, staging)
        outcome = store.load(source) if wanted.verb == "load" else store.import_tree(source)
        after = snapshot(work, staging)
        try:
            changed = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
            changed.discard(str(staging))
            assert not changed, f"touched: {sorted(changed)}"
            assert (outside / "canary").read_text() == "untouched"
            assert not os.WIFSIGNALED(outcome.status), f"killed by {os.WTERMSIG(outcome.status)}"
            assert outcome.result is not None, outcome.message
            assert outcome.peak_kib < MEMORY_LIMIT_KIB, f"{outcome.peak_kib} KiB of memory"
            if wanted.refused is EITHER:
                pass
            elif wanted.refused is not None:
                assert not outcome.ok, "it was accepted"
                assert wanted.refused in outcome.message, outcome.message
                assert "\n" not in outcome.message and len(outcome.message) < 2000
            else:
                assert outcome.ok, outcome.message
                if wanted.check:
                    wanted.check(store.trees(outcome))
        finally:
            cleaned = store.remove(work, store.path.name)
            os.close(store.fd)
        assert cleaned.ok, f"cleaning up: {cleaned.message}"
        return outcome.message or "harmless"


def main():
    if sys.argv[1] == "list":
        print("\n".join(CASES))
        return
    if sys.argv[1] == "write":
        built = CASES[sys.argv[2]].build("/tmp/outside")
        pathlib.Path(sys.argv[3]).write_bytes(
            built.archive() if isinstance(built, Layout) else built)
        return
    signal.alarm(300)
    namespace = worker.UserNamespace()
    failed = 0
    for name in [name for word in sys.argv[2:] or SECTIONS for name in names_of(word)]:
        try:
            print(f"{name}: {run(name, namespace)}")
        except (AssertionError, OSError) as failure:
            print(f"FAILED: {name}: {failure}", file=sys.stderr)
            failed += 1
    namespace.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
