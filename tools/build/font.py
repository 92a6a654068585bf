#!/usr/bin/env python3
"""Turn tools/build/font.txt into lib/font.c, or show the font as a picture.

  font.py              write lib/font.c
  font.py --check      fail if font.c is not what font.txt says
  font.py --show FILE  write a PPM with every glyph and a few lines of text, twice enlarged
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "tools/build/font.txt"
TARGET = ROOT / "lib/font.c"
ROWS = 16
COLUMNS = 8
NAMES = {"space": 32, "box": 127}

HEADER = """\
/*
 * The console's font as bits: eight rows a word, the top row in the highest byte, the leftmost
 * pixel in a byte's highest bit. Written by tools/build/font.py from tools/build/font.txt: change
 * the drawing there, then run it again.
 */
#include "lib/font.h"

const uint64_t font_glyphs[FONT_GLYPHS][2] = {
"""

SAMPLE = [
    "stalactite> help",
    "[   0.123456] 4 processors, 512 MiB of memory, TSC at 2496 MHz",
    "The quick brown fox jumps over the lazy dog. 0123456789",
    "SPHINX OF BLACK QUARTZ, JUDGE MY VOW! {[(<>)]} #include \"mm/frame/frame.h\"",
    "thread 17: grew 3 pages at 0xffffc90000a3bff8 in recurse+0x1c, 118 ticks",
    "il1I| 0O 8B 5S 2Z rn m vv w ;: ,. '` \"\" ~-_= ^ %d $4 a&b a@b x*y c\\d e/f ??!!",
]


def glyphs():
    """Returns the checked drawing as {code: [16 integers]}."""
    found = {}
    lines = [line for line in SOURCE.read_text().splitlines() if line and line[:2] != "# "]
    for start in range(0, len(lines), ROWS + 1):
        names = lines[start].split()
        rows = [line.split(" ") for line in lines[start + 1 : start + 1 + ROWS]]
        for column, name in enumerate(names):
            code = NAMES[name] if len(name) > 1 else ord(name)
            drawing = [row[column] for row in rows]
            if len(drawing) != ROWS or any(len(row) != COLUMNS for row in drawing):
                sys.exit(f"{SOURCE}: glyph {name} is not {COLUMNS} by {ROWS}")
            found[code] = [int(row.replace(".", "0").replace("#", "1"), 2) for row in drawing]
    if sorted(found) != list(range(32, 128)):
        sys.exit(f"{SOURCE}: glyphs missing or too many")
    return found


def c_text(found):
    """Returns font.c as a string."""
    text = HEADER
    for code, rows in sorted(found.items()):
        label = {32: "space", 92: "backslash", 127: "box"}.get(code, chr(code))
        words = [bytes(rows[:8]).hex(), bytes(rows[8:]).hex()]
        text += f"    {{0x{words[0]}, 0x{words[1]}}}, /* {label} */\n"
    return text + "};\n"


def show(found, path):
    """Writes the sample as a PPM, at twice the size."""
    everything = "".join(chr(code) for code in sorted(found))
    lines = [everything[i : i + 32] for i in range(0, len(everything), 32)] + [""] + SAMPLE
    width = max(len(line) for line in lines)
    pixels = bytearray()
    for line in lines:
        cells = [found[ord(c)] for c in line.ljust(width)]
        for row in range(ROWS):
            bits = [(cell[row] >> (7 - x)) & 1 for cell in cells for x in range(COLUMNS)]
            scan = b"".join((b"\xd0\xd8\xd0" if bit else b"\x10\x14\x18") * 2 for bit in bits)
            pixels += scan * 2
    with open(path, "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width * COLUMNS * 2, len(lines) * ROWS * 2) + pixels)


def main():
    found = glyphs()
    if sys.argv[1:2] == ["--show"] and len(sys.argv) == 3:
        show(found, sys.argv[2])
    elif sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != c_text(found):
            sys.exit(f"{TARGET} is not what {SOURCE} says: run tools/build/font.py")
    elif not sys.argv[1:]:
        TARGET.write_text(c_text(found))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
