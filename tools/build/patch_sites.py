#!/usr/bin/env python3
"""Looks at the patch sites of a kernel file: the places that one mode replaces at boot.

    tools/build/patch_sites.py check KERNEL          fails unless each is the one instruction that it would
                                              be if no mode replaced it; the build runs this
    tools/build/patch_sites.py list KERNEL OBJDUMP   all of them, with function, rule and instruction

arch/x86_64/cpu/patch_site.h tells what the records hold.
"""

import re
import struct
import subprocess
import sys

RECORD = struct.Struct("<QQBB6x")
KINDS = ("interrupts off", "preemption off", "lend", "lend, batched", "SMAP open", "SMAP close", "trace",
         "handoff", "handoff, no trace")
JUMPS = (2, 3, 6, 7, 8)
RULES = ("", "1 kernel thread", "2 whole stack", "3 off already", "4 both on", "5 either")
NOP = b"\x0f\x1f\x00"
CLI = b"\x3e" * 7 + b"\xfa"
ADD = re.compile(rb"\x65\x83\x04\x25....\x01", re.DOTALL)


class Kernel:
    """The loadable parts and symbols of an ELF64 file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        programs, sections = struct.unpack_from("<QQ", self.data, 0x20)
        size, count, section_size, section_count = struct.unpack_from("<HHHH", self.data, 0x36)
        self.parts = []
        for i in range(count):
            kind, _, offset, address, _, length = struct.unpack_from(
                "<IIQQQQ", self.data, programs + i * size)
            if kind == 1:
                self.parts.append((address, offset, length))
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, sections + i * section_size)
                   for i in range(section_count)]
        self.symbols = {}
        for header in headers:
            if header[1] == 2:
                self._symbols_read(header, headers[header[6]])

    def _symbols_read(self, table, names):
        for position in range(table[4], table[4] + table[5], 24):
            name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", self.data, position)
            end = self.data.index(b"\0", names[4] + name)
            self.symbols[self.data[names[4] + name:end].decode()] = value

    def bytes_at(self, address, count):
        """Returns the bytes of the file for this address."""
        for start, offset, length in self.parts:
            if start <= address and address + count <= start + length:
                return self.data[offset + address - start:offset + address - start + count]
        raise SystemExit(f"no part of the file holds {address:#x}")

    def sites(self):
        """Returns [(address, target, kind, rule)] of all records."""
        start = self.symbols["__patch_sites_start"]
        count = (self.symbols["__patch_sites_end"] - start) // RECORD.size
        return [RECORD.unpack(self.bytes_at(start + i * RECORD.size, RECORD.size))
                for i in range(count)]


def complaints(kernel):
    """Returns complaints about the sites of a kernel."""
    counter = kernel.symbols["preempt_count"] & 0xffffffff
    for address, target, kind, rule in kernel.sites():
        if kind == 0 and kernel.bytes_at(address, 8) != CLI:
            yield f"{address:#x}: not one CLI of eight bytes"
        if kind == 1:
            found = kernel.bytes_at(address, 9)
            if not ADD.fullmatch(found) or struct.unpack_from("<I", found, 4)[0] != counter:
                yield f"{address:#x}: not one ADD to preempt_count of nine bytes"
        if kind in (4, 5) and kernel.bytes_at(address, 3) != NOP:
            yield f"{address:#x}: not one NOP of three bytes"
        if kind >= len(KINDS) or rule >= len(RULES) or (kind in JUMPS) != (target != 0):
            yield f"{address:#x}: kind {kind}, rule {rule}, target {target:#x}: no such site"


def listing(kernel, path, objdump):
    """Prints each site as objdump sees it."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", path], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    lines, function = {}, ""
    for line in text.splitlines():
        label = re.match(r"([0-9a-f]+) <(.+)>:$", line)
        if label:
            function = label.group(2)
        found = re.match(r"\s*([0-9a-f]+):\s+(.*)$", line)
        if found:
            lines[int(found.group(1), 16)] = (function, found.group(2))
    for address, _, kind, rule in sorted(kernel.sites()):
        function, instruction = lines.get(address, ("?", "?"))
        print(f"{address:x}  {function:32} {KINDS[kind]:15} {RULES[rule]:16} {instruction}")


def main(arguments):
    """Runs the command that the first argument names."""
    if len(arguments) < 2 or arguments[0] not in ("check", "list"):
        raise SystemExit(__doc__)
    kernel = Kernel(arguments[1])
    if arguments[0] == "list":
        listing(kernel, arguments[1], arguments[2] if len(arguments) > 2 else "objdump")
        return 0
    wrong = list(complaints(kernel))
    print("\n".join(wrong), end="\n" if wrong else "")
    if not kernel.sites():
        print("the kernel has no patch sites")
    return 1 if wrong or not kernel.sites() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
