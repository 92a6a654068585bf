"""Injects an NMI at every instruction of the page-fault path, with gdb.

The script executes stack faults instruction by instruction. At each address that has not had an NMI
yet, it injects one before the guest continues. The NMI handler's frame must hold that address as
the interrupted one, and the guest must return to it. Faults take different paths, and each
instruction gets its NMI when a fault first reaches it. At the end all tests of the kernel must have
passed.
"""

from runner import elf

IRETQ = b"\x48\xcf"
PLACES = (  # (where a walk begins, walks)
    ("entry_stub_14", 24),           # the page fault's stub
    ("entry_page_fault_finish", 2),  # what the short path leaves to C
)
PATH_LIMIT = 2000
FRAME_RIP = 17 * 8  # struct trap_frame: 15 registers, the address, error code and vector
SERVERS = ("stack_fault_path", "stack_fault")  # the short path, and the longer way through C
HANDLER = "entry_nmi"


def go_to(gdb, address):
    """Lets the guest run until it reaches an address. Returns False if it ended instead."""
    gdb.break_at(address)
    if not gdb.go_on():
        return False
    gdb.unbreak(address)
    rip = gdb.register("rip")
    assert rip == address, f"stopped at {rip:#x}, not at {address:#x}"
    return True


def inject(gdb, qmp, address, handler):
    """Injects an NMI at the guest's next instruction, to which the guest must return."""
    qmp.execute("inject-nmi")
    assert go_to(gdb, handler), f"the kernel ended by an NMI at {address:#x}"
    interrupted = gdb.word(gdb.register("rdi") + FRAME_RIP)
    assert interrupted == address, f"the NMI at {address:#x} interrupted {interrupted:#x}"
    assert go_to(gdb, address), f"the kernel did not come back to {address:#x} from an NMI there"


def walk(gdb, qmp, handler, covered):
    """Executes one fault from where it is to its end, with an NMI at each one that is not covered.
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
    """Checks that the suite ran to its end and passed."""
    status = machine.wait_end(machine.row.limit_seconds)
    reader = machine.reader
    assert reader.terminated, "the suite did not reach its end"
    assert reader.count("failed") == 0 and status == 33, f"status {status} in the end"


def check_every_instruction(start):
    """an NMI arrives at every instruction of the page-fault path and does no harm"""
    machine = start()
    names = elf.addresses(machine.paths.kernel(machine.row.build))
    gdb, qmp, covered = machine.gdb(), machine.qmp(), {}
    for place, walks in PLACES:
        for _ in range(walks):
            assert go_to(gdb, names[place]), f"the kernel ended before {walks} faults at {place}"
            walk(gdb, qmp, names[HANDLER], covered)
            machine.drain()
    gdb.go()
    finish(machine)
    for server in SERVERS:
        assert names[server] in covered, f"no fault came to {server}"
    machine.note(f"NMI at each instruction of the page-fault path: covered {len(covered)}, in"
                 f" {sum(walks for _, walks in PLACES)} faults")
