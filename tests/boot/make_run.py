"""Tests `make run`, the first command that a user types, on a terminal."""

import pexpect

PROMPT = "stalactite> "
SHELL_PROMPT = r"stalactite\$ "
CONTROL_A = "\x01"
MONITOR = "\x1d"
HANG_SECONDS = 600  # for each answer


def spawn(start, *words):
    """Starts `make run` in a terminal of 100 columns."""
    start.make_iso()
    command, *arguments = start.paths.make_command("run", *words)
    return pexpect.spawn(command, arguments, env=start.paths.make_environment(TERM="vt100"),
                         encoding="utf-8", codec_errors="replace", timeout=HANG_SECONDS,
                         dimensions=(40, 100))


def check_demonstration(start):
    """make run shows the demonstration and ends at the shell; Ctrl-] goes to the monitor, Ctrl-A X leaves"""
    child = spawn(start)
    for pattern in (r"smp: 4 CPUs online", r"quick_sort", r"buffer_fill", r"Saved: \d+ KiB",
                    SHELL_PROMPT):
        child.expect(pattern)
    child.send("ls /boot | wc\r")
    child.expect(r"\n +\d\d +\d+ +\d+\r")
    child.expect(SHELL_PROMPT)
    child.send(MONITOR)
    child.expect(PROMPT)
    child.send("cpus\r")
    child.expect(r"\n +3 ")
    child.expect(PROMPT)
    child.send(CONTROL_A + "x")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0, f"status {child.exitstatus}"


def check_machine_can_be_changed(start):
    """CPU=, SMP=, MEM= and CMDLINE= change the machine, and a failing kernel fails make"""
    child = spawn(start, "CPU=qemu64", "SMP=2", "MEM=64", "CMDLINE=monitor=1 panic=exit")
    child.expect(r"2 CPUs")
    child.expect(PROMPT)
    child.send("panic\r")
    child.expect("PANIC: ")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus != 0, "make succeeds after a panic"
