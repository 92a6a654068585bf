"""Tests wrong SRATs, which QEMU passes to the kernel. Each boot continues as without a table."""

import os
import struct
import tempfile

MIB = 1 << 20
FIXED = struct.pack("<IQ", 1, 0)


def memory(domain, base, size):
    return struct.pack("<BBIHQQIIQ", 1, 40, domain, 0, base, size, 0, 1, 0)


def processor(domain, apic_id):
    return struct.pack("<BBBBIII", 0, 16, domain, apic_id, 1, 0, 0)


SOUND = FIXED + memory(0, 0, 256 * MIB) + memory(1, 256 * MIB, 256 * MIB)


def boot(start, table, *expected, tests="DOM*,FR*,SRT*"):
    """Boots with this table (given without its header). The suite passes, and the log matches."""
    handle, path = tempfile.mkstemp(suffix=".srat")
    with os.fdopen(handle, "wb") as file:
        file.write(table)
    try:
        machine = start(cmdline=f"test={tests} exit=1",
                        extra=("-acpitable", f"sig=SRAT,rev=3,data={path}"))
        for line in expected:
            machine.expect(line)
        machine.expect("# totals: passed ")
        machine.expect("leaving: success")
    finally:
        os.unlink(path)


def check_sound(start):
    """a sound table that QEMU is given from outside is believed"""
    boot(start, SOUND + processor(0, 0) + processor(1, 1), r"node 1 \(number 1 in the SRAT\) has")


def check_cut(start):
    """a table whose last entry is cut off is refused as a whole"""
    boot(start, SOUND + memory(1, 0, 0)[:20], "SRAT of 148 bytes refused: an entry has no possible")


def check_overlap(start):
    """a table that gives the same memory to two domains is refused as a whole"""
    boot(start, SOUND + memory(2, 128 * MIB, 256 * MIB),
         "refused: the same memory is in two of its domains")


def check_other_machine(start):
    """a table that speaks of memory which is not here makes one domain"""
    boot(start, FIXED + memory(0, 0, 512 * MIB) + memory(1, 1 << 40, MIB) + processor(1, 0),
         "names 2 nodes, but all memory is in one")


def check_rubbish(start):
    """bytes that mean nothing are refused"""
    boot(start, bytes(range(255, 1, -1)), "refused:")
