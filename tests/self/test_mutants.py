"""Mutants that prove nothing are refused: by fake sources, a fake build and a fake emulator."""

import os
import stat
import sys

import pytest
import mutants as table
from runner.mutants import (Laboratory, Mutant, Refused, apply_edits, choose, commit_third,
                            table_complaints)
from runner.paths import Paths

OLD, NEW = "protect();\n", "(void)0;\n"
HEAD = "KTAP version 1\n1..1\n"
END = "# totals: passed {} failed {} skipped {}\n# end of tests\n"
PASS = HEAD + "# {id} starting\nok 1 {id} it works\n" + END.format(1, 0, 0)
FAIL = HEAD + "# {id} starting\nnot ok 1 {id} it works\n" + END.format(0, 1, 0)
SKIP = HEAD + "# {id} starting\nok 1 {id} it works # SKIP no\n" + END.format(0, 0, 1)
PANIC = HEAD + "# {id} starting\nPANIC: all is lost\n"
EARLY = "PANIC: nothing came up\n"
HANG = HEAD + "# {id} starting\n"

# Prints what the "kernel" says for the tests that it is asked for; a last line "hang" hangs.
QEMU = """#!{python}
import re, sys, time
kernel = open(sys.argv[sys.argv.index("-kernel") + 1]).read()
test = re.search(r"test=(\\S+)", " ".join(sys.argv)).group(1)
output = eval(kernel)[test].replace("{{id}}", test)
print(output, end="", flush=True)
if output.endswith("starting\\n"):
    time.sleep(100)
sys.exit(33 if "end of tests" in output and "not ok" not in output else
         35 if "not ok" in output else 37)
"""

MAKEFILE = """build/release/kernel.elf: engine.c kernel
	! grep -q broken engine.c
	cp kernel $@
"""


@pytest.fixture
def attempt(tree):
    """A function that makes a tree whose kernel says `output` in STK9001, and tries a mutant."""
    def attempt(output, sanity=PASS, edits=(("engine.c", OLD, NEW),)):
        root = tree({"engine.c": OLD, "kernel": repr({"LIB0001": sanity, "STK9001": output}),
                     "Makefile": MAKEFILE, "build/release/flags": "",
                     "qemu": QEMU.format(python=sys.executable)})
        os.chmod(os.path.join(root, "qemu"), stat.S_IRWXU)
        paths = Paths(root)
        paths.qemu = os.path.join(root, "qemu")
        laboratory = Laboratory(paths, say=lambda line: None, limit_seconds=2)
        verdict = laboratory.attempt(Mutant("one", "I1", "STK9001", edits))
        with open(os.path.join(root, "engine.c"), encoding="utf-8") as file:
            assert file.read() == OLD, "the working tree was changed"
        return verdict
    return attempt


@pytest.mark.parametrize("output, killer", [
    (FAIL, "STK9001 failed"), (PANIC, "STK9001 panicked: PANIC: all is lost")])
def test_killed_by_a_failure_or_a_panic_of_its_test(attempt, output, killer):
    verdict = attempt(output)
    assert (verdict.killer, verdict.refusal) == (killer, "")


@pytest.mark.parametrize("output, words", [
    (PASS, "SURVIVED"), (SKIP, "SURVIVED"), (EARLY, "SURVIVED"), (HANG, "SURVIVED"),
    ("", "SURVIVED")])
def test_what_is_no_failure_of_the_test_is_no_death(attempt, output, words):
    assert words in attempt(output).refusal


@pytest.mark.parametrize("sanity", [FAIL, PANIC, EARLY, HANG, SKIP, ""])
def test_a_mutant_that_does_not_come_up_is_refused(attempt, sanity):
    assert "does not pass LIB0001" in attempt(FAIL, sanity=sanity).refusal


def test_a_mutant_that_does_not_build_is_refused(attempt):
    assert "does not build" in attempt(FAIL, edits=(("engine.c", OLD, "broken"),)).refusal


def test_a_mutant_whose_text_is_not_there_is_refused(attempt):
    assert "0 times" in attempt(FAIL, edits=(("engine.c", "other", NEW),)).refusal


def test_a_text_that_stands_there_twice_is_refused(tree):
    root = tree({"engine.c": OLD + OLD})
    with pytest.raises(Refused, match="2 times"):
        apply_edits(root, [("engine.c", OLD, NEW)])


def test_the_table_is_whole_and_its_thirds_are_all_of_it():
    assert table_complaints(table.MUTANTS) == []
    assert len(table.MUTANTS) >= 15
    thirds = [choose(table.MUTANTS, third=third) for third in range(3)]
    assert sorted(m.name for third in thirds for m in third) == \
        sorted(m.name for m in table.MUTANTS)
    assert choose(table.MUTANTS, "I6,gate-one*")[0].name == "gate-one-short"


def test_an_invariant_without_mutant_is_a_complaint():
    without = [mutant for mutant in table.MUTANTS if mutant.invariant != "I5"]
    assert table_complaints(without) == ["I5 has no mutant"]


def test_without_git_it_is_the_first_third(tmp_path):
    assert commit_third(str(tmp_path)) == 0
