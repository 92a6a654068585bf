"""Folded stacks and a flame graph of stack faults: which call paths push stacks beyond each page.

A line of folded stacks is the page, then the functions of the path from the outermost to the one that
touched the page, and the number of pages that were filled there.
"""

import bisect
import html

PAGE_BYTES = 4096
KERNEL_BASE = 0xffffffff80000000
WIDTH, ROW, CHARACTER, LEAST = 1200, 18, 6.6, 0.4
COLOURS = ("#c6dbef", "#9ecae1", "#fdd0a2", "#fdae6b", "#c7e9c0", "#a1d99b")


class Symbols:
    """The functions of a kernel, from the output of nm -n."""

    def __init__(self, lines):
        self.starts, self.names = [], []
        for line in lines:
            parts = line.split()
            if len(parts) == 3 and parts[1] in "tT" and int(parts[0], 16) >= KERNEL_BASE:
                self.starts.append(int(parts[0], 16))
                self.names.append(parts[2])

    def find(self, address):
        """Returns the name of the function that has this address."""
        index = bisect.bisect_right(self.starts, address) - 1
        return self.names[index] if index >= 0 else "user mode"


def paths(recording):
    """Returns [(page, pages, addresses from the innermost step)] of the stack faults. The PATH events
    of a fault follow it directly on its CPU."""
    found, last = [], {}
    for event in recording.events:
        if event.kind == "FAULT":
            last[event.cpu] = (event.a // PAGE_BYTES + 1, event.small & 0xff, [])
            found.append(last[event.cpu])
        elif event.kind == "SAMPLE":
            last[event.cpu] = (0, 0, [])
        elif event.kind == "PATH":
            last[event.cpu][2].append(event.a)
    return found


def folded(recording, symbols):
    """Returns {(page, function...): pages}."""
    counts = {}
    for page, pages, addresses in paths(recording):
        # A return address may lie behind the last instruction of the caller: look before it.
        names = [symbols.find(address - (1 if i else 0)) for i, address in enumerate(addresses)]
        key = (f"page {page}", *reversed(names))
        counts[key] = counts.get(key, 0) + pages
    return counts


def folded_text(counts):
    """Returns the lines of folded stacks, for other tools that draw flame graphs."""
    return "".join(f"{';'.join(key)} {count}\n" for key, count in sorted(counts.items()))


def tree(counts):
    """Returns the tree of the paths: {name: [count, tree of those below]}."""
    root = {}
    for key, count in sorted(counts.items()):
        level = root
        for name in key:
            node = level.setdefault(name, [0, {}])
            node[0] += count
            level = node[1]
    return root


def depth(level):
    """Returns how deep a tree is."""
    return 1 + max((depth(below) for _, below in level.values()), default=-1) if level else 0


def svg(counts, title):
    """Returns a flame graph as SVG: the outermost function on top, the width is the pages filled."""
    root, total = tree(counts), sum(counts.values())
    height = (depth(root) + 2) * ROW
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
             f'font-family="monospace" font-size="11">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             f'<text x="4" y="13">{html.escape(title)}: {total} pages</text>']

    def draw(level, left, row):
        for name, (count, below) in level.items():
            wide = count * WIDTH / total
            if wide >= LEAST:
                label = name[:max(0, int((wide - 4) / CHARACTER))]
                colour = COLOURS[(2 * (row % 3) + (sum(map(ord, name)) & 1)) % len(COLOURS)]
                parts.append(f'<g><title>{html.escape(name)}: {count} pages</title>'
                             f'<rect x="{left:.1f}" y="{(row + 1) * ROW}" width="{wide:.1f}" '
                             f'height="{ROW - 1}" fill="{colour}" stroke="#ffffff"/>'
                             f'<text x="{left + 3:.1f}" y="{(row + 1) * ROW + 12}">'
                             f'{html.escape(label)}</text></g>')
                draw(below, left, row + 1)
            left += wide

    if total:
        draw(root, 0, 0)
    return "\n".join([*parts, "</svg>\n"])
