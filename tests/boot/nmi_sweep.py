"""An NMI at every instruction of the page-fault path, by gdb: first some served stack faults are
traced instruction by instruction, which gives the path; then the guest is stopped once at each of
its addresses and an NMI is injected there. In the NMI handler's frame that address must stand as
the interrupted one. In the end all tests of the kernel must have passed: no NMI did any harm.
"""

from runner import elf
from runner.gdb import GdbError

IRETQ = b"\x48\xcf"
TRACED_FAULTS = 24
PATH_LIMIT = 2000
FRAME_RIP = 17 * 8  # struct trap_frame: 15 registers, the address, error code and vector


def trace(gdb, path):
    """Steps through one fault from its first instruction and adds all addresses to the path."""
    for _ in range(PATH_LIMIT):
        rip = gdb.register("rip")
        path.add(rip)
        last = gdb.read(rip, 2) == IRETQ
        gdb.step()
        if last:
            return
    raise AssertionError(f"no iretq within {PATH_LIMIT} instructions of the page-fault path")


def collect(machine, gdb, begin):
    """The addresses of the path, from the first faults that the kernel's tests cause."""
    path = set()
    gdb.break_at(begin)
    for _ in range(TRACED_FAULTS):
        assert gdb.go_on(), "the kernel ended before it had enough stack faults"
        gdb.unbreak(begin)
        trace(gdb, path)
        gdb.break_at(begin)
        machine.drain()
    gdb.unbreak(begin)
    return path


def hit(gdb, qmp, address, handler):
    """Injects an NMI at the address; returns the address that the handler's frame tells."""
    gdb.break_at(address)
    try:
        if not gdb.go_on():
            raise AssertionError(f"the kernel ended before it came to {address:#x} again")
    finally:
        gdb.unbreak(address)
    gdb.break_at(handler)
    qmp.execute("inject-nmi")
    assert gdb.go_on(), f"the kernel ended by an NMI at {address:#x}"
    stopped = gdb.registers()
    gdb.unbreak(handler)
    assert stopped["rip"] == handler, f"stopped at {stopped['rip']:#x}, not in the NMI handler"
    return gdb.word(stopped["rdi"] + FRAME_RIP)


def check_every_instruction(start):
    """an NMI arrives at every instruction of the page-fault path and does no harm"""
    machine = start()
    kernel = machine.paths.kernel(machine.row.build)
    names = elf.addresses(kernel)
    gdb, qmp = machine.gdb(), machine.qmp()
    handler = names["entry_nmi"]
    path = collect(machine, gdb, names["entry_page_fault_stub"])
    covered = set()
    try:
        for address in sorted(path):
            if hit(gdb, qmp, address, handler) == address:
                covered.add(address)
            machine.drain()
    except GdbError as error:
        print(error)
    missed = sorted(elf.function_at(kernel, address) or hex(address)
                    for address in path - covered)
    machine.note(f"NMI at each instruction of the page-fault path: covered {len(covered)},"
                 f" total {len(path)}")
    assert not missed, f"covered {len(covered)} of {len(path)}; missed: {', '.join(missed)}"
    gdb.go()
    status = machine.wait_end(machine.row.limit_seconds)
    assert machine.reader.terminated, "the suite did not reach its end"
    assert machine.reader.count("failed") == 0 and status == 33, f"status {status}"
