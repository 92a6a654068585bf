"""The check of the model refuses a search that proves nothing, and a guard that guards nothing."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "model"))
import model  # noqa: E402  # pylint: disable=wrong-import-position

GOOD = """\
Full statespace search for:
State-vector 92 byte, depth reached 180, errors: 0
     1234 states, stored
"""
BROKEN = """\
pan:1: assertion violated ((cover_lost||(mag[c]>=1)) (at depth 12)
Warning: Search not completed
Full statespace search for:
State-vector 92 byte, depth reached 12, errors: 1
       99 states, stored
"""


def test_a_complete_search_counts():
    outcome = model.judge(GOOD, True)
    assert (outcome.broken, outcome.states, outcome.depth) == ("", 1234, 180)


@pytest.mark.parametrize("text, reason", [
    ("error: max search depth too small\n" + GOOD, "depth limit"),
    ("pan: out of memory\n" + GOOD, "memory"),
    ("pan: reached -DMEMLIM bound\nWarning: Search not completed\n" + GOOD, "not completed"),
    (GOOD.replace("Full", "Bit"), "not exhaustive"),
    ("\t+ Hash-Compact\n" + GOOD, "not exhaustive"),
    (GOOD.replace("errors: 0", "errors: 1"), "do not agree"),
    (BROKEN.replace("errors: 1", "errors: 0"), "do not agree"),
    ("", "not the output"),
    ("Full statespace search for:\n", "no counts"),
])
def test_a_search_that_proves_nothing_is_refused(text, reason):
    with pytest.raises(model.Refused, match=reason):
        model.judge(text, True)


@pytest.mark.parametrize("error, name", [
    ("assertion violated ((cover_lost||(mag[c]>=1)) (at depth 12)", "cover"),
    ("assertion violated frames_lost (at depth 12)", "conserved"),
    ("acceptance cycle (at depth 12)", "served"),
    ("invalid end state (at depth 12)", "invalid end state"),
])
def test_what_broke_is_told_by_name(error, name):
    assert model.property_of(error) == name


needs_spin = pytest.mark.skipif(not shutil.which("spin"), reason="spin is missing")


@needs_spin
def test_a_depth_limit_that_is_reached_is_refused(tmp_path):
    with pytest.raises(model.Refused, match="depth limit"):
        model.search(model.Run("x", "x", model.NUMBERS), str(tmp_path / "x"), depth_limit=1000)


@needs_spin
@pytest.mark.parametrize("breaks, macro, complaint", [
    ("cover", "GATE_ONE_SHORT", ""),
    ("one-cpu", "GATE_ONE_SHORT", "breaks cover instead"),
    ("", "GATE_ONE_SHORT", "broken: cover"),
    # Three frames are all in stacks: nobody can be let through, so no guard is asked for.
    ("cover", "FRAMES=3 HOG=0", "breaks nothing"),
    ("cover", "PAGES=none", "spin: "),
])
def test_guards_must_break_what_they_are_for(tmp_path, breaks, macro, complaint):
    macros = macro if "=" in macro else f"{model.NUMBERS} {macro}"
    outcome = model.check(model.Run("x", "x", macros, breaks=breaks), str(tmp_path))
    assert outcome.complaint.startswith(complaint) and bool(outcome.complaint) == bool(complaint)


def test_every_property_of_the_model_is_broken_by_some_guard():
    assert {run.breaks for run in model.GUARDS} == set(model.PROPERTIES.values()) | {"served"}


def test_every_macro_of_a_guard_stands_in_the_model():
    for run in model.GUARDS:
        with open(os.path.join(ROOT, "tests", "model", run.model), encoding="utf-8") as file:
            text = file.read()
        assert f"def {run.name.split('=')[0]}\n" in text, run.name


def test_without_spin_it_fails_and_says_so(tmp_path):
    done = subprocess.run([sys.executable, model.__file__, "deep", "--tap", "--out",
                           str(tmp_path)], env={"PATH": "/nonexistent"}, stdout=subprocess.PIPE,
                          text=True, check=False)
    assert done.returncode == 1
    assert "spin: No such file" in done.stdout
    assert done.stdout.endswith("0 passed, 1 failed\n")
