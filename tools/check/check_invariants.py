#!/usr/bin/env python3
"""Checks that docs/invariants.md agrees with the tables of tests and mutants.

Each invariant of tests/runner/mutant.py has a section with its short form as heading. A section
lists the mutants that tests/mutants has for its invariant, each with the test that kills it.
Every test that the chapter names exists. Both ends of a range of ids belong to one subject.
"""

import os
import re
import sys

import tree

CHAPTER = "docs/invariants.md"
HEADING = re.compile(r"^## (I\d+): (.*)$", re.MULTILINE)
ROW = re.compile(r"^\| `([\w-]+)` \| `([A-Z]{3}\d{4})` \|$", re.MULTILINE)
TEST = re.compile(r"^[ \t]*(?:\w+_)?TEST\(\s*([A-Z]{3}\d{4})", re.MULTILINE)
ID = re.compile(r"\b([A-Z]{3})\d{4}\b")
RANGE = re.compile(r"`([A-Z]{3}\d{4})` to\s+`([A-Z]{3}\d{4})`")
PARTS = ("Rule", "Broken by", "Asserted", "Tests", "Mutants")


def sections(text):
    """Returns {number: (short form, body)} of the chapter."""
    pieces = HEADING.split(text)
    return {number: (short, body)
            for number, short, body in zip(pieces[1::3], pieces[2::3], pieces[3::3])}


def compare(chapter, invariants, mutants):
    """Returns complaints about sections and mutants that differ from the tables."""
    found = sections(chapter)
    complaints = [f"{number} has no section" for number in invariants if number not in found]
    for number, (short, body) in found.items():
        if invariants.get(number, short) != short:
            complaints.append(f"{number}: the heading is {short!r}, and the table says "
                              f"{invariants[number]!r}")
        complaints += [f"{number}: no part **{part}**" for part in PARTS
                       if f"**{part}.**" not in body]
        told = set(ROW.findall(body))
        real = {(one.name, one.test) for one in mutants if one.invariant == number}
        complaints += [f"{number}: there is no mutant {name} that {test} kills"
                       for name, test in sorted(told - real)]
        complaints += [f"{number}: the mutant {name}, killed by {test}, is not listed"
                       for name, test in sorted(real - told)]
    return complaints


def tests_complaints(chapter, ids):
    """Returns complaints about tests that do not exist."""
    missing = sorted({match.group(0) for match in ID.finditer(chapter)} - ids)
    ranges = [(first, last) for first, last in RANGE.findall(chapter)
              if first[:3] != last[:3] or first >= last]
    return [f"there is no test {test_id}" for test_id in missing] + \
        [f"{first} to {last} is no range" for first, last in ranges]


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    if not os.path.exists(os.path.join(root, "tests", "mutants")):
        tree.finish([])
    if not os.path.exists(os.path.join(root, CHAPTER)):
        tree.finish([f"{CHAPTER} is missing"])
    sys.path.insert(0, os.path.join(root, "tests"))
    import mutants  # pylint: disable=import-outside-toplevel  # of the checked tree
    from runner import mutant  # pylint: disable=import-outside-toplevel
    chapter = tree.read(root, CHAPTER)
    ids = {test_id for name in tree.files(root, ".c")
           for test_id in TEST.findall(tree.without_c_comments(tree.read(root, name)))}
    complaints = compare(chapter, mutant.INVARIANTS, mutants.MUTANTS)
    complaints += tests_complaints(chapter, ids)
    tree.finish([f"{CHAPTER}: {complaint}" for complaint in complaints])


if __name__ == "__main__":
    main()
