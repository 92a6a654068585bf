"""Tests the shell at the screen and the keyboard, which the console server in user mode drives: by BIOS with VGA
text, by UEFI with a framebuffer, and on a machine without a serial port. shell_keys.py types every command."""

import random

import pytest

from runner.screen import Screen

PLACES = pytest.mark.parametrize("boot, machine", [("bios-cd", "pc"), ("uefi-cd", "q35")])
NOISE_KEYS = 150
# None of them ends the shell or a line.
KEYS = (*"abefghknpuwy0123456789", *(f"f{number}" for number in range(1, 13)), "esc", "tab", "home", "end", "pgup", "pgdn",
        "up", "down", "left", "right", "insert", "delete", "backspace", "spc", "slash", "semicolon", "print")
PROMPT = r"^stalactite\$ *$"


def screen_of(start, **changes):
    """Returns the screen of a machine on which the shell's prompt stands."""
    screen = Screen(start(cmdline="shell=1", **changes))
    screen.expect(PROMPT, 240)
    return screen


@PLACES
def check_keyboard(start, boot, machine):
    """commands typed at the keyboard run, and the screen shows what they print"""
    screen = screen_of(start, boot=boot, machine=machine)
    screen.type("echo 'a  B' | cat > f; cat f f | wc\n")
    screen.expect(r"^ +2 +4 +10$")
    screen.type("hexd\t/boot/init.c\t| head -n 1\n")
    screen.expect(r"^0+ .*# The servers of")
    screen.press("up")
    screen.expect(r"^stalactite\$ hexdump /boot/init\.conf +\| head -n 1$")
    screen.press("ctrl", "c")
    screen.type("echo agean\b\b\bain\n")
    screen.expect(r"^again$")
    screen.type("sleep 100\n")
    screen.expect(r"^stalactite\$ sleep 100$")
    screen.press("ctrl", "c")
    screen.expect(r"^\^C\n(.*\n)*stalactite\$ *$")


@PLACES
def check_jobs(start, boot, machine):
    """pipes of five programs and jobs in the background, and then keys at random, typed at the keyboard"""
    screen = screen_of(start, boot=boot, machine=machine)
    screen.type("ls /boot | grep ech | cat | cat | wc\n")
    screen.expect(r"^ +3 +6 +\d+$")
    screen.type("sleep 100 &\njobs\n")
    screen.expect(r"^\[1\] running +sleep 100$")
    screen.type("kill %1\n")
    choice = random.Random(1)
    for _ in range(NOISE_KEYS):
        screen.press(*choice.choice(((), ("shift",), ("alt",), ("ctrl",))), choice.choice(KEYS))
    screen.release()
    screen.type("xx")  # the end of a sequence
    screen.press("ctrl", "c")
    screen.type("echo so\b\bsound\n")
    screen.expect(r"^sound$")


@PLACES
def check_usual(start, boot, machine):
    """after the usual boot the end of the demonstration and the prompt stand on the screen"""
    screen = Screen(start(cmdline="", boot=boot, machine=machine))
    screen.expect(r"^Saved: \d+ KiB, \d+ %\n(.*\n)*stalactite\$ *$", 240)


@PLACES
def check_scroll(start, boot, machine):
    """a long text scrolls, and the last lines stand on the screen in their order"""
    screen = screen_of(start, boot=boot, machine=machine)
    screen.type("log | wc; help | cat -; cat /boot/test.sh\n")
    screen.expect(PROMPT)
    screen.type("for-is-no-command\n")
    screen.expect(r"for-is-no-command")
    screen.type("echo one; echo two; echo three\n")
    screen.expect(r"^one\ntwo\nthree\nstalactite\$ *$")


@PLACES
def check_monitor(start, boot, machine):
    """control-] at the keyboard gives the screen to the monitor, and resume gives it back with the shell's text"""
    screen = screen_of(start, boot=boot, machine=machine)
    screen.type("echo kept; echo half")
    screen.expect(r"echo kept; echo half$")
    screen.press("ctrl", "bracket_right")
    screen.expect(r"^stalactite> *$")
    screen.type("uptime-is-no-command\n")
    screen.expect(r"no command")
    screen.type("resume\n")
    screen.expect(r"^stalactite\$ echo kept; echo half$")
    screen.type(" done\n")
    screen.expect(r"^kept\nhalf done\n")


@PLACES
def check_panic(start, boot, machine):
    """a panic takes the screen back from the program that has it, and shows its report there"""
    screen = Screen(start(cmdline="test=PAN0082", boot=boot, machine=machine))
    screen.expect(r"^Stack pointer .*: slot \d+", 240)


def check_alone(start):
    """on a machine without a serial port the shell is at the screen and the keyboard"""
    screen = screen_of(start, boot="bios-cd", extra=("-global", "isa-serial.iobase=0x2e8"))
    screen.type("echo alone\n")
    screen.expect(r"^alone$")
