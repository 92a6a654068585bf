"""Tests input that arrives faster than it is read: typed ahead, pasted, or while a command waits
for one key. Also tests the state in which the kernel leaves the terminal."""

import os
import re

PASTED_LINES = 200
CONTROL_C = "\x03"

# The state of a terminal: the sequences that change it, and the state after each.
SWITCHES = ((rb"\x1b\[\?7([hl])", "wrap", b"h"), (rb"\x1b\[\?25([hl])", "cursor", b"h"),
            (rb"\x1b\[([0-9;]*)m", "colours", b"0"))


def prompt(start, **changes):
    """Returns a machine that is at its prompt."""
    machine = start(**changes)
    machine.wait_prompt()
    return machine


def check_typed_ahead(start):
    """a command typed while another one runs is executed after it"""
    machine = prompt(start)
    machine.send("ptdump\rhelp irqs\r")
    first = machine.expect(r"^stack object")
    machine.expect(r"^  irqs +count", start=first)


def check_power_off_typed_ahead(start):
    """poweroff typed behind ptdump in one write switches the machine off"""
    machine = prompt(start)
    machine.send("ptdump\rpoweroff\r")
    machine.expect(r"^stack object")
    while machine.pump(1) is not None:
        pass


def check_stop_keeps_other_keys(start):
    """control-C stops a long answer, and the keys before and behind it stay"""
    machine = prompt(start)
    machine.send("ptdump\rhelp" + CONTROL_C + " irqs\r")
    first = machine.expect(r"\^C$")
    machine.expect(r"^  irqs +count", start=first)


def check_live_map_takes_one_key(start):
    """the live map takes the key that ends it, and none of those behind it"""
    machine = prompt(start)
    machine.send("stacks live\r")
    first = machine.expect(r"slots made", start=machine.expect(r"slots made"))
    machine.send("xhelp irqs\r")
    machine.expect(r"^  irqs +count", start=first)


def check_pasted(start):
    """of 200 lines in one write none is lost, and none is joined with another"""
    machine = prompt(start)
    first = len(machine.reader.lines)
    machine.send("help fault\r" * PASTED_LINES + "help irqs\r")
    machine.expect(r"^  irqs +count", start=first)
    lines = machine.reader.lines[first:]
    assert sum(line.startswith("  fault ") for line in lines) == PASTED_LINES
    wrong = [line for line in lines if re.match("There is no|Usage|Input was lost", line)]
    assert not wrong, wrong


def terminal_after(machine):
    """Returns what is wrong, at the end, with a terminal whose state was bad at the start."""
    while machine.pump(1) is not None:
        pass
    with open(os.path.join(machine.directory, "serial.log"), "rb") as file:
        text = file.read()
    wrong = []
    for pattern, name, good in SWITCHES:
        found = re.findall(pattern, text)
        if not found or found[-1] != good:
            wrong.append(name)
    return wrong


def check_terminal_is_left_sane(start):
    """on every way out the terminal has its line wrap, its cursor and no colours"""
    for command in ("poweroff", "reboot", "panic"):
        machine = prompt(start, cmdline="monitor=1 panic=exit")
        machine.send(command + "\r")
        assert terminal_after(machine) == [], command
    assert terminal_after(start(cmdline="exit=1 test=LIB*")) == []


def check_terminal_is_set_at_the_start(start):
    """the kernel switches line wrap and cursor on before its first line"""
    machine = prompt(start)
    with open(os.path.join(machine.directory, "serial.log"), "rb") as file:
        head = file.read().split(b"Stalactite", 1)[0]
    assert b"\x1b[?7h" in head and b"\x1b[?25h" in head and b"\x1b[0m" in head, head
