"""Changes of the archive of user programs, for tests."""

import tarfile

BLOCK = 512


def header_at(data, name):
    """Returns where the header of a file of an archive begins."""
    at = 0
    while not data[at:].startswith(name.encode() + b"\0"):
        at += BLOCK + padded(int(data[at + 124:at + 135], 8))
    return at


def padded(size):
    """Returns how many bytes of the archive the content of a file takes."""
    return -(-size // BLOCK) * BLOCK


def seal(data, at):
    """Writes the checksum of a header."""
    data[at + 148:at + 156] = b" " * 8
    data[at + 148:at + 156] = f"{sum(data[at:at + BLOCK]):06o}\0 ".encode()


def with_file(data, name, content):
    """Returns the archive with another content of a file."""
    at = header_at(data, name)
    end = at + BLOCK + padded(int(data[at + 124:at + 135], 8))
    header = tarfile.TarInfo(name)
    header.size = len(content)
    return (data[:at] + header.tobuf(tarfile.USTAR_FORMAT) + content + bytes(padded(len(content)) - len(content)) +
            data[end:])


def content_of(data, name):
    """Returns the content of a file of the archive."""
    at = header_at(data, name)
    return data[at + BLOCK:at + BLOCK + int(data[at + 124:at + 135], 8)]
