#!/usr/bin/env python3
"""Checks the pictures of the book, without drawing them.

Each docs/pictures/*.dot has an SVG beside it that was drawn from its present text. `make pictures`
repairs it. Each SVG has a source, and a document shows it. A file that a source names exists. In
layers.dot the cells with an `id` are exactly the folders of the kernel's layers, and those of a layer
stand in the order that check_layers.py holds.
"""

import os
import re
import sys

import check_layers
import tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "build"))
import pictures  # noqa: E402  # pylint: disable=wrong-import-position

FOLDER = "docs/pictures"
LAYERS = ("lib", "boot", "mm", "sched", "kernel", "arch/x86_64")
NAMED_FILE = re.compile(r"\b[\w-]+(?:/[\w-]+)+\.(?:c|h|asm|md|py)\b")
CELL = re.compile(r'<td[^>]*\bid="([^"]+)"')


def folders(root):
    """Returns the paths of the folders in the kernel's layers that hold sources."""
    found = {os.path.dirname(name) for name in tree.files(root, ".c", ".h", ".asm")}
    return {name for name in found if any(name == layer or name.startswith(layer + "/")
                                          for layer in LAYERS)}


def layers_complaints(root, text):
    """Returns complaints about folders that layers.dot lacks or invents."""
    drawn, real = set(CELL.findall(text)), folders(root)
    return [f"{FOLDER}/layers.dot: {name} is not drawn" for name in sorted(real - drawn)] + \
        [f"{FOLDER}/layers.dot: there is no {name}" for name in sorted(drawn - real)]


def order_complaints(text):
    """Returns complaints about rooms that layers.dot draws in another order than ROOMS."""
    complaints = []
    for layer, rooms in check_layers.ROOMS.items():
        prefix = "arch/x86_64/" if layer == "arch" else f"{layer}/"
        drawn = [name[len(prefix):] for name in CELL.findall(text) if name.startswith(prefix)]
        known = [name for name in drawn if name in rooms]
        if known != sorted(known, key=rooms.index):
            complaints.append(f"{FOLDER}/layers.dot: the rooms of {layer} stand in another order"
                              f" than in tools/check/check_layers.py:ROOMS")
    return complaints


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    names = [name for name in tree.files(root) if name.startswith(FOLDER + "/")]
    shown = "".join(tree.read(root, name) for name in tree.files(root, ".md"))
    complaints = []
    for name in names:
        base, kind = os.path.splitext(name)
        if kind == ".dot":
            text = tree.read(root, name)
            if f"{base}.svg" not in names:
                complaints.append(f"{name}: was never drawn; try: make pictures")
            elif pictures.mark_of(text) not in tree.read(root, f"{base}.svg"):
                complaints.append(f"{name}: has changed since it was drawn; try: make pictures")
            complaints += [f"{name}: there is no {path}" for path in NAMED_FILE.findall(text)
                           if not os.path.exists(os.path.join(root, path))]
            if os.path.basename(name) == "layers.dot":
                complaints += layers_complaints(root, text) + order_complaints(text)
        elif f"{base}.dot" not in names:
            complaints.append(f"{name}: has no source")
        elif f"pictures/{os.path.basename(name)}" not in shown:
            complaints.append(f"{name}: no document shows it")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
