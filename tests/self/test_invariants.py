"""The check of docs/invariants.md passes a chapter that agrees with the tables and refuses others."""

import os
import shutil

import pytest
from conftest import ROOT
from test_checks import MUTANTS, check

PARTS = "**Rule.** r\n\n**Broken by.** b\n\n**Asserted.** a\n\n**Tests.** `STK0001`\n\n**Mutants.**\n"


def chapter(shorts):
    """A chapter with a section for each invariant and the mutant that MUTANTS has for it."""
    return "# Invariants\n\n" + "".join(
        f"## {key}: {short}\n\n{PARTS}\n| mutant | killed by |\n|---|---|\n"
        f"| `m{key[1:]}` | `STK0001` |\n\n" for key, short in shorts.items())


@pytest.mark.parametrize("old, new, wanted", [
    ("", "", None),
    ("`m3`", "`m33`", "I3: the mutant m3, killed by STK0001, is not listed"),
    ("`m3`", "`m33`", "I3: there is no mutant m33 that STK0001 kills"),
    ("| `m2` | `STK0001` |\n", "", "I2: the mutant m2"),
    ("## I4: ", "## I4: not ", "I4: the heading is"),
    ("## I5: ", "### I5: ", "I5 has no section"),
    ("**Asserted.**", "Asserted.", "I1: no part **Asserted**"),
    ("**Tests.** `STK0001`", "**Tests.** `STK0009`", "there is no test STK0009"),
    ("**Tests.** `STK0001`", "**Tests.** `STK0001` to `GAT0001`", "is no range"),
])
def test_invariants(tree, old, new, wanted):
    from runner.mutant import INVARIANTS
    text = chapter(INVARIANTS)
    assert old in text
    root = tree({"docs/invariants.md": text.replace(old, new, 1) if old else text,
                 "tests/mutants/__init__.py": MUTANTS.replace("TEST", "'STK0001'").replace("OLD", "'a'"),
                 "tests/a_test.c": 'TEST(STK0001, "a", ALWAYS)\n{\n}\nTEST(GAT0001, "b", ALWAYS)\n{\n}\n'})
    shutil.copytree(os.path.join(ROOT, "tests", "runner"), os.path.join(root, "tests", "runner"))
    status, output = check("invariants", root)
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output


def test_a_tree_with_mutants_needs_the_chapter(tree):
    assert check("invariants", tree({"lib/a.c": ""}))[0] == 0
    root = tree({"tests/mutants/__init__.py": ""})
    assert check("invariants", root) == (1, "docs/invariants.md is missing\n")
