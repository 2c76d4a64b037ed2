"""Writes tars and OCI layouts byte by byte, valid or not. Python's tarfile is too well-behaved."""

import gzip
import hashlib
import io
import json
import pathlib
import platform

FILE, HARD_LINK, LINK, CHAR, BLOCK, FOLDER, FIFO = "0", "1", "2", "3", "4", "5", "6"
BLOCK_BYTES = 512
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def number(value, width):
    """Octal, or base 256 where that is too short."""
    text = f"{value:0{width - 1}o}"
    if value >= 0 and len(text) < width:
        return text.encode() + b"\0"
    return bytes([0x80 if value >= 0 else 0xFF]) + value.to_bytes(width - 1, "big", signed=value < 0)


def header(name, kind, size, mode, uid, gid, mtime, link, device):
    block = bytearray(BLOCK_BYTES)
    fields = (
        (0, name[:100]), (100, number(mode, 8)), (108, number(uid, 8)), (116, number(gid, 8)),
        (124, number(size, 12)), (136, number(mtime, 12)), (148, b" " * 8), (156, kind.encode()),
        (157, link[:100]), (257, b"ustar\x0000"), (329, number(device[0], 8)),
        (337, number(device[1], 8)),
    )
    for offset, value in fields:
        block[offset:offset + len(value)] = value
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def padded(data):
    return data + b"\0" * (-len(data) % BLOCK_BYTES)


def pax_record(key, value):
    body = b" " + as_bytes(key) + b"=" + as_bytes(value) + b"\n"
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def entry(name, kind=FILE, data=b"", link="", mode=None, uid=0, gid=0, mtime=1000000000,
          device=(0, 0), pax=None, xattrs=None):
    """One entry with the pax header that it needs."""
    name, link, data = as_bytes(name), as_bytes(link), as_bytes(data)
    if mode is None:
        mode = 0o755 if kind == FOLDER else 0o644
    records = dict(pax or {})
    for key, value in (xattrs or {}).items():
        records["SCHILY.xattr." + key] = value
    if len(name) > 100:
        records["path"] = name
    if len(link) > 100:
        records["linkpath"] = link
    out = b""
    if records:
        body = b"".join(pax_record(key, value) for key, value in records.items())
        out += header(b"pax", "x", len(body), 0o644, 0, 0, 0, b"", (0, 0)) + padded(body)
    return out + header(name, kind, len(data), mode, uid, gid, mtime, link, device) + padded(data)


def tar(*entries):
    return b"".join(entries) + b"\0" * (2 * BLOCK_BYTES)


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    """An OCI layout in memory: blobs by digest, and the index."""

    def __init__(self):
        self.blobs = {}
        self.index = []

    def blob(self, data, media_type):
        data = as_bytes(data if not isinstance(data, (dict, list)) else json.dumps(data))
        digest = digest_of(data)
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def image(self, *layers, name="test:latest", config=None, packed=False, changes=None):
        """Adds an image; returns its descriptor. `changes` replaces members of the manifest."""
        blobs = []
        for layer in layers:
            data = gzip.compress(layer, 1, mtime=0) if packed else layer
            blobs.append(self.blob(data, LAYER + ("+gzip" if packed else "")))
        if config is None:
            config = {"architecture": ARCHITECTURE, "os": "linux", "config": {"Cmd": ["sh"]},
                      "rootfs": {"type": "layers", "diff_ids": [digest_of(l) for l in layers]}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.blob(config, CONFIG), "layers": blobs}
        manifest.update(changes or {})
        descriptor = self.blob(manifest, MANIFEST)
        self.add(descriptor, name)
        return descriptor

    def add(self, descriptor, name=None, **members):
        item = {**descriptor, **members}
        if name:
            item["annotations"] = {"org.opencontainers.image.ref.name": name}
        self.index.append(item)

    def files(self):
        yield "oci-layout", b'{"imageLayoutVersion":"1.0.0"}'
        yield "index.json", json.dumps({"schemaVersion": 2, "manifests": self.index}).encode()
        for digest, data in self.blobs.items():
            yield "blobs/sha256/" + digest.split(":")[1], data

    def write(self, folder):
        folder = pathlib.Path(folder)
        for name, data in self.files():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    def archive(self):
        return tar(*(entry(name, data=data) for name, data in self.files()))


def docker_archive(layers, references, config=None):
    """What `docker save` of before version 25 writes: a link for a layer that comes again."""
    config = config or {"architecture": ARCHITECTURE, "os": "linux",
                        "rootfs": {"type": "layers", "diff_ids": [digest_of(l) for l in layers]}}
    text = json.dumps(config).encode()
    entries, names, seen = [], [], {}
    for i, layer in enumerate(layers):
        name = f"{i:064x}/layer.tar"
        if layer in seen:
            entries.append(entry(name, LINK, link="../" + seen[layer]))
        else:
            entries.append(entry(name, data=layer))
        seen.setdefault(layer, name)
        names.append(name)
    config_name = hashlib.sha256(text).hexdigest() + ".json"
    entries.append(entry(config_name, data=text))
    listing = [{"Config": config_name, "RepoTags": references, "Layers": names}]
    entries.append(entry("manifest.json", data=json.dumps(listing)))
    return tar(*entries)
