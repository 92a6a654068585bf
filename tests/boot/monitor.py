"""Tests the monitor's commands over the serial line."""

import re

COMMANDS = ("help", "threads", "stacks", "mag", "mem", "cpus", "irqs", "fault", "overflow", "bt",
            "pte", "ptdump", "kstat", "resume", "tasks",
            "handles", "ipc", "test", "panic", "reboot", "poweroff")
SHOWING = ("help", "threads", "stacks", "mag", "mem", "cpus", "irqs", "ptdump", "kstat", "tasks",
           "ipc")
QUICK_TESTS = "LIB*"
NONSENSE = ("xyzzy", "thread", "pte", "pte nowhere", "bt nobody", "fault banana", "test \"STK",
            "help xyzzy", "fault 1 2 3 4 5 6 7 8 9", "mem -1", "; drop table", "\t\t\x1b[A\x1b[B")


def refused(command, answer):
    """Returns whether the answer (lines) refuses the command."""
    beginnings = ("Usage:", "There is no command", command.split()[0] + ": ")
    return any(line.startswith(beginnings) for line in answer)


def prompt(start, **changes):
    """Returns a machine that is at its prompt."""
    machine = start(**changes)
    machine.wait_prompt()
    return machine


def check_help(start):
    """help lists every command there is to be"""
    machine = prompt(start)
    listed = {line.split()[0] for line in machine.ask("help") if line.startswith("  ")}
    missing = sorted(set(COMMANDS) - listed)
    assert not missing, f"help does not list {', '.join(missing)}"


def check_showing(start):
    """every command that shows something shows something, and the prompt comes back"""
    machine = prompt(start)
    for command in SHOWING:
        answer = machine.ask(command)
        assert answer and not refused(command, answer), f"{command}: {answer}"


def check_nonsense(start):
    """nonsense gets a sentence and does no harm"""
    machine = prompt(start)
    for text in NONSENSE:
        answer = machine.ask(text)
        if text.strip() and text[0].isalpha() and text != "test \"STK":
            assert any(len(line.split()) > 2 for line in answer), f"{text!r}: {answer}"
    # The last line's keys show the prompt several times. Only an answer shows that they are done.
    machine.send("help cpus\r")
    machine.expect(r"^  cpus +list")
    machine.wait_prompt()
    assert machine.ask("cpus"), "the monitor does not answer any more"


def check_overflow(start):
    """an overflow is told as one, ends its thread, and the machine goes on"""
    machine = prompt(start)
    answer = machine.ask("overflow")
    assert not refused("overflow", answer), answer
    assert any("overflow" in line for line in answer) and "PANIC" not in "\n".join(answer), answer
    assert machine.ask("threads"), "the monitor does not answer any more"


def check_fault(start):
    """fault grows a stack by what is asked"""
    machine = prompt(start)
    answer = machine.ask("fault 9000")
    assert re.search(r"\d", "\n".join(answer)) and not refused("fault", answer), answer


def check_test(start):
    """test runs tests by pattern, and runs them again"""
    machine = prompt(start)
    for _ in range(2):
        answer = "\n".join(machine.ask("test " + QUICK_TESTS))
        assert re.search(r"^# totals: passed [1-9]\d* failed 0 ", answer, re.MULTILINE), answer


def check_outside_nmi(start):
    """an NMI from outside prints the backtrace of every CPU, and the machine goes on"""
    machine = prompt(start, cpus=4)
    before = len(machine.reader.lines)
    machine.qmp().execute("inject-nmi")
    for cpu in range(4):
        machine.expect(rf"CPU {cpu}\b", start=before)
    assert machine.ask("cpus"), "the monitor does not answer any more"


def check_panic(start):
    """panic panics, with status 37 where the emulator is to be left"""
    machine = prompt(start, cmdline="monitor=1 panic=exit")
    machine.send("panic\r")
    machine.expect(r"^PANIC: ")
    status = machine.wait_end()
    assert status == 37, f"status {status}"


def check_reboot(start):
    """reboot resets the machine"""
    machine = prompt(start)
    machine.send("reboot\r")
    status = machine.wait_end()
    assert status == 0 and not machine.triple_fault(), f"status {status}"


def check_poweroff(start):
    """poweroff ends the machine"""
    machine = prompt(start)
    machine.send("poweroff\r")
    status = machine.wait_end()
    assert status in (0, 33), f"status {status}"
