"""An NMI at every instruction of the page-fault path, by gdb: first some served stack faults are
traced instruction by instruction, which gives the path; then the guest is stopped once at each of
its addresses and an NMI is injected there. In the NMI handler's frame that address must stand as
the interrupted one. Each fault serves for one address, so the machine is booted until all had
their turn; and each time all tests of the kernel must have passed: no NMI did any harm.
"""

from runner import elf

IRETQ = b"\x48\xcf"
TRACED_FAULTS = 24
PATH_LIMIT = 2000
FRAME_RIP = 17 * 8  # struct trap_frame: 15 registers, the address, error code and vector
PATH_BEGIN = "entry_stub_14"
HANDLER = "entry_nmi"


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


def finish(machine):
    """The suite must have gone to its end, and well."""
    status = machine.wait_end(machine.row.limit_seconds)
    reader = machine.reader
    assert reader.terminated, "the suite did not reach its end"
    assert reader.count("failed") == 0 and status == 33, f"status {status} in the end"


def collect(machine, begin):
    """The addresses of the path, from the first faults that the kernel's tests cause."""
    path, gdb = set(), machine.gdb()
    gdb.break_at(begin)
    for _ in range(TRACED_FAULTS):
        assert gdb.go_on(), f"the kernel ended before it had {TRACED_FAULTS} stack faults"
        gdb.unbreak(begin)
        trace(gdb, path)
        gdb.break_at(begin)
        machine.drain()
    gdb.unbreak(begin)
    gdb.go()
    finish(machine)
    return path


def cover(machine, wanted, handler):
    """Injects an NMI at each wanted address for as long as the machine has faults; returns those
    that stood in the NMI handler's frame."""
    seen, gdb, qmp = set(), machine.gdb(), machine.qmp()
    for address in wanted:
        gdb.break_at(address)
        if not gdb.go_on():
            break
        gdb.unbreak(address)
        gdb.break_at(handler)
        qmp.execute("inject-nmi")
        assert gdb.go_on(), f"the kernel ended by an NMI at {address:#x}"
        stopped = gdb.registers()
        gdb.unbreak(handler)
        assert stopped["rip"] == handler, f"stopped at {stopped['rip']:#x}, not in the NMI handler"
        seen.add(gdb.word(stopped["rdi"] + FRAME_RIP))
        machine.drain()
    else:
        gdb.go()
    finish(machine)
    return seen


def check_every_instruction(start):
    """an NMI arrives at every instruction of the page-fault path and does no harm"""
    machine = start()
    kernel = machine.paths.kernel(machine.row.build)
    names = elf.addresses(kernel)
    path = collect(machine, names[PATH_BEGIN])
    missing = set(path)
    while missing:
        before = len(missing)
        missing -= cover(start(), sorted(missing), names[HANDLER])
        if len(missing) == before:
            break
    machine.note(f"NMI at each instruction of the page-fault path: covered"
                 f" {len(path) - len(missing)}, total {len(path)}")
    told = ", ".join(elf.function_at(kernel, address) or hex(address)
                     for address in sorted(missing))
    assert not missing, f"covered {len(path) - len(missing)} of {len(path)}; missed: {told}"
