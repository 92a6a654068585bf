#!/usr/bin/env python3
"""Draws a part of a trace as SVG: the threads that each CPU ran, stack faults, and stacks as they grow.

    tools/trace/picture.py build/trace/demo.bin docs/images/timeline.svg

It draws the time around the stack faults, which a timeline of the whole would hide.
"""

import html
import sys

import events
import trace_model
import timeline

WIDTH, LEFT, ROW, DEPTH_HEIGHT, MARGIN = 1200, 110, 34, 90, 10
FAULTS = 24          # faults that the picture shows
STACKS = 4           # stacks that it shows: the deepest of that time
STACK_BYTES = 16384
PAGE_BYTES = 4096
LEAST_LABEL = 46
COLOURS = ("#9ecae1", "#fdae6b", "#a1d99b", "#bcbddc", "#fdd0a2", "#c7e9c0")


def window(items):
    """Returns the time to draw: that of the first FAULTS stack faults that follow one another closely."""
    faults = [item.ns for item in items if item.name == "stack fault"]
    if len(faults) < 2:
        return items[0].ns, items[-1].ns
    count = min(FAULTS, len(faults))
    first = min(range(len(faults) - count + 1), key=lambda at: faults[at + count - 1] - faults[at])
    begin, end = faults[first], faults[first + count - 1]
    room = max(1, (end - begin) // 20)
    return begin - room, end + room


class Picture:
    """Collects the parts of an SVG."""

    def __init__(self, begin, end):
        self.begin, self.end, self.parts, self.top = begin, end, [], MARGIN

    def x(self, ns):
        """Returns the place of a time."""
        inside = min(max(ns, self.begin), self.end)
        return LEFT + (inside - self.begin) * (WIDTH - LEFT - MARGIN) / (self.end - self.begin)

    def text(self, x, y, words, size=12):
        """Adds words."""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}">{html.escape(words)}</text>')

    def runs(self, cpu, items):
        """Adds the row of a CPU."""
        self.text(MARGIN, self.top + ROW / 2 + 4, f"CPU {cpu}")
        opened = []
        for item in items:
            if item.track != ("cpu", cpu):
                continue
            if item.kind == "begin":
                opened.append(item)
            elif item.kind == "end":
                self.run(opened.pop(), item.ns, len(opened))
        for item in items:
            if item.track == ("cpu", cpu) and item.name == "stack fault" \
                    and self.begin <= item.ns <= self.end:
                x = self.x(item.ns)
                self.parts.append(f'<path d="M{x:.1f} {self.top - 2}v{ROW}" stroke="#cb181d" '
                                  'stroke-width="1.5"/>')
        self.top += ROW + MARGIN

    def run(self, item, end, level):
        """Adds one span; those inside of another are lower and narrow."""
        left, right = self.x(item.ns), self.x(end)
        if right - left < 0.3:
            return
        colour = COLOURS[sum(map(ord, item.name.split()[0])) % len(COLOURS)] if level == 0 else "#636363"
        y, tall = (self.top, ROW - 8) if level == 0 else (self.top + ROW - 7, 5)
        self.parts.append(f'<rect x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{tall}" '
                          f'fill="{colour}"><title>{html.escape(item.name)}</title></rect>')
        if level == 0 and right - left > LEAST_LABEL:
            self.text(left + 3, self.top + 16, item.name[:int((right - left) / 7)], 11)

    def depth(self, name, values):
        """Adds the curve of a stack from its first value on: how many bytes of it are in use, with a line for each
        page."""
        self.text(MARGIN, self.top + DEPTH_HEIGHT / 2, name)
        for page in range(STACK_BYTES // PAGE_BYTES + 1):
            y = self.top + page * DEPTH_HEIGHT / (STACK_BYTES // PAGE_BYTES)
            self.parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - MARGIN}" stroke="#dddddd"/>')
        path = ""
        for ns, used in values:
            y = self.top + min(used, STACK_BYTES) * DEPTH_HEIGHT / STACK_BYTES
            path += f"H{self.x(ns):.1f}V{y:.1f}" if path else f"M{self.x(ns):.1f} {y:.1f}"
        self.parts.append(f'<path d="{path}" fill="none" stroke="#08519c" stroke-width="1.5"/>')
        self.top += DEPTH_HEIGHT + MARGIN

    def svg(self):
        """Returns the picture."""
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.top + 24}" '
                f'font-family="sans-serif"><rect width="{WIDTH}" height="{self.top + 24}" fill="#ffffff"/>'
                + "\n".join(self.parts)
                + f'<text x="{LEFT}" y="{self.top + 12}" font-size="12">{(self.end - self.begin) / 1000:.1f} '
                'thousand instructions; red: stack faults; below: bytes of each stack in use, '
                'a line for each page</text></svg>\n')


def depth_curves(items, begin, end, name_of):
    """Returns {thread: [(time, bytes)]} of the stacks that change in the time to draw. A curve begins with the thread's
    last value before it; of a thread that had none, when it first runs, with nothing in use."""
    known, curves = {}, {}
    for item in items:
        if item.kind == "begin" and item.track[0] == "cpu":
            known.setdefault(item.name, (item.ns, 0))
        if item.track[0] == "thread" and item.track[2:] == ("stack depth",) and item.ns <= end:
            name = name_of(item.track[1])
            if item.ns >= begin:
                curves.setdefault(item.track[1], [known[name]] if name in known else []).append((item.ns, item.value))
            known[name] = (item.ns, item.value)
    return curves


def draw(recording):
    """Returns the SVG of a recording."""
    made = trace_model.Model(recording, timeline.calls())
    items = sorted(made.items, key=lambda item: item.ns)  # stable
    begin, end = window(items)
    picture = Picture(begin, end)
    for cpu in range(recording.cpus):
        picture.runs(cpu, items)
    curves = depth_curves(items, begin, end, made.name)
    deepest = sorted(curves, key=lambda thread: -max(value for _, value in curves[thread]))[:STACKS]
    for thread in sorted(deepest):
        picture.depth(made.name(thread), curves[thread])
    return picture.svg()


def main(arguments):
    """Draws one file."""
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    with open(arguments[0], "rb") as file:
        text = draw(events.read(file.read()))
    with open(arguments[1], "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
