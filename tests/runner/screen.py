"""Reads the text that a machine's screen shows, and types at its keyboard. By BIOS the text is in the memory
of the VGA. By UEFI the screen has pixels: each cell is compared with the kernel's font."""

import os
import re
import time

from .machine import MachineError

VGA_BASE, VGA_COLUMNS, VGA_ROWS = 0xb8000, 80, 25
FONT_COLUMNS, FONT_ROWS = 8, 16
CELLS_MOST = (160, 64)  # lib/screen.h
# QEMU's keyboard keeps 16 bytes, and what comes while they are full is lost. A key has up to 6 with Shift, and 1
# each time that it is repeated.
ECHOED_KEYS, HELD_KEYS = 2, 10  # at a time
STARTS = 300  # a tenth of a second each
GLYPH = re.compile(r"^ +\{0x([0-9a-f]{16}), 0x([0-9a-f]{16})\}", re.MULTILINE)
# Characters whose keys have other names in QEMU, and those that need Shift on a US keyboard.
KEYS = {" ": "spc", "-": "minus", "=": "equal", "[": "bracket_left", "]": "bracket_right", ";": "semicolon",
        "'": "apostrophe", "`": "grave_accent", "\\": "backslash", ",": "comma", ".": "dot", "/": "slash",
        "\n": "ret", "\r": "ret", "\t": "tab", "\b": "backspace"}
SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))


def font(root):
    """Returns {the 16 rows of a character: the character}."""
    with open(os.path.join(root, "lib", "font.c"), encoding="ascii") as file:
        words = GLYPH.findall(file.read())
    return {bytes.fromhex(high + low): chr(code) for code, (high, low) in enumerate(words, ord(" "))}


def pixel_text(picture, glyphs):
    """Returns the lines of text in a binary PPM. Colours do not count: what differs from a cell's corner is
    drawn. A cell that is no character of the font becomes U+FFFD."""
    kind, size, most, data = picture.split(b"\n", 3)
    assert kind == b"P6" and most == b"255", "no PPM of 8 bits"
    width, height = map(int, size.split())
    scale = 1
    while width // (FONT_COLUMNS * scale) > CELLS_MOST[0] or height // (FONT_ROWS * scale) > CELLS_MOST[1]:
        scale += 1
    wide, high = FONT_COLUMNS * scale, FONT_ROWS * scale
    left, top = width % wide // 2, height % high // 2

    def cell(column, row):
        rows = []
        for line in range(FONT_ROWS):
            start = ((top + row * high + line * scale) * width + left + column * wide) * 3
            bits = 0
            for at in range(FONT_COLUMNS):
                place = start + at * scale * 3
                bits = bits << 1 | (data[place:place + 3] != ground)
            rows.append(bits)
        return bytes(rows)

    def drawn(column, row):
        start, bytes_wide = ((top + row * high) * width + left + column * wide) * 3, wide * 3
        return b"".join(data[at:at + bytes_wide] for at in range(start, start + width * 3 * high, width * 3))

    ground = data[:3]
    blank = bytes(FONT_ROWS)
    cursor = bytes([0] * 13 + [0xff] * 2 + [0])
    known = {}  # {the pixels of a cell: its character}; most cells are alike
    lines = []
    for row in range(height // high):
        line = ""
        for column in range(width // wide):
            pixels = drawn(column, row)
            if pixels not in known:
                found = cell(column, row)
                known[pixels] = glyphs.get(blank if found == cursor else found, "\ufffd")
            line += known[pixels]
        lines.append(line.rstrip())
    return lines


class Screen:
    """The screen and the keyboard of a running QEMU."""

    def __init__(self, machine):
        self.machine = machine
        self.pixels = machine.row.boot.startswith("uefi")
        self.glyphs = font(machine.paths.root)
        self.heard = b""  # what came on the serial line, where the terminal shows the same

    def _qmp(self):
        for _ in range(STARTS):
            try:
                return self.machine.qmp()
            except (FileNotFoundError, ConnectionRefusedError):  # QEMU starts
                time.sleep(0.1)
        return self.machine.qmp()

    def _execute(self, command, **arguments):
        qmp = self._qmp()
        answer = qmp.execute(command, **arguments)
        qmp.close()
        return answer

    def lines(self):
        """Returns the lines that the screen shows, without spaces at their ends."""
        path = os.path.join(self.machine.directory, "screen")
        if self.pixels:
            self._execute("screendump", filename=path)
        else:
            self._execute("pmemsave", val=VGA_BASE, size=2 * VGA_COLUMNS * VGA_ROWS, filename=path)
        with open(path, "rb") as file:
            data = file.read()
        if self.pixels:
            return pixel_text(data, self.glyphs)
        text = data[::2].decode("latin-1")
        return [text[at:at + VGA_COLUMNS].rstrip() for at in range(0, len(text), VGA_COLUMNS)]

    def expect(self, pattern, patience_seconds=60):
        """Waits until the screen's text matches, and returns the match."""
        deadline = time.monotonic() + patience_seconds
        while True:
            text = "\n".join(self.lines())
            found = re.search(pattern, text, re.MULTILINE)
            if found:
                return found
            assert time.monotonic() < deadline, f"the screen does not show {pattern!r} but\n{text}"
            self.hear(0.2)

    def hear(self, seconds):
        """Reads what comes on the serial line within a time."""
        data = self.machine.read_bytes(seconds)
        if data is None:
            raise MachineError("the machine ended")
        self.heard += data

    def wait_heard(self, count, patience_seconds=60):
        """Waits until so many bytes have come on the serial line."""
        deadline = time.monotonic() + patience_seconds
        while len(self.heard) < count:
            assert time.monotonic() < deadline, f"the serial line ends with {self.heard[-500:]!r}"
            self.hear(0.2)

    def set_action(self, **actions):
        """Says what QEMU does at an event: set_action(reboot="reset")."""
        self._execute("set-action", **actions)

    def press(self, *keys):
        """Presses keys of QEMU's names together, and releases them: press("ctrl", "c")."""
        self._execute("human-monitor-command", **{"command-line": "sendkey " + "-".join(keys) + " 1"})

    def release(self):
        """Waits until what was typed has been read, and releases Shift, Control and Alt: a release that came while the
        keyboard was full is lost, and the key counts as held."""
        heard = -1
        while heard < len(self.heard):
            heard = len(self.heard)
            self.hear(1)
        for key in ("shift", "ctrl", "alt"):
            self.press(key)

    def hold(self, key, times):
        """Has the keyboard repeat a key that is held, and releases it. The terminal must echo something for it."""
        qmp = self._qmp()
        down = {"type": "key", "data": {"down": True, "key": {"type": "qcode", "data": key}}}
        for _ in range(0, times, HELD_KEYS):
            heard = len(self.heard)
            qmp.execute("input-send-event", events=[down] * HELD_KEYS)
            self.wait_heard(heard + 1)
        qmp.execute("input-send-event", events=[{"type": "key", "data": {**down["data"], "down": False}}])
        qmp.close()

    def type(self, text):
        """Types a text, by QEMU's monitor."""
        for character in text:
            plain = SHIFTED.get(character, character.lower())
            shift = ("shift",) if plain != character else ()
            self.press(*shift, KEYS.get(plain, plain))
            time.sleep(0.005)  # each key is held for a millisecond of the guest

    def type_echoed(self, text):
        """Types a text of which each character is echoed, on the serial line, too: the next keys wait for the echo of
        those before."""
        for at in range(0, len(text), ECHOED_KEYS):
            keys, heard = text[at:at + ECHOED_KEYS], len(self.heard)
            self.type(keys)
            self.wait_heard(heard + len(keys))
