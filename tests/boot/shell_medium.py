"""The whole session of a user at the shell, on the machine that the row of the matrix describes: from a CD by
BIOS or by UEFI, and in Bochs."""

import shell_talk
from runner.terminal import Terminal

PATIENCE_SECONDS = 900  # for each answer; a longer wait is a hang


def check_session(start):
    """every command and key of a user does what it is for, from the first prompt to the end"""
    terminal = Terminal(start(), PATIENCE_SECONDS)
    terminal.prompt()
    shell_talk.whole(terminal)
    terminal.machine.send("poweroff\r")  # the end is no answer
    terminal.machine.wait_end()
