#!/usr/bin/env python3
"""Checks that retired words do not come back.

The list is tools/check/retired_words: a regular expression, a tab, and what is said instead; after
another tab, the folders to which that is limited. It is looked for in the names of files and in all
their lines, in large letters or small, but not in the list itself, in the glossary (which may name an
old word), in CHANGES.md, and in pictures.
"""

import os
import re

import tree

LIST = "tools/check/retired_words"
EXEMPT = (LIST, "docs/glossary.md", "CHANGES.md", "LICENSE", "tests/self/test_words.py")
EXEMPT_SUFFIXES = (".png", ".svg")


def patterns(text):
    """[(number of the line, compiled pattern, what to say instead, folders)] of the list."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            pattern, instead, places, *_ = line.split("\t") + ["", ""]
            found.append((number, re.compile(pattern, re.IGNORECASE), instead.strip(),
                          tuple(places.split())))
    return found


def list_complaints(words):
    """What is wrong with the list."""
    return [f"{LIST}:{number}: nothing stands behind the tab: what is said instead?"
            for number, _, instead, _ in words if not instead]


def word_complaints(name, text, words):
    """Retired words in one file."""
    complaints = []
    for _, pattern, instead, places in words:
        if places and not name.startswith(places):
            continue
        if pattern.search(name):
            complaints.append(f"{name}: the file's name has a retired word; say: {instead}")
        if not pattern.search(text):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for match in pattern.finditer(line):
                complaints.append(f"{name}:{number}: '{match.group(0)}' is retired; say: {instead}")
    return complaints


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    if not os.path.exists(os.path.join(root, LIST)):
        tree.finish([f"{LIST} is missing"])
    words = patterns(tree.read(root, LIST))
    complaints = list_complaints(words)
    for name in tree.files(root):
        if name in EXEMPT or name.endswith(EXEMPT_SUFFIXES):
            continue
        complaints += word_complaints(name, tree.read(root, name), words)
    tree.finish(complaints)


if __name__ == "__main__":
    main()
