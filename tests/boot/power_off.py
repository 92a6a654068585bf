"""Tests the end of a machine that has no port for an exit status."""

import subprocess
import time

HANG_SECONDS = 300
TYPE_SECONDS = 5
OFF_BY_HAND = "does not power off"


def end(start, cmdline):
    """Boots without isa-debug-exit; returns (status, output) of QEMU."""
    command = [start.paths.qemu, "-machine", "pc", "-accel", "tcg", "-m", "64", "-nodefaults",
               "-display", "none", "-serial", "stdio", "-no-reboot",
               "-kernel", start.paths.kernel("release"),
               "-initrd", start.paths.archive, "-append", cmdline]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=HANG_SECONDS, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def check_exit(start):
    """exit=1 powers the machine off where there is no port for a status"""
    status, output = end(start, "exit=1 test=BTI0001")
    assert "leaving: success" in output, output
    assert status == 0 and OFF_BY_HAND not in output, (status, output[-300:])


def check_panic(start):
    """panic=exit powers the machine off where there is no port for a status"""
    status, output = end(start, "panic=exit test=PAN0024")
    assert "PANIC: this is the test's own panic" in output, output
    assert status == 0 and OFF_BY_HAND not in output, (status, output[-300:])


def check_keyboard_alone(start):
    """without ACPI and a serial port the keyboard is polled, and the monitor can be typed at"""
    command = [start.paths.qemu, "-machine", "pc,acpi=off", "-accel", "tcg", "-m", "64",
               "-nodefaults", "-display", "none", "-vga", "std", "-serial", "none",
               "-monitor", "stdio", "-no-reboot", "-kernel", start.paths.kernel("release"),
               "-append", "monitor=1 panic=exit"]
    keys = "".join(f"sendkey {key}\n" for key in ("ret", *"reboot", "ret")).encode()
    until = time.monotonic() + HANG_SECONDS
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.STDOUT) as machine:
        while machine.poll() is None and time.monotonic() < until:
            machine.stdin.write(keys)  # again and again: nobody says when the prompt is there
            machine.stdin.flush()
            try:
                machine.wait(TYPE_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        ended = machine.poll()
        machine.kill()
    assert ended == 0, "typing reboot on the keyboard does not end the machine"
