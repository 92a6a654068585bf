"""Types the commands that the book shows at the monitor's prompt and at the shell's, and compares what they print
by shape (tests/runner/shown.py)."""

import os
import re

import pytest

from runner import shown

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MONITOR = shown.of_book(ROOT, "stalactite> ")
SHELL = shown.of_book(ROOT, "stalactite$ ")
LOG = re.compile(r"^\[ *\d+\.\d{6}\] ")


def check_monitor(start):
    """each command that the book shows at the monitor's prompt prints what the book shows"""
    assert MONITOR
    machine = start(cmdline="monitor=1")
    machine.wait_prompt()
    complaints = []
    for command in MONITOR:
        seen = [line for line in machine.ask(command.text) if line.strip()]
        if not any(LOG.match(line) for line in command.shown):
            seen = [line for line in seen if not LOG.match(line)]
        complaints.append((command, shown.difference(command.shown, seen)))
    wrong = [f"{command.chapter}: {command.text}: {words}" for command, words in complaints if words]
    print(f"{len(MONITOR)} commands of the book")
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(not SHELL, reason="the book shows no command of the shell")
def check_shell(start):
    """each command that the book shows at the shell's prompt prints what the book shows"""
    from runner.terminal import Terminal  # pylint: disable=import-outside-toplevel
    machine = start(cmdline="shell=1")
    terminal = Terminal(machine)
    terminal.prompt()
    wrong = []
    for command in SHELL:
        machine.send(command.text + "\r")
        terminal.expect(re.escape(command.text) + r"\n")
        seen = [line for line in terminal.prompt().splitlines() if line.strip()]
        words = shown.difference(command.shown, seen)
        wrong += [f"{command.chapter}: {command.text}: {words}"] * bool(words)
    print(f"{len(SHELL)} commands of the book")
    assert not wrong, "\n".join(wrong)
