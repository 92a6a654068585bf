"""The kernel as it was built: addresses of its symbols, and the bytes that its code should have.

The grader reads them from the file, never from the machine, because a submission can change the
machine's memory.
"""

import re
import struct

from runner import elf

LOADED = 1
ENTRY = re.compile(r"test_entry_([A-Z]{3}\d{4})_[A-Z0-9_]+$")


class NoSymbol(Exception):
    """The kernel was built without a symbol: the compiler leaves out what a submission never reaches."""


class Addresses(dict):
    """{name: address} of a kernel's symbols."""

    def __missing__(self, name):
        raise NoSymbol(f"the kernel has no {name}: nothing in it uses that")


class Image:
    """One kernel.elf."""

    def __init__(self, path):
        self.path = path
        self.address, self.tests, self._sizes, self._starts = Addresses(), {}, {}, []
        for name, address, size in elf.symbols(path):
            self.address[name] = address
            self._sizes[name] = size
            if size:
                self._starts.append((address, size, name))
            match = ENTRY.match(name)
            if match:
                self.tests[address] = match.group(1)
        with open(path, "rb") as file:
            self._data = file.read()

    def function_at(self, address):
        """Returns the name of the function that holds an address, or ""."""
        return next((name for start, size, name in self._starts if start <= address < start + size), "")

    def bytes_of(self, name):
        """Returns (address, the bytes in the file) of a function."""
        return self.address[name], self.data_at(self.address[name], self._sizes[name])

    def data_at(self, address, size):
        """Returns bytes in the file that are loaded at an address. Raises KeyError if there are none."""
        offset, = struct.unpack_from("<Q", self._data, 0x20)
        entry_bytes, count = struct.unpack_from("<HH", self._data, 0x36)
        for i in range(count):
            kind, _, start, virtual, _, in_file, _, _ = struct.unpack_from(
                "<IIQQQQQQ", self._data, offset + i * entry_bytes)
            if kind == LOADED and virtual <= address and address + size <= virtual + in_file:
                return self._data[start + address - virtual:start + address - virtual + size]
        raise KeyError(f"{address:#x} is in no loaded part of {self.path}")

    def function_of(self, prefix):
        """Returns the names of the functions with this name, also if the compiler gave it an ending."""
        return [name for name, size in self._sizes.items()
                if size and (name == prefix or name.startswith(prefix + "."))]
