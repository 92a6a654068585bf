"""docs/systems.md is held against what ran: each kind of untruth is found."""

import os

import pytest

from runner import systems
from runner.result import FAILED, PASSED, SKIPPED, Group
from runner.row import Row

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")


def document(state="done", names="STK0001"):
    """All rows, the first with this state and these names, the others open."""
    lines = [f"| A1 | what | R | {state} | {names} | make run | book | |"]
    lines += [f"| {row} | what | | open | | | | |" for row in systems.ROWS[1:]]
    return "\n".join(lines)


def ran(name, outcome, group="pvh-1cpu"):
    """A group with one case."""
    made = Group(group)
    made.add(name, outcome)
    return [made]


def test_a_row_whose_test_passed_is_good():
    assert systems.complaints(document(), ran("STK0001", PASSED)) == ([], [])


@pytest.mark.parametrize("text, groups, words", [
    (document(), [], "did not run"),
    (document(), ran("STK0001", FAILED), "failed"),
    (document(), ran("STK0001", SKIPPED), "did not run and pass"),
    (document(names=""), ran("STK0001", PASSED), "nothing shows it"),
    (document(state="partly", names=""), [], "nothing shows it"),
    (document(state="open"), ran("STK0001", PASSED), "is open"),
    (document(state="finished"), ran("STK0001", PASSED), "no state"),
    (document() + "\n" + document(), ran("STK0001", PASSED), "twice"),
    ("", [], "missing"),
    (document().replace(" make run |", ""), ran("STK0001", PASSED), "columns"),
    (document(names="row:pvh-1cpu"), ran("STK0001", FAILED), "row:pvh-1cpu failed"),
])
def test_untruths_are_found(text, groups, words):
    assert any(words in line for line in systems.complaints(text, groups)[0])


def test_a_whole_row_can_show_it():
    assert systems.complaints(document(names="row:pvh-1cpu"), ran("STK0001", PASSED)) == ([], [])


ABSENT = (Row("crowd", tests="UTH0020", rotates="long"),)


@pytest.mark.parametrize("name", ["row:crowd", "UTH0020"])
def test_what_only_an_absent_row_shows_is_skipped_by_name(name):
    group = systems.check_systems(document(names=name), ran("UTH0020", SKIPPED), ABSENT)
    assert [case.outcome for case in group.cases] == [PASSED, SKIPPED]
    assert name in group.cases[1].name


def test_an_absent_row_excuses_no_test_that_it_does_not_name():
    lines, left = systems.complaints(document(), [], (Row("bochs-a", tests="[A-S]*", rotates="bochs"),))
    assert lines == ["A1: STK0001 did not run and pass"] and not left


def test_a_failure_is_no_absence():
    group = systems.check_systems(document(names="UTH0020"), ran("UTH0020", FAILED), ABSENT)
    assert group.cases[0].outcome == FAILED


def test_a_row_that_has_its_turn_is_not_absent():
    assert systems.complaints(document(names="row:crowd"), [], ())[0] == ["A1: row:crowd did not run and pass"]


def test_the_document_of_this_tree_is_well_formed():
    with open(os.path.join(ROOT, "docs", "systems.md"), encoding="utf-8") as file:
        assert len(systems.parse(file.read())) == len(systems.ROWS)
