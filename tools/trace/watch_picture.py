#!/usr/bin/env python3
"""Draws one picture of `make watch` as SVG, from the events of a run.

    tools/trace/watch_picture.py build/trace/demo.bin docs/images/watch.svg

Of the pictures that make watch prints, one for each hundredth of a second of guest time, it draws the one before
which most stacks faulted.
"""

import html
import re
import sys

import events
import live
import watch

COLUMN, ROW, MARGIN = 7.8, 17, 10
HEAD = 3  # lines before the cells
CELL = re.compile(r"[0-9a-is][0-9a-f]")
GROWN, SWAPPED, TEXT = "#fcae91", "#bdd7e7", "#222222"
PAGES = ("#ffffff", "#edf8e9", "#c7e9c0", "#a1d99b", "#74c476")  # by the pages that a stack has


def pictures(data):
    """Returns the pictures that make watch prints of these events, each as its lines and how many stacks faulted."""
    state, found = live.State(), []
    for at in range(0, len(data), events.RECORD.size):
        state.feed(data[at:at + events.RECORD.size])
        if state.seconds() - state.shown_at >= watch.PICTURE_SECONDS:
            grown = sum(stack.fault == state.picture for stack in state.stacks.values())
            found.append((state.lines(watch.WIDTH, watch.HEIGHT), grown))
    return found


def ground(cell):
    """Returns the colour of a cell."""
    if cell[0] == "s":
        return SWAPPED
    return PAGES[min(int(cell[0]), len(PAGES) - 1)] if cell[0].isdigit() else GROWN


def svg(lines):
    """Returns a picture's lines as SVG, the cells in colours."""
    lines = [*lines, "", live.KEY]
    width = max(map(len, lines)) * COLUMN + 2 * MARGIN
    height = len(lines) * ROW + 2 * MARGIN
    parts = []
    for number, line in enumerate(lines):
        top = MARGIN + number * ROW
        for found in CELL.finditer(line) if HEAD <= number < len(lines) - 2 else ():
            parts.append(f'<rect x="{MARGIN + found.start() * COLUMN - 2:.1f}" y="{top + 1}" '
                         f'width="{2 * COLUMN + 4:.1f}" height="{ROW - 2}" fill="{ground(found[0])}"/>')
        parts.append(f'<text x="{MARGIN}" y="{top + ROW - 4}" textLength="{len(line) * COLUMN:.1f}" '
                     f'xml:space="preserve">{html.escape(line)}</text>' if line else "")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-family="monospace" '
            f'font-size="13" fill="{TEXT}"><rect width="{width:.0f}" height="{height}" fill="#ffffff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def main(arguments):
    """Draws one file."""
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    with open(arguments[0], "rb") as file:
        found = pictures(file.read())
    if not found:
        raise SystemExit("watch_picture: the trace is shorter than a picture")
    lines, _ = max(found, key=lambda picture: picture[1])
    with open(arguments[1], "w", encoding="utf-8") as file:
        file.write(svg(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
