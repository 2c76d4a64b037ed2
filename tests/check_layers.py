#!/usr/bin/env python3
"""Fails where a file in src/ includes a folder that its own folder may not depend on."""

import pathlib
import re
import sys

# folder: the folders it may include, besides itself. README.md draws the same graph.
ALLOWED = {
    "base": set(),
    "os": {"base"},
    "spec": {"base"},
    "dbus": {"base"},
    "bus": {"base", "dbus"},
    "systemd": {"base", "os", "spec", "bus"},
    "sandbox": {"base", "os", "spec"},
    "image": {"base", "os", "spec"},
    "registry": {"base", "os", "spec", "image"},
    "network": {"base", "os", "spec"},
    "engine": {"base", "os", "spec", "bus", "systemd", "sandbox", "image", "network"},
    "monitor": {"base", "os", "spec", "sandbox", "systemd"},
    "worker": {"base", "os", "spec", "image", "sandbox"},
    "fetch": {"base", "os", "spec", "image", "registry"},
    "daemon": {"base", "os", "spec", "dbus", "bus", "systemd", "sandbox", "image", "network", "engine"},
    "oci": {"base", "os", "spec", "dbus", "sandbox", "systemd"},
    "cli": {"base", "os", "spec", "dbus", "bus", "systemd"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"/]+)/')


def violations(src: pathlib.Path):
    for path in sorted(src.rglob("*.[ch]*")):
        folder = path.relative_to(src).parts[0]
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            match = INCLUDE.match(line)
            if match and match[1] != folder and match[1] not in ALLOWED.get(folder, set()):
                yield f"{path}:{number}: {folder}/ may not include {match[1]}/"


found = list(violations(pathlib.Path(sys.argv[1])))
print("\n".join(found))
sys.exit(1 if found else 0)
