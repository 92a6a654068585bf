"""Tests the driver of the second serial port, a user program (user/uart-driver): its interrupts and ports are
those of a device that the machine has, or lacks."""

import os
import re
import shutil
import socket

from runner.machine import short_directory
from shell_figures import COUNTED

ENDED = re.compile(r"it ended with status (-?\d+)")
END_OF_TRANSMISSION = b"\x04"
PROBES = range(0x80, 0xc0)  # none of these bytes is in the text
TEXT = bytes(range(5, 0x80)) * 4 + END_OF_TRANSMISSION
PROBE_SECONDS = 1  # silence, in which the clock of a guest that idles (COUNTED) jumps to all of its deadlines
HANG_SECONDS = 120


def status_of(lines):
    """Returns with which status the program ended, by the monitor's words."""
    ends = [match for match in map(ENDED.match, lines) if match]
    assert len(ends) == 1, lines
    return int(ends[0].group(1))


def run(start, mode, *serial):
    """Boots with this second serial port, and returns what the driver printed and its status."""
    machine = start(extra=serial)
    machine.wait_prompt()
    lines = machine.ask(f"run uart-driver {mode}")
    return "\n".join(lines), status_of(lines)


def check_loopback(start):
    """the driver sends all bytes to itself, and an interrupt brings each of them back"""
    said, status = run(start, "loopback", "-serial", "null")
    assert "256 bytes went out and came back by 256 interrupts, 0 of them wrong" in said and status == 0, said


def check_no_port(start):
    """on a machine without a second serial port the driver says so and ends"""
    said, status = run(start, "loopback")
    assert "there is no second serial port" in said and status == 3, said


def echoed(line, data, wanted):
    """Sends bytes, and returns what comes back until `wanted` of it holds, or no more comes for a while."""
    line.sendall(data)
    back = b""
    try:
        while not wanted(back):
            more = line.recv(4096)
            assert more, f"the port was closed after {back!r}"
            back += more
    except socket.timeout:
        pass
    return back


def runs(machine, begin):
    """Says that the program, whose lines begin there, has not ended."""
    machine.drain()
    lines = machine.reader.lines[begin:]
    assert not any(map(ENDED.match, lines)), lines
    return True


def check_echo(start):
    """the driver sends back what another machine sends, each byte once and in order, until control-D, after any
    silence"""
    directory = short_directory()
    path = os.path.join(directory, "uart")
    try:
        machine = start(cpus=1, extra=(*COUNTED, "-chardev", f"socket,id=second,path={path},server=on,wait=off",
                                       "-serial", "chardev:second"))
        machine.wait_prompt()
        begin = len(machine.reader.lines)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(path)
            line.settimeout(PROBE_SECONDS)
            machine.send("run uart-driver echo\r")
            # What comes before the driver has set the device up is dropped there.
            heard = any(echoed(line, bytes((probe,)), bool) for probe in PROBES if runs(machine, begin))
            assert heard, "nothing comes back"
            late = echoed(line, b"", lambda _: False)  # until there is silence
            assert runs(machine, begin)
            line.settimeout(HANG_SECONDS)
            back = late + echoed(line, TEXT, lambda back: back.endswith(END_OF_TRANSMISSION))
        late = back[:-len(TEXT)]  # probes that were sent while the first one was on its way
        assert back.endswith(TEXT) and all(byte in PROBES for byte in late), back
        machine.wait_prompt(start=begin + 2)
        lines = machine.reader.lines[begin:]
        assert status_of(lines) == 0 and any("bytes echoed by" in line for line in lines), lines
    finally:
        shutil.rmtree(directory, ignore_errors=True)
