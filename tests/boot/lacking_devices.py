"""Tests the calls that need a device on machines that lack it."""

import subprocess

from runner.row import SUCCESS

LIMIT_SECONDS = 300


def check_no_ioapic(start):
    """on a machine without an I/O APIC no program gets the interrupts of a line"""
    machine = start(machine="isapc", cpu="max", cpus=1, cmdline="test=SYS0032,SYS0101 exit=1")
    machine.expect(r"ioapic: there is none; devices cannot interrupt")
    machine.expect(r"^ok 1 SYS0032 ")
    machine.expect(r"^ok 2 SYS0101 ")
    assert machine.wait_end(LIMIT_SECONDS) == SUCCESS


def check_no_console(start):
    """on a machine without a serial port and a screen no program gets the console"""
    command = [start.paths.qemu, "-machine", "pc", "-accel", "tcg", "-m", "64", "-nodefaults",
               "-display", "none", "-vga", "none", "-serial", "none", "-no-reboot",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
               "-kernel", start.paths.kernel("release"), "-initrd", start.paths.archive,
               "-append", "test=SYS0100 exit=1 panic=exit"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == SUCCESS, (done.returncode, done.stdout)
