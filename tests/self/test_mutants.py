"""Mutants that prove nothing are refused: by fake sources, a fake build and a fake emulator."""

import os
import stat
import sys
import time

import pytest
import mutants as table
from runner import mutant_boot
from runner.mutant import (Mutant, Refused, apply_edits, choose, commit_turn, edits_complaints, of_turn,
                           table_complaints)
from runner.mutants import Laboratory, Verdict, count_of
from runner.paths import Paths

OLD, NEW = "protect();\n", "(void)0;\n"
HEAD = "KTAP version 1\n1..2\n"
END = "# totals: passed {} failed {} skipped {}\n# end of tests\n"
SANE = "# ACP0001 starting\nok 1 ACP0001 it is sane\n"
BEGIN = HEAD + SANE + "# STK9001 starting\n"
PASS = BEGIN + "ok 2 STK9001 it works\n" + END.format(2, 0, 0)
FAIL = BEGIN + "# tests/a.c:1: x is 1\nnot ok 2 STK9001 it works\n" + END.format(1, 1, 0)
SKIP = BEGIN + "ok 2 STK9001 it works # SKIP no\n" + END.format(1, 0, 1)
PANIC = BEGIN + "PANIC: x is lost\n"
HANG = BEGIN
ANOTHER = BEGIN + "# tests/a.c:1: y is 1\nnot ok 2 STK9001 it works\n" + END.format(1, 1, 0)
INSANE = HEAD + SANE.replace("ok 1", "not ok 1") + END.format(0, 1, 0)
EARLY = "PANIC: nothing came up\n"

# Prints what the "kernel" says in this mode; a test that has only started hangs.
QEMU = """#!{python}
import re, sys, time
kernel = open(sys.argv[sys.argv.index("-kernel") + 1]).read()
line = " ".join(sys.argv)
assert "-icount" in line and "test=ACP0001,STK9001 exit=1" in line
output = eval(kernel)[re.search(r"stack=(\\S+)", line).group(1)]
print(output, end="", flush=True)
if output.endswith("starting\\n"):
    time.sleep(100)
sys.exit(33 if "end of tests" in output and "not ok" not in output else
         35 if "not ok" in output else 37)
"""

MAKEFILE = """build/release/kernel.elf: engine.c kernel tools/build/tool
	! grep -q broken engine.c
	cp kernel $@
"""


class Clock:
    """The clock of the boots, put forward when a test hangs."""

    ahead = 0

    def monotonic(self):
        return time.monotonic() + self.ahead


@pytest.fixture
def attempt(tree, monkeypatch):
    """A function that makes a tree whose kernel says `output`, and tries a mutant."""
    def attempt(output, edits=(("engine.c", OLD, NEW),), modes=("fault",), eager=""):
        clock, feed = Clock(), mutant_boot.ktap.Reader.feed

        def feed_and_wait(reader, data):
            fresh = feed(reader, data)
            if output == HANG and reader.running:
                clock.ahead += 1000
            return fresh

        monkeypatch.setattr(mutant_boot, "time", clock)
        monkeypatch.setattr(mutant_boot.ktap.Reader, "feed", feed_and_wait)
        root = tree({"engine.c": OLD, "kernel": repr({"fault": output, "eager": eager}),
                     "Makefile": MAKEFILE, "build/release/flags": "", "tools/build/tool": "",
                     "qemu": QEMU.format(python=sys.executable)})
        os.chmod(os.path.join(root, "qemu"), stat.S_IRWXU)
        paths = Paths(root)
        paths.qemu = os.path.join(root, "qemu")
        laboratory = Laboratory(paths, say=lambda line: None, repeat=2, limit_seconds=300)
        verdict = laboratory.attempt(Mutant("one", "I1", "STK9001", "x is", edits, modes))
        with open(os.path.join(root, "engine.c"), encoding="utf-8") as file:
            assert file.read() == OLD, "the working tree was changed"
        return verdict
    return attempt


@pytest.mark.parametrize("output, killer", [
    (FAIL, "STK9001 failed: tests/a.c:1: x is 1"), (PANIC, "STK9001 failed: PANIC: x is lost")])
def test_killed_by_a_failure_or_a_panic_of_its_test(attempt, output, killer):
    verdict = attempt(output)
    assert (verdict.killer, verdict.refusal) == (killer, "")


