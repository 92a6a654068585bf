"""Reads the symbols of a kernel's ELF file, and from them the list of its tests.

TEST(id, ..., condition) in tests/test.h gives every test's entry in the kernel's table a symbol
that ends in the id and the condition. The list of tests that a kernel must run therefore comes from
the kernel itself. It leaves out the conditions DEATH and SOAK, because no pattern selects them.
"""

import re
import struct

SYMBOL_TABLE = 2
TEST_SYMBOL = re.compile(r"test_entry_([A-Z]{3}\d{4})_(?!(?:DEATH|SOAK)$)[A-Z0-9_]+$")


class ElfError(Exception):
    """The file is not an ELF64 file with symbols."""


def symbols(path):
    """Returns [(name, address, size)] of an ELF64 file's symbol table."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ElfError(f"{path}: not a little-endian ELF64 file")
    offset, = struct.unpack_from("<Q", data, 0x28)
    entry_bytes, count = struct.unpack_from("<HH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + i * entry_bytes)
               for i in range(count)]
    found = []
    for header in headers:
        if header[1] != SYMBOL_TABLE:
            continue
        start, size, link = header[4], header[5], header[6]
        names = headers[link][4]
        for position in range(start, start + size, 24):
            name, _, _, _, value, length = struct.unpack_from("<IBBHQQ", data, position)
            end = data.index(b"\0", names + name)
            found.append((data[names + name:end].decode(), value, length))
    if not found:
        raise ElfError(f"{path}: has no symbols")
    return found


def test_ids(path):
    """Returns the sorted ids of the tests that are linked into a kernel, with duplicates."""
    found = (TEST_SYMBOL.match(name) for name, _, _ in symbols(path))
    return sorted(match.group(1) for match in found if match)


def addresses(path):
    """Returns {name: address} of all symbols, with one entry for a duplicate name."""
    return {name: address for name, address, _ in symbols(path)}


def function_at(path, address):
    """Returns `name+0xoffset` of the function that holds the address, or None. Functions in
    assembly have no size, so each one extends to the next symbol."""
    best = max(((start, size, name) for name, start, size in symbols(path)
                if name and start <= address), default=None)
    if best is None or best[1] and address >= best[0] + best[1]:
        return None
    return f"{best[2]}+{address - best[0]:#x}"
