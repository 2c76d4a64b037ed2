"""Stands in for the Python module of libmount, which Debian bookworm does not have: as much of it as
reads a mountinfo file and finds a mount point."""


class Mount:
    """A line of mountinfo (proc(5))."""

    def __init__(self, line):
        fields = line.split()
        dash = fields.index("-", 6)
        self.target = fields[4].encode().decode("unicode_escape")
        self.vfs_options = fields[5]
        self.fs_options = fields[dash + 3]


class Table:
    """The mounts of a file; the last one on a mount point is the one that is seen."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as lines:
            self.mounts = [Mount(line) for line in lines if line.strip()]

    def find_target(self, target):
        for mount in reversed(self.mounts):
            if mount.target == target:
                return mount
        raise KeyError(target)
