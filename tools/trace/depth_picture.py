#!/usr/bin/env python3
"""Draws as SVG which functions' frames cost most stack: as seen at run time, and as the compiler says.

    tools/trace/depth_picture.py build/trace/demo.bin build/release docs/images/stack-profile.svg
"""

import html
import os
import sys

import depth
import events
import flame

WIDTH, LEFT, ROW, BAR, MARGIN = 900, 250, 30, 11, 10
FUNCTIONS = 20
SEEN, SAID = "#6baed6", "#fdae6b"


def svg(rows):
    """Returns the rows of depth.rows() as SVG: two bars for each function."""
    rows = rows[:FUNCTIONS]
    largest = max(max(most, said or 0) for _, _, _, most, said in rows)
    scale = (WIDTH - LEFT - 120) / largest
    height = (len(rows) + 2) * ROW + MARGIN
    parts = [f'<rect x="{LEFT}" y="8" width="12" height="12" fill="{SEEN}"/><text x="{LEFT + 18}" y="18">largest frame at '
             f'run time, bytes; in brackets bytes a path</text><rect x="{LEFT + 400}" y="8" width="12" height="12" '
             f'fill="{SAID}"/><text x="{LEFT + 418}" y="18">by the compiler, bytes</text>']
    for number, (name, _, mean, most, said) in enumerate(rows):
        top = (number + 1) * ROW
        parts.append(f'<text x="{LEFT - 8}" y="{top + 15}" text-anchor="end">{html.escape(name)}</text>')
        bars = [(SEEN, most, f"{most:,} ({mean:,.1f})")] + ([(SAID, said, f"{said:,}")] if said is not None else [])
        for at, (colour, value, words) in enumerate(bars):
            y = top + at * (BAR + 1)
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{value * scale:.1f}" height="{BAR}" fill="{colour}"/>'
                         f'<text x="{LEFT + value * scale + 4:.1f}" y="{y + BAR - 1}" font-size="10">{words}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
            f'font-size="12"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")


def main(arguments):
    """Draws one file."""
    if len(arguments) != 3:
        raise SystemExit(__doc__)
    with open(arguments[0], "rb") as file:
        recording = events.read(file.read())
    with open(os.path.join(arguments[1], "kernel.nm"), encoding="utf-8") as file:
        symbols = flame.Symbols(file)
    with open(arguments[2], "w", encoding="utf-8") as file:
        file.write(svg(depth.rows(recording, symbols, arguments[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
