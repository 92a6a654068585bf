"""Tests a panic before the kernel has its own page tables. The command line's option for panics
must work for it."""

from runner import elf

MEMORY_MAP_COUNT = 48  # in PVH's start_info


def check_no_memory_map(start):
    """a loader that gives no memory map is told so, and panic=exit leaves the emulator"""
    machine = start(cmdline="panic=exit")
    gdb = machine.gdb()
    entry = elf.addresses(machine.paths.kernel(machine.row.build))["boot_main"]
    gdb.break_at(entry)
    assert gdb.go_on(), "the kernel does not come to boot_main"
    gdb.unbreak(entry)
    gdb.write(gdb.register("rsi") + MEMORY_MAP_COUNT, bytes(4))
    gdb.go()
    machine.expect(r"PVH memory map: number of entries \(0x0\)")
    machine.expect(r"PANIC: cannot start: the boot loader's information: ")
    assert machine.wait_end(machine.row.limit_seconds) == 37
