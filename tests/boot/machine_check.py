"""Raises a machine check at chosen instructions, with gdb and QEMU's monitor.

The places are a thread's stack, the middle of a switch and of a move, the page-fault path, and a
halted processor. A machine check ends the machine, so each place needs its own boot. The panic must
name the interrupted instruction, and its backtrace must continue there.
"""

import re
import time

from runner import elf

# An uncorrected error in bank 9, valid, with the relevant context of the processor intact.
CHECK = "mce 0 9 0xbd00000000000000 0x4 0 0"
PANIC = re.compile(r"^PANIC: #MC machine check in the kernel at 0x([0-9a-f]+): 1 banks report an "
                   r"error, bank 9 with status 0xbd00000000000000; the global status is 0x4\. ")
HANG_SECONDS = 300
# The places: a symbol, the number of instructions after it, a function that the backtrace must
# name, and tests that reach the place at any speed of the machine. Such tests have threads that
# fault and end, or request a preemption.
THREADS, PREEMPTIONS = "test=STK* exit=1", "test=EVT0020 exit=1"
PLACES = (
    ("a thread's code", "stack_trim", 0, "stack_trim", THREADS),
    ("mid-switch, before the stacks change", "thread_switch", 2, "thread_switch", THREADS),
    ("mid-switch, on the new stack", "thread_switch", 3, None, THREADS),
    ("the page-fault path, with the fault's frame made", "stack_fault", 0, "entry_path_1",
     THREADS),
    ("the short path of a stack fault, with its frame made", "stack_fault_path", 8,
     "interrupted by #PF", THREADS),
    ("an interrupt's handler, before the move", "entry_move_frame", 0, "entry_path_2",
     PREEMPTIONS),
    ("after the move, on the thread's stack", "entry_continue", 0, "entry_path_2", PREEMPTIONS),
)


def panic_lines(machine):
    """Returns the machine's output from the panic on."""
    machine.wait_end(machine.row.limit_seconds)
    lines = machine.reader.lines
    start = next((i for i, line in enumerate(lines) if line.startswith("PANIC: ")), None)
    assert start is not None, f"no panic; the last lines: {lines[-5:]}"
    return lines[start:]


def raise_at(machine, symbol, steps):
    """Raises a machine check at the place. Returns (address, the panic's lines)."""
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
    """Stops the machine while its processor halts."""
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
    qmp.execute_last("cont")
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
