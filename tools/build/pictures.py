#!/usr/bin/env python3
"""Draws the pictures of the book: docs/pictures/*.dot to SVG, by graphviz.

    tools/build/pictures.py [--all]

Only pictures whose source has changed are drawn, or all with --all. Graphviz measures text with the
fonts of the machine, so two machines draw slightly different SVGs. Hence the SVGs are kept in the
tree, and the first line of each names the digest of the source that it was drawn from: by that
tools/check/check_pictures.py sees a picture that is out of date without drawing it.
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
    """The line that says what a picture was drawn from; `source` is the text of its .dot file."""
    return MARK.format(hashlib.sha256(source.encode()).hexdigest())


def read(path):
    """The text of a file, or nothing if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def draw(source):
    """The SVG of a source."""
    done = subprocess.run(["dot", "-Tsvg"], input=source, text=True, check=True,
                          stdout=subprocess.PIPE)
    lines = done.stdout.splitlines()
    return "\n".join([lines[0], mark_of(source), *lines[1:]]) + "\n"


def main(arguments):
    """Draws what is out of date."""
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
