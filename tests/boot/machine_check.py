"""A machine check at chosen instructions, by gdb and QEMU's monitor: on a thread's stack, in the
middle of a switch and of a move, in the page-fault path, and while the processor halts. It ends the
machine, so there is one boot for each; the panic must name that very instruction, and its backtrace
must go on where the code was interrupted.
"""

import re
import time

from runner import elf

# An uncorrected error in bank 9, valid and with the processor's context intact as far as it matters.
CHECK = "mce 0 9 0xbd00000000000000 0x4 0 0"
PANIC = re.compile(r"^PANIC: #MC machine check in the kernel at 0x([0-9a-f]+): 1 banks report an "
                   r"error, bank 9 with status 0xbd00000000000000; the global status is 0x4\. ")
HANG_SECONDS = 300
# Where: a symbol, how many instructions after it, a function that the backtrace must name, and
# tests that come there however fast the machine is: threads that fault and end, and preemptions
# that a test asks for.
THREADS, PREEMPTIONS = "test=STK* exit=1", "test=EVT0020 exit=1"
PLACES = (
    ("a thread's code", "stack_trim", 0, "stack_trim", THREADS),
    ("mid-switch, before the stacks change", "thread_switch", 2, "thread_switch", THREADS),
    ("mid-switch, on the new stack", "thread_switch", 3, None, THREADS),
    ("the page-fault path, with the fault's frame made", "stack_fault", 0, "entry_path_1",
     THREADS),
    ("an interrupt's handler, before the move", "entry_move_frame", 0, "entry_path_2",
     PREEMPTIONS),
    ("after the move, on the thread's stack", "entry_continue", 0, "entry_path_2", PREEMPTIONS),
)


def panic_lines(machine):
    """What the machine says from the panic on."""
    machine.wait_end(machine.row.limit_seconds)
    lines = machine.reader.lines
    start = next((i for i, line in enumerate(lines) if line.startswith("PANIC: ")), None)
    assert start is not None, f"no panic; the last lines: {lines[-5:]}"
    return lines[start:]


def raise_at(machine, symbol, steps):
    """Stops there, lets the machine check come, and returns (address, the panic's lines)."""
    gdb, qmp = machine.gdb(), machine.qmp()
    address = elf.addresses(machine.paths.kernel(machine.row.build))[symbol]
    gdb.break_at(address)
    assert gdb.go_on(), f"the kernel ended before it came to {symbol}"
    gdb.unbreak(address)
    for _ in range(steps):
        gdb.step()
    address = gdb.register("rip")
    qmp.execute("human-monitor-command", **{"command-line": CHECK})
    gdb.go()
    return address, panic_lines(machine)


def stop_halted(qmp):
    """Stops the machine at a moment when its processor halts."""
    deadline = time.monotonic() + HANG_SECONDS
    while True:
        qmp.execute("stop")
        registers = qmp.execute("human-monitor-command", **{"command-line": "info registers"})
        if "HLT=1" in registers:
            return
        qmp.execute("cont")
        assert time.monotonic() < deadline, "the processor never halts"
        time.sleep(0.05)


def check_halted(start):
    """a machine check on a processor that halts in its idle thread is told there"""
    machine = start(cmdline="monitor=1 panic=exit")
    gdb, qmp = machine.gdb(), machine.qmp()
    gdb.go()
    machine.wait_prompt()
    stop_halted(qmp)
    qmp.execute("human-monitor-command", **{"command-line": CHECK})
    qmp.execute("cont")
    lines = panic_lines(machine)
    assert PANIC.match(lines[0]), lines[0]
    assert any("idle_entry" in line and "interrupted by #MC" in line for line in lines), lines


def check_each_place(start):
    """a machine check at an instruction, on whatever stack, is told with that instruction"""
    for words, symbol, steps, caller, tests in PLACES:
        machine = start(cmdline=tests)
        address, lines = raise_at(machine, symbol, steps)
        match = PANIC.match(lines[0])
        assert match and int(match.group(1), 16) == address, \
            f"{words}: {lines[0]!r}, and not at {address:#x}"
        text = "\n".join(lines)
        assert "interrupted by #MC" in text, f"{words}: no such backtrace: {text}"
        assert caller is None or caller in text, f"{words}: {caller} is not in {text}"
        machine.note(f"machine check in {words}: told at {symbol}+{steps} instructions")
        machine.stop()
