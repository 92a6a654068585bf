#!/usr/bin/env python3
"""Shows all kernel stacks while a scenario runs: a cell for each stack, magazines, reserve, rates.

    tools/trace/watch.py demo

In a cell the first digit is the pages of a stack, or a letter for one that faulted since the last picture
(a is one page), or s for one that is swapped out; the second is how deep it is, in KiB, hexadecimal. On a
terminal the picture changes in place, rates and what faulted are of the last half a second, and q leaves. Otherwise a picture is printed for each hundredth of a
second of guest time.
"""

import argparse
import curses
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

import events
import live
import timeline

WIDTH, HEIGHT = 100, 40
PICTURE_SECONDS = 0.01
LOOK_SECONDS = 0.5  # on a terminal: what grew stays marked, and rates stay, for so long that they can be seen
READ_BYTES = 65536
EVENTS_MOST = 10000  # thousands: the kernel's limit


class Machine:
    """QEMU, whose second serial port is a socket."""

    def __init__(self, options, directory):
        path = os.path.join(directory, "port")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            words, _ = timeline.SCENARIOS[options.scenario]
            command = timeline.command(options, words, EVENTS_MOST, "unused")
            command[command.index("file:unused")] = "unix:" + path
            # Where the guest is idle, its time goes on as real time does.
            command[command.index("shift=0,sleep=off")] = "shift=0,sleep=on"
            with open(options.console, "wb") as console:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console,
                                                stderr=subprocess.STDOUT)
            listener.settimeout(60)
            self.port, _ = listener.accept()

    def read(self):
        """Returns bytes that have arrived, b"" if there are none yet, or None at the end."""
        if not select.select([self.port], [], [], PICTURE_SECONDS)[0]:
            return b""
        return self.port.recv(READ_BYTES) or None

    def end(self):
        """Ends the machine. Returns its status."""
        self.port.close()
        if self.process.poll() is None:
            try:
                return self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.terminate()
        return self.process.wait()


def print_pictures(machine, state):
    """Prints a picture for each PICTURE_SECONDS of guest time."""
    print(live.KEY + "\n")
    while (data := machine.read()) is not None:
        state.feed(data)
        if state.seconds() - state.shown_at >= PICTURE_SECONDS:
            print("\n".join(state.lines(WIDTH, HEIGHT)) + "\n", flush=True)
    print("\n".join([*state.lines(WIDTH, HEIGHT), state.end()]))


def draw_pictures(window, machine, state):
    """Draws pictures in place until the trace ends and a key is pressed, or q is."""
    window.nodelay(True)
    curses.curs_set(0)
    data, begun = b"", 0.0
    while window.getch() != ord("q"):
        data = machine.read() if data is not None else None
        if data:
            state.feed(data)
        if data is None:
            window.nodelay(False)
        begin = time.monotonic() - begun >= LOOK_SECONDS and state.seconds() > state.shown_at
        begun = time.monotonic() if begin else begun
        height, width = window.getmaxyx()
        window.erase()
        for row, line in enumerate(state.lines(width - 1, height - 1, begin)):
            window.addnstr(row, 0, line, width - 1)
        window.addnstr(height - 1, 0, (f"{state.end()}; " if data is None else "") + f"q leaves; {live.KEY}", width - 1)
        window.refresh()


def main(arguments=None):
    """Runs the scenario and shows it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("scenario", choices=timeline.SCENARIOS)
    parser.add_argument("--kernel", default="build/release/kernel.elf")
    parser.add_argument("--archive", default="build/boot.tar")
    parser.add_argument("--console", default="build/trace/console.txt")
    parser.add_argument("--cpu", default="qemu64")
    parser.add_argument("--smp", default=2, type=int)
    parser.add_argument("--mem", default=512, type=int)
    parser.add_argument("--words", default="", help="more words for the kernel")
    options = parser.parse_args(arguments)
    os.makedirs(os.path.dirname(options.console), exist_ok=True)
    state = live.State()
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine(options, directory)
        try:
            if sys.stdout.isatty():
                curses.wrapper(draw_pictures, machine, state)
            else:
                print_pictures(machine, state)
        except events.TraceError as error:
            print(f"watch: {error}", file=sys.stderr)
            return 1
        finally:
            status = machine.end()
    if status != timeline.SUCCESS and not sys.stdout.isatty():
        print(f"watch: QEMU ended with status {status}; its console is in {options.console}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