@pytest.mark.parametrize("output", [PASS, SKIP, HANG])
def test_what_is_no_failure_of_the_test_is_no_death(attempt, output):
    assert "SURVIVED" in attempt(output).refusal


def test_a_death_of_something_else_is_none(attempt):
    assert "not of 'x is'" in attempt(ANOTHER).refusal


def test_it_must_die_in_each_of_its_modes(attempt):
    both = ("fault", "eager")
    assert attempt(FAIL, modes=both, eager=FAIL).killer
    assert "eager: SURVIVED" in attempt(FAIL, modes=both, eager=PASS).refusal


@pytest.mark.parametrize("output", [INSANE, EARLY, HEAD, ""])
def test_a_mutant_that_does_not_come_up_is_refused(attempt, output):
    assert "does not come up" in attempt(output).refusal


def test_a_mutant_that_does_not_build_is_refused(attempt):
    assert "does not build" in attempt(FAIL, (("engine.c", OLD, "broken"),)).refusal


def test_a_mutant_whose_text_is_not_there_is_refused(attempt):
    assert "0 times" in attempt(FAIL, (("engine.c", "other", NEW),)).refusal


def test_a_text_that_stands_there_twice_is_refused(tree):
    root = tree({"engine.c": OLD + OLD})
    with pytest.raises(Refused, match="2 times"):
        apply_edits(root, [("engine.c", OLD, NEW)])


@pytest.mark.parametrize("name, text, old", [
    ("a.c", "f(1); /* why */\n\tg(2);\n", "f(1);\n    g(2);\n"),
    ("a.c", "f(1);\n    // g(0); f(1);\n    g(2);\n", "f(1);\n    g(2);\n"),
    ("a.c", 'f(1);\n    g(2); p("/* no comment */");\n', 'f(1); g(2); p("/* no comment */");'),
    ("a.asm", "    f ; why; g\n    g\n", "f\n    g\n"),
])
def test_comments_and_white_space_are_no_part_of_the_code(tree, name, text, old):
    root = tree({name: "/* f(1); g(2); */ " * name.endswith(".c") + text})
    apply_edits(root, [(name, old, "h(3);\n")])
    with open(os.path.join(root, name), encoding="utf-8") as file:
        assert file.read().strip().endswith("h(3);")


@pytest.mark.parametrize("path, old, new", [
    ("a.c", "f(); /* why */", "g();"), ("a.c", "f();", "g(); // why"), ("a.asm", "f ; why", "g")])
def test_a_comment_in_the_table_is_a_complaint(path, old, new):
    extra = Mutant("one", "I1", "STK0001", "x", ((path, old, new),))
    assert table_complaints([*table.MUTANTS, extra]) == \
        [f"one: a comment in the code that it changes in {path}"]


def test_the_table_is_whole_and_its_thirds_are_all_of_it():
    assert table_complaints(table.MUTANTS) == []
    assert len(table.MUTANTS) >= 15
    thirds = [choose(table.MUTANTS, third=third) for third in range(3)]
    assert sorted(m.name for third in thirds for m in third) == \
        sorted(m.name for m in table.MUTANTS)
    assert choose(table.MUTANTS, "I6,gate-one*")[0].name == "gate-one-short"


def test_the_edits_of_the_table_fit_the_sources():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    assert edits_complaints(root, table.MUTANTS) == []


def test_an_invariant_without_mutant_is_a_complaint():
    without = [mutant for mutant in table.MUTANTS if mutant.invariant != "I5"]
    assert table_complaints(without) == ["I5 has no mutant"]


def test_nine_commits_in_a_row_try_the_whole_table():
    tried = [m.name for turn in range(20684, 20693) for m in of_turn(table.MUTANTS, turn)[2]]
    assert sorted(tried) == sorted(m.name for m in table.MUTANTS)


def test_without_git_it_is_the_first_turn(tmp_path):
    assert commit_turn(str(tmp_path)) == 0


def test_both_are_counted():
    dead = Verdict("a", killer="T", mutant=table.MUTANTS[0])
    alive = Verdict("b", refusal="SURVIVED", mutant=table.MUTANTS[1])
    assert count_of([dead, alive, dead, Verdict("unchanged")]) == "2 killed, 1 survived"
