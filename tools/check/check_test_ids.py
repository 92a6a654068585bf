#!/usr/bin/env python3
"""Checks the ids of the tests: each is well formed, unique, and has a sentence. A test in the
kernel also has a condition.

In-kernel tests are TEST(id, "sentence", CONDITION), host unit tests HOST_TEST(id, "sentence"), and
tests that run in user mode USER_TEST(id, "sentence"); the condition of the latter is BOOT_ARCHIVE.
Every condition must be listed in tests/support/conditions.h. Every id must exist that a document
(outside of code blocks, which show examples), the matrix or tests/exemptions names. No pattern
selects a test of the condition DEATH. A row of the matrix or a script of tests/boot/ must name such
a test. Otherwise it would never run.
"""

import os
import re

import tree

TEST = re.compile(r'^[ \t]*(HOST_|USER_)?TEST\(\s*([^,]*?)\s*,\s*((?:"(?:\\.|[^"\\])*"\s*)*)'
                  r',?\s*([^)]*?)\s*\)\s*\{', re.MULTILINE)
CONDITION = re.compile(r"^TEST_CONDITION\((\w+)\)", re.MULTILINE)
CONDITIONS = "tests/support/conditions.h"
ID = re.compile(r"[A-Z]{3}\d{4}$")
MENTION = re.compile(r"\b[A-Z]{3}\d{4}\b")


def tests(root):
    """Yields (file, whether it is an in-kernel test, id, text of the literals, condition)."""
    for name in tree.files(root, ".c"):
        for match in TEST.finditer(tree.without_c_comments(tree.read(root, name))):
            of_user = match.group(1) == "USER_"
            yield (name, not match.group(1), match.group(2), sentence(match.group(3)),
                   "BOOT_ARCHIVE" if of_user else match.group(4))


def sentence(arguments):
    """Returns the macro's string literals, joined as C joins them."""
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', arguments))


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    complaints, places, sentences = [], {}, {}
    listed = CONDITION.findall(tree.read(root, CONDITIONS))
    conditions = {}
    for name, in_kernel, test_id, words, condition in tests(root):
        if not ID.match(test_id):
            complaints.append(f"{name}: {test_id!r} is not three capitals and four digits")
            continue
        if test_id in places:
            complaints.append(f"{name}: {test_id} is also in {places[test_id]}")
        places[test_id] = name
        if not words.strip() or " " not in words:
            complaints.append(f"{name}: {test_id} has no sentence")
        elif "#" in words or "\\n" in words:
            complaints.append(f"{name}: {test_id}: no '#' or line end in a sentence")
        elif words in sentences:
            complaints.append(f"{name}: {test_id} has the sentence of {sentences[words]}")
        sentences[words] = test_id
        if in_kernel and condition not in listed:
            complaints.append(f"{name}: {test_id}: {CONDITIONS} has no condition {condition!r}")
        conditions[test_id] = condition
    for name in tree.files(root):
        kept = name.endswith(".md") or os.path.basename(name).startswith("CAVEATS")
        if kept or name in ("tests/exemptions", "tests/matrix.py"):
            text = tree.FENCE.sub("", tree.read(root, name))
            for mention in sorted(set(MENTION.findall(text))):
                if mention not in places:
                    complaints.append(f"{name}: there is no test {mention}")
    finally_run = "".join(tree.read(root, name) for name in tree.files(root, ".py")
                          if name == "tests/matrix.py" or name.startswith("tests/boot/"))
    for test_id, condition in conditions.items():
        if condition == "DEATH" and test_id not in finally_run:
            complaints.append(f"{places[test_id]}: no row of tests/matrix.py runs {test_id}")
    for condition in listed:
        if condition not in conditions.values():
            complaints.append(f"{CONDITIONS}: no test has the condition {condition}")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
