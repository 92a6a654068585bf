#!/usr/bin/env python3
"""Writes the archive of user programs that the boot loader passes to the kernel.

    boot_tar.py ARCHIVE NAME=FILE...

The archive depends on nothing but the names and the bytes of the files: each entry has the time
SOURCE_DATE_EPOCH, the owner 0 and the mode 755, in the order of the names. It ends with two blocks of zeros and
nothing after them, so that one that was cut is noticed.
"""

import io
import os
import sys
import tarfile

BLOCK_BYTES = 512


def entry(name, data):
    """Returns the header of a file, its data and padding."""
    header = tarfile.TarInfo(name)
    header.size = len(data)
    header.mode = 0o755
    header.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    return header.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % BLOCK_BYTES)


def archive(files):
    """Returns the archive of {name: bytes}."""
    out = io.BytesIO()
    for name in sorted(files):
        out.write(entry(name, files[name]))
    out.write(bytes(2 * BLOCK_BYTES))
    return out.getvalue()


def main(target, *pairs):
    """Writes the archive to `target`."""
    files = {}
    for pair in pairs:
        name, path = pair.split("=", 1)
        with open(path, "rb") as file:
            files[name] = file.read()
    with open(target + ".new", "wb") as file:
        file.write(archive(files))
    os.replace(target + ".new", target)


if __name__ == "__main__":
    main(*sys.argv[1:])
