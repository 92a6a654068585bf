#!/usr/bin/env python3
"""Checks the ids of the in-kernel tests: well formed, unique, and with a sentence.

Every id that a document (outside of code blocks, which show examples), the matrix or
tests/exemptions names must exist; and since no pattern selects a DEATH_TEST, some row of the matrix
or some script of tests/boot/ must name it, or it would never run.
"""

import os
import re

import tree

TEST = re.compile(r"^[ \t]*(?:DEATH_|SOAK_)?TEST\(\s*([^,]*?)\s*,\s*(.*?)\s*\)\s*\{",
                  re.MULTILINE | re.DOTALL)
DEATH_TEST = re.compile(r"^[ \t]*DEATH_TEST\(\s*(\w+)", re.MULTILINE)
ID = re.compile(r"[A-Z]{3}\d{4}$")
MENTION = re.compile(r"\b[A-Z]{3}\d{4}\b")


def sentence(arguments):
    """The text of the string literals in the macro's arguments, joined as C joins them."""
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', arguments))


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    complaints, places, sentences = [], {}, {}
    for name in tree.files(root, ".c"):
        for test_id, rest in TEST.findall(tree.without_c_comments(tree.read(root, name))):
            if not ID.match(test_id):
                complaints.append(f"{name}: {test_id!r} is not three capitals and four digits")
                continue
            if test_id in places:
                complaints.append(f"{name}: {test_id} is also in {places[test_id]}")
            places[test_id] = name
            words = sentence(rest)
            if not words.strip() or " " not in words:
                complaints.append(f"{name}: {test_id} has no sentence")
            elif "#" in words or "\\n" in words:
                complaints.append(f"{name}: {test_id}: no '#' or line end in a sentence")
            elif words in sentences:
                complaints.append(f"{name}: {test_id} has the sentence of {sentences[words]}")
            sentences[words] = test_id
    for name in tree.files(root):
        kept = name.endswith(".md") or os.path.basename(name).startswith("CAVEATS")
        if kept or name in ("tests/exemptions", "tests/matrix.py"):
            text = tree.FENCE.sub("", tree.read(root, name))
            for mention in sorted(set(MENTION.findall(text))):
                if mention not in places:
                    complaints.append(f"{name}: there is no test {mention}")
    finally_run = "".join(tree.read(root, name) for name in tree.files(root, ".py")
                          if name == "tests/matrix.py" or name.startswith("tests/boot/"))
    for name in tree.files(root, ".c"):
        for test_id in DEATH_TEST.findall(tree.without_c_comments(tree.read(root, name))):
            if test_id not in finally_run:
                complaints.append(f"{name}: no row of tests/matrix.py runs {test_id}")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
