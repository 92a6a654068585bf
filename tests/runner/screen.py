"""Reads the text that a machine's screen shows, and types at its keyboard. By BIOS the text is in the memory
of the VGA. By UEFI the screen has pixels: each cell is compared with the kernel's font."""

import os
import re
import time

VGA_BASE, VGA_COLUMNS, VGA_ROWS = 0xb8000, 80, 25
FONT_COLUMNS, FONT_ROWS = 8, 16
CELLS_MOST = (160, 64)  # lib/screen.h
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

    ground = data[:3]
    blank = bytes(FONT_ROWS)
    cursor = [0] * 13 + [0xff] * 2 + [0]
    lines = []
    for row in range(height // high):
        line = ""
        for column in range(width // wide):
            drawn = cell(column, row)
            if drawn == bytes(cursor):
                drawn = blank
            line += glyphs.get(drawn, "\ufffd")
        lines.append(line.rstrip())
    return lines


class Screen:
    """The screen and the keyboard of a running QEMU."""

    def __init__(self, machine):
        self.machine = machine
        self.pixels = machine.row.boot.startswith("uefi")
        self.glyphs = font(machine.paths.root)

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
            self.machine.read_bytes(0.2)

    def press(self, *keys):
        """Presses keys of QEMU's names together, and releases them: press("ctrl", "c")."""
        self._execute("human-monitor-command", **{"command-line": "sendkey " + "-".join(keys) + " 1"})

    def type(self, text):
        """Types a text, by QEMU's monitor."""
        for character in text:
            plain = SHIFTED.get(character, character.lower())
            shift = ("shift",) if plain != character else ()
            self.press(*shift, KEYS.get(plain, plain))
            time.sleep(0.005)  # each key is held for a millisecond of the guest
