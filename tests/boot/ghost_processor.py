"""Tests a processor that the firmware lists and that does not exist: the MADT's last processor gets
an APIC id that nobody has. The machine leaves it out. The memory that was prepared for it stays for the
next processor, and must be counted like that of the others: else each test would end as a leak."""

from runner import elf

ENTRIES = 44  # offset of the first entry in a MADT
LOCAL_APIC, LOCAL_APIC_ID = 0, 3  # type of a processor's entry; offset of the id in it
NOBODY = 0x42
CPUS = 3


def processor_entries(gdb, table, end):
    """Returns the addresses of the MADT's entries for processors."""
    found, at = [], table + ENTRIES
    while at < end:
        kind, size = gdb.read(at, 2)
        found += [at] * (kind == LOCAL_APIC)
        at += size
    return found


def check_ghost(start):
    """a listed processor that does not answer is left out, and the books of frames are right"""
    machine = start(cpus=CPUS, cmdline="test=APC000*,SMP000*,THR0001 exit=1")
    gdb = machine.gdb()
    parse = elf.addresses(machine.paths.kernel(machine.row.build))["acpi_madt_parse"]
    gdb.break_at(parse)
    assert gdb.go_on(), "the kernel does not come to acpi_madt_parse"
    gdb.unbreak(parse)
    table = gdb.register("rdi")
    entries = processor_entries(gdb, table, table + gdb.register("rsi"))
    assert len(entries) == CPUS, entries
    gdb.write(entries[-1] + LOCAL_APIC_ID, bytes([NOBODY]))
    gdb.go()
    machine.expect(f"smp: processor with APIC id {NOBODY} does not answer and is left out")
    machine.expect(f"smp: {CPUS - 1} CPUs online, some left out")
    machine.expect("# totals: passed [1-9][0-9]* failed 0 skipped 0")
    assert machine.wait_end(machine.row.limit_seconds) == 33
