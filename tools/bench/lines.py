#!/usr/bin/env python3
"""Counts lines of source by folder: those that hold code, those that hold only a comment or nothing, and files.

    lines.py [FOLDER ...]     the folders of the tree, or of these
"""

import collections
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KINDS = (".c", ".h", ".asm", ".py", ".mk", ".sh")
BLOCK = re.compile(r"/\*.*?\*/", re.DOTALL)
# What a comment of one line begins with, and what it must not be part of: code with a string stays code.
LINE_COMMENT = {".asm": ";", ".py": "#", ".mk": "#", ".sh": "#"}


def code_lines(text, kind):
    """Returns how many lines of a file are neither empty nor only a comment."""
    if kind in (".c", ".h"):
        text = BLOCK.sub(lambda found: "\n" * found.group().count("\n"), text)
    mark = LINE_COMMENT.get(kind)
    lines = (line.strip() for line in text.split("\n"))
    return sum(bool(line) and not (mark and line.startswith(mark)) for line in lines)


def folder_of(path, wanted):
    """Returns the folder that a file counts for: a folder of the root, or one folder deeper below `wanted`."""
    parts = path.split("/")
    if wanted:
        return next(("/".join(parts[:folder.count("/") + 2]) if len(parts) > folder.count("/") + 2 else folder
                     for folder in wanted if path.startswith(folder + "/")), None)
    return parts[0] if len(parts) > 1 else "."


def count(wanted):
    """Returns {folder: [files, lines of code, other lines]}."""
    names = subprocess.run(["git", "-C", ROOT, "ls-files"], stdout=subprocess.PIPE, text=True, check=True)
    found = collections.defaultdict(lambda: [0, 0, 0])
    for path in names.stdout.splitlines():
        kind, folder = os.path.splitext(path)[1], folder_of(path, wanted)
        full = os.path.join(ROOT, path)
        if folder is None or kind not in KINDS or not os.path.isfile(full):
            continue
        with open(full, encoding="utf-8") as file:
            text = file.read()
        code = code_lines(text, kind)
        totals = found[folder]
        totals[0] += 1
        totals[1] += code
        totals[2] += text.count("\n") - code
    return found


def main():
    """Prints the table."""
    found = count([folder.rstrip("/") for folder in sys.argv[1:]])
    rows = sorted(found.items()) + [("all", [sum(column) for column in zip(*found.values())])]
    print(f"{'folder':<24} {'files':>6} {'code':>8} {'other lines':>12}")
    for folder, (files, code, other) in rows:
        print(f"{folder:<24} {files:>6} {code:>8} {other:>12}")


if __name__ == "__main__":
    main()
