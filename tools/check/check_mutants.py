#!/usr/bin/env python3
"""Checks that each mutant of tests/mutants still fits the sources.

Its old code must appear in its file exactly once. Neither the old nor the new code has a comment.
Its test exists, and each invariant has a mutant. A change to code that a mutant edits must change
the mutant as well."""

import os
import re
import sys

import tree

TEST = re.compile(r"^TEST\(\s*(\w+)", re.MULTILINE)


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    if not os.path.exists(os.path.join(root, "tests", "mutants")):
        tree.finish([])
    sys.path.insert(0, os.path.join(root, "tests"))
    import mutants  # pylint: disable=import-outside-toplevel  # of the checked tree
    from runner import mutant  # pylint: disable=import-outside-toplevel
    complaints = mutant.table_complaints(mutants.MUTANTS)
    complaints += mutant.edits_complaints(root, mutants.MUTANTS)
    ids = {test_id for name in tree.files(root, ".c")
           for test_id in TEST.findall(tree.read(root, name))}
    complaints += [f"{one.name}: there is no test {one.test}" for one in mutants.MUTANTS
                   if one.test not in ids]
    tree.finish([f"tests/mutants: {complaint}" for complaint in complaints])


if __name__ == "__main__":
    main()
