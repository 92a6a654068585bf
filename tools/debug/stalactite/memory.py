"""Reads the kernel's memory for a debugger: words, structures, and page-table walks.

A walk reads the tables from physical memory, as the processor does. A subclass reads the bytes.
"""

import struct

LEVELS = 4
INDEX_BITS = 9
LARGE_LEVELS = (3, 2)  # where a walk may end early: 1 GiB and 2 MiB


class MemoryFault(Exception):
    """Nothing is mapped at an address, or it is not canonical."""


class Step:
    """One level of a walk: the table's level (4 to 1), the index in it, and the entry there."""

    def __init__(self, level, index, at, entry):
        self.level = level
        self.index = index
        self.at = at  # physical address of the entry
        self.entry = entry


class Walk:
    """All steps of the walk of one address, and its end."""

    def __init__(self, address, steps, physical, page_bytes):
        self.address = address
        self.steps = steps
        self.physical = physical  # None if not present
        self.page_bytes = page_bytes

    @property
    def leaf(self):
        """Returns the step at level 1, or None if the walk ended before it."""
        return self.steps[-1] if self.steps[-1].level == 1 else None


class Memory:
    """Base: a subclass has `read(address, count)`, `read_physical(address, count)` and `cr3()`."""

    def __init__(self, facts):
        self.facts = facts

    def read(self, address, count):
        """Returns bytes at a virtual address. Raises MemoryFault if it is not mapped."""
        raise NotImplementedError

    def read_physical(self, address, count):
        """Returns bytes at a physical address."""
        raise NotImplementedError

    def cr3(self):
        """Returns the processor's CR3."""
        raise NotImplementedError

    def word(self, address):
        """Returns the 64-bit word at a virtual address."""
        return int.from_bytes(self.read(address, 8), "little")

    def string(self, address, most=64):
        """Returns the C string at a virtual address."""
        data = b""
        while b"\0" not in data and len(data) < most:
            data += self.read(address + len(data), 8 - (address + len(data)) % 8)
        return data.split(b"\0")[0].decode("latin-1")

    def walk(self, address):
        """Returns the page-table walk of an address."""
        facts = self.facts
        if (address >> 47) not in (0, 0x1ffff):
            raise MemoryFault(f"{address:#x} is not canonical: bits 63 to 48 must repeat bit 47")
        frame_mask = facts.constant("PAGE_ADDRESS_MASK")
        present, large = facts.constant("PAGE_PRESENT"), facts.constant("PAGE_LARGE")
        table, steps = self.cr3() & frame_mask, []
        for level in range(LEVELS, 0, -1):
            shift = facts.constant("PAGE_SHIFT") + INDEX_BITS * (level - 1)
            index = address >> shift & ((1 << INDEX_BITS) - 1)
            at = table + 8 * index
            entry = int.from_bytes(self.read_physical(at, 8), "little")
            steps.append(Step(level, index, at, entry))
            if not entry & present:
                return Walk(address, steps, None, 1 << shift)
            if level == 1 or level in LARGE_LEVELS and entry & large:
                page_bytes = 1 << shift
                frame = entry & frame_mask & ~(page_bytes - 1)
                return Walk(address, steps, frame + address % page_bytes, page_bytes)
            table = entry & frame_mask
        raise AssertionError("the last level always ends the walk")

    def structure(self, name, address):
        """Returns a structure of the kernel at a virtual address."""
        return Structure(self, name, address)

    def entry_words(self, entry):
        """Returns the meaning of a present entry's bits, in words."""
        names = (("PAGE_PRESENT", "present"), ("PAGE_WRITABLE", "write"), ("PAGE_USER", "user"),
                 ("PAGE_ACCESSED", "accessed"), ("PAGE_DIRTY", "dirty"), ("PAGE_LARGE", "large"),
                 ("PAGE_GLOBAL", "global"), ("PAGE_NO_EXECUTE", "no-exec"))
        words = [word for name, word in names if entry & self.facts.constant(name)]
        if entry & self.facts.constant("PAGE_UNCACHED"):
            words.append("uncached")
        return words


class Structure:
    """A structure in memory, read once. Fields are attributes. Fields of an inner structure have
    names with dots and are read by `get`."""

    def __init__(self, memory, name, address):
        self.address = address
        self._memory = memory
        self._layout = memory.facts.structure(name)
        self._data = memory.read(address, self._layout["size"])

    def get(self, field):
        """Returns the value of a field: an integer, a list of them, or text."""
        layout = self._layout["fields"][field]
        offset, size = layout["offset"], layout["size"]
        if layout["text"]:
            text = self._data[offset:offset + layout["count"]]
            return text.split(b"\0")[0].decode("latin-1")
        if layout["count"] is None:
            value = self._integer(offset, layout)
            return self._memory.string(value) if layout.get("string") and value else value
        return [self._integer(offset + i * size, layout) for i in range(layout["count"])]

    def _integer(self, offset, layout):
        data = self._data[offset:offset + layout["size"]]
        return int.from_bytes(data, "little", signed=layout["signed"])

    def offset(self, field):
        """Returns the offset of a field in the structure."""
        return self._layout["fields"][field]["offset"]

    def __getattr__(self, field):
        try:
            return self.get(field)
        except KeyError as error:
            raise AttributeError(field) from error


def words_of(data):
    """Returns bytes as 64-bit words."""
    return list(struct.unpack(f"<{len(data) // 8}Q", data))
