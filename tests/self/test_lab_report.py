"""What counts as an answer, and as a report: labs 0 and 10."""

import os
import sys

import pytest
from conftest import ROOT

sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests")]

from lab import answers, check_written, course, grade, report  # noqa: E402  # pylint: disable=wrong-import-position
from runner.paths import BuildError  # noqa: E402  # pylint: disable=wrong-import-position

MEASURED = {mode: {name: 100 * (at + 1) + 7 * number for number, name in enumerate(report.FIGURES + report.FAULTS)}
         for at, mode in enumerate(report.MODES)}


@pytest.fixture(name="written")
def fixture_written():
    """The planted submissions of lab 10, for figures that no machine has measured."""
    written = check_written.Written.__new__(check_written.Written)
    written.lab, written.right = course.labs(ROOT)[10], report.right_of(MEASURED)
    return written


def lost(written, given, text):
    return [item.name for item in written.lab.items if not report.judge(item, given, written.right, text).earned]


def test_figures_that_are_made_up_lose_although_the_report_fits_them(written):
    assert not lost(written, *written.base("solution"))
    assert lost(written, *written.base("solution", percent=130)) == ["fault", "lend", "prefault", "findings"]


def test_a_report_shows_each_figure_that_is_asked_for_though_no_answer_was_given(written):
    _, text = written.base("solution")
    assert lost(written, {}, text) == [item.name for item in written.lab.items]


@pytest.mark.parametrize("given", ["²", "٣", "9" * 5000, "0x" + "f" * 5000, ["1"], True])
def test_what_is_no_number_is_wrong_and_stops_no_grading(given):
    assert not report.is_right(given, 107)
    assert report.is_right("0x6B", 107) and report.is_right(" 105 ", 107)
    assert answers.digest("salt", "walk.page", given) != answers.digest("salt", "walk.page", 107)


def test_a_file_of_answers_that_cannot_be_read_is_refused_in_words():
    for text in ("x = " + "[" * 100_000, "[fault", "x = " + "9" * 5000):
        with pytest.raises(ValueError):
            answers.read(text)


@pytest.mark.parametrize("error", [BuildError("no rule"), report.machine.BenchError("it ended early"), KeyError("switch")])
def test_a_tree_that_cannot_be_measured_is_graded_all_the_same(written, error, monkeypatch, capsys):
    def fail(_paths):
        raise error
    monkeypatch.setattr(grade, "measured", fail)
    given, text = written.base("solution")
    right = grade.measured_here(None)
    assert str(error) in capsys.readouterr().out
    earned = {item.name: report.judge(item, given, right, text).earned for item in written.lab.items}
    assert earned["report"] > 0
    assert not any(points for name, points in earned.items() if name != "report")
