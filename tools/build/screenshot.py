#!/usr/bin/env python3
"""Makes the pictures of the screen from the running system: boots the ISO by UEFI in QEMU, waits until the
shell is ready, and writes what the screen then shows as a PNG. Then starts programs, goes to the monitor, has it
show all kernel stacks as they change, and writes that as another one.

    screenshot.py ISO FIRMWARE DEMONSTRATION.png STACKS.png

What is black at the right and at the bottom is cut off.
"""

import os
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests"))
from runner.qmp import Qmp  # noqa: E402  # pylint: disable=wrong-import-position
from runner.screen import KEYS  # noqa: E402  # pylint: disable=wrong-import-position

READY = b"stalactite$ "
PATIENCE_SECONDS = 300
SETTLE_SECONDS = 1  # the screen is drawn behind the serial line
WORK = "stress 600 &\n"
MONITOR = b"stalactite> "
LIVE = "stacks live\n"
LIVE_SHOWN, LIVE_PICTURES = b"a second: ", 12  # three seconds of pictures
MARGIN = 8


def pixels_read(path):
    """Returns (width, height, pixels) of a binary PPM; a pixel is its three bytes."""
    with open(path, "rb") as file:
        kind, size, most, data = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    if kind != b"P6" or most != b"255":
        raise SystemExit(f"screenshot: {path} is no PPM of 8 bits")
    return width, height, [data[at:at + 3] for at in range(0, 3 * width * height, 3)]


def cut(width, height, pixels):
    """Returns the picture as rows, without what is of the background at the right and the bottom."""
    rows = [pixels[at:at + width] for at in range(0, width * height, width)]
    ground = rows[-1][-1]
    used = [max((at for at, pixel in enumerate(row) if pixel != ground), default=-1) for row in rows]
    last = max(at for at, end in enumerate(used) if end >= 0)
    return [row[:min(max(used) + MARGIN, width)] for row in rows[:min(last + MARGIN, height)]]


def png(rows):
    """Returns the bytes of a PNG with a palette of the colours that are in the picture."""
    colours = sorted({pixel for row in rows for pixel in row})
    number = {colour: at for at, colour in enumerate(colours)}
    data = b"".join(b"\0" + bytes(number[pixel] for pixel in row) for row in rows)

    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content +
                struct.pack(">I", zlib.crc32(kind + content)))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)) +
            chunk(b"PLTE", b"".join(colours)) + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


class Machine:
    """The ISO in QEMU, with a file that has what came on its serial line."""

    def __init__(self, iso, firmware, directory):
        socket, self.serial = os.path.join(directory, "qmp"), os.path.join(directory, "serial")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "4", "-m", "512",
             "-bios", firmware, "-cdrom", iso, "-net", "none", "-display", "none",
             "-serial", f"file:{self.serial}", "-qmp", f"unix:{socket},server=on,wait=off"], stdin=subprocess.DEVNULL)
        self.socket, self.picture = socket, os.path.join(directory, "screen.ppm")

    def heard(self):
        """Returns what came on the serial line."""
        if not os.path.exists(self.serial):
            return b""
        with open(self.serial, "rb") as file:
            return file.read()

    def expect(self, text, start=0, times=1):
        """Waits until a text came so often on the serial line, from a place on."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.heard()[start:].count(text) < times:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"screenshot: the machine does not say '{text.decode()}'")
            time.sleep(0.1)

    def press(self, *names):
        """Presses keys of QEMU's names together."""
        connection = Qmp(self.socket)
        connection.execute("send-key", keys=[{"type": "qcode", "data": name} for name in names])
        connection.close()

    def type(self, text):
        """Types a line; each key waits for the echo of the one before."""
        for character in text:
            before = len(self.heard())
            self.press(*(("shift", "7") if character == "&" else (KEYS.get(character, character),)))
            end = time.monotonic() + PATIENCE_SECONDS
            while len(self.heard()) == before and time.monotonic() < end:
                time.sleep(0.01)

    def rows(self):
        """Returns what the screen shows, as rows of pixels."""
        time.sleep(SETTLE_SECONDS)
        connection = Qmp(self.socket)
        connection.execute("screendump", filename=self.picture)
        connection.close()
        return cut(*pixels_read(self.picture))


def pictures_take(machine):
    """Returns the two pictures."""
    machine.expect(READY)
    first = machine.rows()
    machine.type(WORK)
    place = len(machine.heard())
    machine.press("ctrl", "bracket_right")
    machine.expect(MONITOR, place)
    place = len(machine.heard())
    machine.type(LIVE)
    machine.expect(LIVE_SHOWN, place, LIVE_PICTURES)
    return first, machine.rows()


def main(iso, firmware, *targets):
    """Writes the pictures."""
    with tempfile.TemporaryDirectory(prefix="stalactite-") as directory:
        machine = Machine(iso, firmware, directory)
        try:
            taken = pictures_take(machine)
        finally:
            machine.process.kill()
            machine.process.wait()
    for target, rows in zip(targets, taken):
        with open(target, "wb") as file:
            file.write(png(rows))
        print(f"{target}: {len(rows[0])} by {len(rows)} pixels")


if __name__ == "__main__":
    main(*sys.argv[1:])
