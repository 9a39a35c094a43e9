"""A cpio archive (the "newc" format), which is what Linux takes its first root directory from.

Written here and not by cpio(1), because only root may make the device nodes that cpio would then
find: here a node is a line of the archive. Owner 0, time 0: the same entries give the same bytes.
"""

import stat
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    name: str                   # without a leading /
    mode: int                   # type and permissions, as stat's st_mode
    data: bytes = b""           # of a file; of a symbolic link, where it leads
    device: tuple = (0, 0)      # major and minor of a node


def directory(name):
    return Entry(name, stat.S_IFDIR | 0o755)


def file(name, data, mode=0o755):
    return Entry(name, stat.S_IFREG | mode, data)


def character_device(name, major, minor):
    return Entry(name, stat.S_IFCHR | 0o600, device=(major, minor))


def padded(data):
    return data + bytes(-len(data) % 4)


def record(number, entry):
    name = entry.name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    # inode, mode, owner, group, links, time, size, archive's device, node's device, name, checksum
    fields = (number, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, *entry.device, len(name),
              0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return padded(header + name) + padded(entry.data)


def archive(entries):
    """The bytes of an archive of these entries; a directory must stand before what is in it."""
    known = {""}
    for entry in entries:
        parent = entry.name.rpartition("/")[0]
        if entry.name.startswith("/") or entry.name in known or parent not in known:
            raise ValueError(f"{entry.name}: out of order, twice, or with a leading /")
        known.add(entry.name)
    every = [*entries, Entry("TRAILER!!!", 0)]
    return b"".join(record(number, entry) for number, entry in enumerate(every, 1))
