"""What the grader does with a kernel that lacks what it looks for."""

import os
import sys
from types import SimpleNamespace

import pytest
from conftest import ROOT

sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tools/check")]

from lab import check, clean_tree, course, grade, image, result, watch  # noqa: E402  # pylint: disable=wrong-import-position


class Machine:
    """One that is started and stopped, and no more."""

    reader = SimpleNamespace(lines=[])

    def start(self):
        """Starts nothing."""

    stop = start

    @staticmethod
    def gdb():
        return SimpleNamespace(break_at=lambda address: None)

    @staticmethod
    def gdb_socket():
        return "/nowhere/gdb"


@pytest.fixture(name="kernel")
def fixture_kernel(tmp_path, monkeypatch):
    """An Image with the symbols that every kernel has, and no other."""
    monkeypatch.setattr(watch.boot, "make_machine", lambda row, paths: Machine())
    monkeypatch.setattr(watch, "Qmp", lambda path: None)
    for name in ("offsets.inc", "stack_offsets.inc"):
        (tmp_path / name).write_text("")
    address = image.Addresses({"selftest_verdict": 1, "test_fail": 2, "panic": 3, "entry_double_fault": 4})
    return SimpleNamespace(path=str(tmp_path / "kernel.elf"), address=address, function_of=lambda prefix: [])


def test_what_is_watched_and_was_not_built_loses_the_item_and_nothing_else(kernel, tmp_path):
    """A stub that never reaches a function lets the compiler leave the function out."""
    item = course.Item("sweep", 10, "what", ("EVT0001",), outside="losses")
    seen = watch.Watch(clean_tree.Paths(str(tmp_path)), kernel, item.tests, "x", observers=(item.outside,)).run()
    graded = grade.judge(item, seen)
    assert graded.earned == 0 and "the kernel has no round_judge" in graded.why[0]


@pytest.fixture(name="running")
def fixture_running(kernel, tmp_path, monkeypatch):
    """A Watch of a machine that prints nothing, and a function that gives it what it reads at its next looks: pairs of
    thousand million instructions and seconds of the machine's clock."""
    one = watch.Watch(clean_tree.Paths(str(tmp_path)), kernel, ("EVT0001",), "x", budget=5_000_000_000)
    one.machine.reader.unfinished = lambda: ""
    monkeypatch.setattr(one, "_hang", lambda words: words)

    def looks(*pairs):
        instructions, seconds = map(iter, zip(*pairs))
        monkeypatch.setattr(one, "_instructions", lambda: next(instructions) * 1_000_000_000)
        monkeypatch.setattr(one, "_clock_seconds", lambda: next(seconds))
        return one
    return looks


def test_a_slow_host_costs_no_points_and_a_machine_that_stands_still_is_a_hang(running):
    one = running((0, 0), (1, 0), (1, 1), (3, 1), (3, 1), (3, 1), (6, 1))
    ends = [one.end_reason(now) for now in (100, 200, 300, 400, 519, 521, 530)]
    assert ends[:5] == [""] * 5
    assert "the host waited too long" in ends[5] and "not over after 5000000000 instructions" in ends[6]


def test_a_machine_that_waits_for_ever_is_a_hang_although_it_executes_nothing(running):
    one = running((1, 0), (1, watch.GUEST_SECONDS), (1, watch.GUEST_SECONDS + 1))
    ends = [one.end_reason(now) for now in (100, 101, 102)]
    assert ends[:2] == ["", ""] and "idle" in ends[2]


def test_a_budget_that_leaves_a_solution_too_little_room_is_named():
    lab = course.labs(ROOT)[5]
    given = lab.items[0]
    half = lab.budget_of(given) // 2
    graded = [result.ItemResult(item.name, item.what, item.points, item.points, instructions=0) for item in lab.items]
    grading = result.Grading(5, lab.title, lab.total, items=graded)
    graded[0].instructions = half
    assert not check.budget_complaints(lab, grading)
    graded[0].instructions = half + 1
    complaint, = check.budget_complaints(lab, grading)
    assert given.name in complaint and str(2 * half) in complaint
