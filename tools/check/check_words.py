#!/usr/bin/env python3
"""Checks that retired words do not come back, and that each prototype's comment stands by itself.

The list is tools/check/retired_words. A line has a regular expression, a tab, and the word to use
instead. After another tab it may list the folders to which it is limited. The check searches the
names of files and all their lines, in upper and lower case. It leaves out the list itself, the
glossary (which may name an old word), CHANGES.md, and pictures.

A comment right before a prototype in a header must not begin with "The same", "As above" or
similar words. A reader finds a function by its name and reads that comment alone.
"""

import os
import re

import tree

LIST = "tools/check/retired_words"
EXEMPT = (LIST, "docs/glossary.md", "CHANGES.md", "LICENSE", "tests/self/test_words.py")
EXEMPT_SUFFIXES = (".png", ".svg")
BARE = re.compile(r"/\*[\s*]*((?:The same(?=[.,;:]| (?:as|for|of|with|without|from|until|in|on|to|by)\b)"
                  r"|As (?:above|before)|Likewise|Ditto)\b[^\n]*)(?:(?!\*/).)*\*/\s*\n"
                  r"(?=[a-z][^;{}#]*\([^;{}]*\)[^;{}]*;)", re.DOTALL)


def patterns(text):
    """Returns [(line number, compiled pattern, word to use instead, folders)] of the list."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            pattern, instead, places, *_ = line.split("\t") + ["", ""]
            found.append((number, re.compile(pattern, re.IGNORECASE), instead.strip(),
                          tuple(places.split())))
    return found


def list_complaints(words):
    """Returns complaints about the list itself."""
    return [f"{LIST}:{number}: nothing stands behind the tab: what is said instead?"
            for number, _, instead, _ in words if not instead]


def word_complaints(name, text, words):
    """Returns complaints about retired words in one file."""
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


def comment_complaints(name, text):
    """Returns complaints about prototypes' comments that refer to another comment."""
    return [f"{name}:{text.count(chr(10), 0, match.start()) + 1}: a prototype's comment begins with"
            f" {match.group(1).split(',')[0][:30].strip()!r}; let it stand by itself"
            for match in BARE.finditer(text)]


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
        text = tree.read(root, name)
        complaints += word_complaints(name, text, words)
        if name.endswith(".h"):
            complaints += comment_complaints(name, text)
    tree.finish(complaints)


if __name__ == "__main__":
    main()
