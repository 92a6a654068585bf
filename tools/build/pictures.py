#!/usr/bin/env python3
"""Draws the pictures of the book: docs/pictures/*.dot to SVG, by graphviz.

    tools/build/pictures.py [--all]

The program draws only pictures whose source has changed, or all with --all. Graphviz measures text
with the fonts of the machine, so two machines draw slightly different SVGs. The SVGs are therefore
kept in the tree. The first line of each SVG holds the digest of its source, so that
tools/check/check_pictures.py finds outdated pictures without drawing them.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = "<!-- Drawn by `make pictures` from a source with SHA-256 {} -->"


def mark_of(source):
    """Returns the line with the digest of a picture's source, the text of its .dot file."""
    return MARK.format(hashlib.sha256(source.encode()).hexdigest())


def read(path):
    """Returns the text of a file, or nothing if it does not exist."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def draw(source):
    """Returns the SVG of a source."""
    done = subprocess.run(["dot", "-Tsvg"], input=source, text=True, check=True,
                          stdout=subprocess.PIPE)
    lines = done.stdout.splitlines()
    return "\n".join([lines[0], mark_of(source), *lines[1:]]) + "\n"


def main(arguments):
    """Draws the outdated pictures."""
    if not shutil.which("dot"):
        print("dot is missing: Debian has it in the package graphviz.", file=sys.stderr)
        return 1
    for path in sorted(glob.glob(os.path.join(ROOT, "docs", "pictures", "*.dot"))):
        source, target = read(path), path[:-len(".dot")] + ".svg"
        if "--all" in arguments or mark_of(source) not in read(target):
            with open(target, "w", encoding="utf-8") as file:
                file.write(draw(source))
            print("  DOT ", os.path.relpath(target, ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
