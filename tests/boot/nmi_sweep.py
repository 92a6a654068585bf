"""An NMI at every instruction of the page-fault path, by gdb: served stack faults are executed
instruction by instruction, and at each address that had none before an NMI is injected, before the
guest goes on. In the NMI handler's frame that address must stand as the interrupted one, and the
guest must come back to it. Whatever way through the path a fault takes, each of its instructions has
its turn when it is met; in the end all tests of the kernel must have passed: no NMI did any harm.
"""

from runner import elf

IRETQ = b"\x48\xcf"
FAULTS = 24
PATH_LIMIT = 2000
FRAME_RIP = 17 * 8  # struct trap_frame: 15 registers, the address, error code and vector
PATH_BEGIN = "entry_stub_14"
SERVER = "stack_fault"  # what the path must lead through
HANDLER = "entry_nmi"


def go_to(gdb, address):
    """Lets the guest run until it is about to execute an address; False if it ended instead."""
    gdb.break_at(address)
    if not gdb.go_on():
        return False
    gdb.unbreak(address)
    rip = gdb.register("rip")
    assert rip == address, f"stopped at {rip:#x}, not at {address:#x}"
    return True


def inject(gdb, qmp, address, handler):
    """An NMI at the instruction where the guest stands; afterwards it stands there again."""
    qmp.execute("inject-nmi")
    assert go_to(gdb, handler), f"the kernel ended by an NMI at {address:#x}"
    interrupted = gdb.word(gdb.register("rdi") + FRAME_RIP)
    assert interrupted == address, f"the NMI at {address:#x} interrupted {interrupted:#x}"
    assert go_to(gdb, address), f"the kernel did not come back to {address:#x} from an NMI there"


def walk(gdb, qmp, handler, covered):
    """Executes one fault from its first instruction, with an NMI at each that is not covered;
    `covered` is {address: whether the path ends there}."""
    for _ in range(PATH_LIMIT):
        rip = gdb.register("rip")
        if rip not in covered:
            inject(gdb, qmp, rip, handler)
            covered[rip] = gdb.read(rip, 2) == IRETQ
        gdb.step()
        if covered[rip]:
            return
    raise AssertionError(f"no iretq within {PATH_LIMIT} instructions of the page-fault path")


def finish(machine):
    """The suite must have gone to its end, and well."""
    status = machine.wait_end(machine.row.limit_seconds)
    reader = machine.reader
    assert reader.terminated, "the suite did not reach its end"
    assert reader.count("failed") == 0 and status == 33, f"status {status} in the end"


def check_every_instruction(start):
    """an NMI arrives at every instruction of the page-fault path and does no harm"""
    machine = start()
    names = elf.addresses(machine.paths.kernel(machine.row.build))
    gdb, qmp, covered = machine.gdb(), machine.qmp(), {}
    for _ in range(FAULTS):
        assert go_to(gdb, names[PATH_BEGIN]), f"the kernel ended before it had {FAULTS} faults"
        walk(gdb, qmp, names[HANDLER], covered)
        machine.drain()
    gdb.go()
    finish(machine)
    assert names[SERVER] in covered, "no fault was a stack fault"
    machine.note(f"NMI at each instruction of the page-fault path: covered {len(covered)}, in"
                 f" {FAULTS} faults")
