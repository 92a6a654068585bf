"""Measured depths of stacks are compared with the computed bounds, and each stack is a case."""

import json

from runner import hostside, marks
from runner.paths import Paths

BOUND = {"interrupt": {"ordinary": 700, "bound": 800, "limit": 4096, "nested": 900,
                       "nested_limit": 8192, "entry": True}}


def test_marks_are_held_against_bounds():
    good = marks.read_marks(["# entry stack high water: interrupt 600 of 4096, NMI 0 of 4096"])
    complaints, words = marks.compare(good, BOUND)
    assert not complaints and "interrupt 600 of 700" in words
    high = marks.read_marks(["# entry stack high water: interrupt 701 of 4096"])
    assert "701 bytes were used, and 700" in marks.compare(high, BOUND)[0][0]
    thread = marks.read_marks(["# entry stack high water: interrupt 6 of 4096",
                               "# thread stack high water: main 901 of 4096, event master 5 of 9"])
    assert thread == {"interrupt": (6, 4096), "thread main": (901, 4096),
                      "thread event master": (5, 9)}
    both = dict(BOUND, thread={"ordinary": 900})
    assert "thread main: 901 bytes" in marks.compare(thread, both)[0][0]
    assert "no marks of its threads" in marks.compare(good, both)[0][0]
    unknown = {"interrupt": (1, 4096), "nmi": (8, 4096)}
    assert "without a bound" in marks.compare(unknown, BOUND)[0][0]
    assert marks.compare({}, BOUND)[0] and marks.compare({"debug": (0, 4096)}, BOUND)[0]


def test_marks_of_one_way_in_are_held_against_its_bounds():
    both = {**BOUND, "fred-level-1": BOUND["interrupt"]}
    assert not marks.compare({"interrupt": (1, 4096)}, both)[0]
    assert not marks.compare({"fred-level-1": (700, 12288)}, both)[0]
    assert "701 bytes" in marks.compare({"fred-level-1": (701, 12288)}, both)[0][0]
    assert "without a mark" in marks.compare({"fred-level-2": (0, 12288)}, both)[0][0]


def test_each_stack_is_a_counted_case(tmp_path):
    (tmp_path / "build" / "release").mkdir(parents=True)
    path = tmp_path / "build" / "release" / "stack-bounds.json"
    paths = Paths(str(tmp_path))
    path.write_text(json.dumps(BOUND))
    assert hostside.stack_bounds(paths, print, ["release"]).count("passed") == 1
    path.write_text(json.dumps({"nmi": dict(BOUND["interrupt"], bound=5000)}))
    assert hostside.stack_bounds(paths, print, ["release"]).count("failed") == 1
    assert hostside.stack_bounds(paths, print, ["ubsan"]).count("failed") == 1
