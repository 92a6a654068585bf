#!/usr/bin/env python3
"""Makes the README's picture from the running system: boots the ISO by UEFI in QEMU, waits until the
shell is ready, and writes what the screen then shows as a PNG.

    screenshot.py ISO FIRMWARE PNG

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

READY = b"stalactite$ "
PATIENCE_SECONDS = 300
SETTLE_SECONDS = 1  # the screen is drawn behind the serial line
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


def screen_take(iso, firmware, directory):
    """Boots the ISO until the shell is ready, and returns the path of the picture."""
    socket, picture = os.path.join(directory, "qmp"), os.path.join(directory, "screen.ppm")
    serial = os.path.join(directory, "serial")
    command = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "4", "-m", "512",
               "-bios", firmware, "-cdrom", iso, "-net", "none", "-display", "none",
               "-serial", f"file:{serial}", "-qmp", f"unix:{socket},server=on,wait=off"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + PATIENCE_SECONDS
            while not (os.path.exists(serial) and READY in open(serial, "rb").read()):
                if time.monotonic() > end or process.poll() is not None:
                    raise SystemExit("screenshot: the shell does not come up")
                time.sleep(0.5)
            time.sleep(SETTLE_SECONDS)
            Qmp(socket).execute("screendump", filename=picture)
        finally:
            process.kill()
    return picture


def main(iso, firmware, target):
    """Writes the picture."""
    with tempfile.TemporaryDirectory(prefix="stalactite-") as directory:
        rows = cut(*pixels_read(screen_take(iso, firmware, directory)))
    with open(target, "wb") as file:
        file.write(png(rows))
    print(f"{target}: {len(rows[0])} by {len(rows)} pixels")


if __name__ == "__main__":
    main(*sys.argv[1:])
