"""The figures of the coursework: what there is, and what was earned."""

import os
import re
import shutil
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

from lab import check, checked, course, figures, measure, result  # noqa: E402  # pylint: disable=wrong-import-position


def cells_of(lines):
    """The rows of a table below its head, as lists of words."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def table_in(text, made):
    """The lines of a chapter that stand where a made table must be."""
    lines = text.splitlines()
    at = lines.index(made[0])
    return lines[at:at + len(made)]


def test_the_figures_of_the_coursework_are_those_of_the_tree_and_of_the_last_check():
    """Lines move with every change of a file, so a tenth more or less passes."""
    with open(os.path.join(ROOT, "docs", "teaching.md"), encoding="utf-8") as file:
        text = file.read()
    made = figures.of_tree(ROOT)
    for shown, wanted in zip(cells_of(table_in(text, made)), cells_of(made), strict=True):
        said = f"{shown} is {wanted}: make labs-record writes the table that docs/teaching.md must have"
        assert shown[0] == wanted[0] and shown[3:] == wanted[3:], said
        for one, other in zip(shown[1:3], wanted[1:3]):
            numbers = [int(word.replace(",", "")) if word[0].isdigit() else 0 for word in (one, other)]
            assert abs(numbers[0] - numbers[1]) <= numbers[1] / 10, said
    attacks = figures.of_attacks(ROOT)
    assert table_in(text, attacks) == attacks, "make labs-record writes the table that docs/teaching.md must have"


@pytest.fixture(name="copy")
def fixture_copy(tmp_path):
    """A tree that has the labs, a chapter with old tables, and nothing that was checked."""
    shutil.copytree(os.path.join(ROOT, "labs"), tmp_path / "labs", ignore=shutil.ignore_patterns("checked.json"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "teaching.md").write_text("| lab | other |\n|---|---|\n| 0 | stays |\n\n"
        "| lab | lines to write | old |\n|---|---|---|\n| 77 | 1 | 2 |\n\n| attack | earned, in labs |\n|---|---|\nend\n")
    return str(tmp_path)


def note(copy, lab, points):
    """Notes what each submission of a lab earned: what `points` says, else nothing."""
    grading = result.Grading(lab.number, lab.title, lab.total, "somebody")
    for name in figures.submissions_of(lab):
        grading.items = [result.ItemResult("a", "first", 100, points.get(name, 0))]
        check.record(copy, lab, name, grading, name != points.get("otherwise"),
                     {"digest": checked.digest_of(lab), "seconds": 1.0, "processor": 2.2})


def test_what_was_graded_is_recorded_until_the_lab_changes(copy, monkeypatch):
    monkeypatch.setattr(figures, "regions_of", lambda root: {})
    monkeypatch.setattr(figures.measure, "lines_to_read", lambda root, reading: 1234)
    chapter = os.path.join(copy, "docs", "teaching.md")
    lab = course.labs(copy)[5]
    wrong, attacks = figures.names_of(lab)
    note(copy, lab, {"solution": 100, wrong[0]: 70, wrong[1]: 100, "otherwise": wrong[2]})
    assert 5 not in figures.record(copy) and 6 in figures.record(copy)
    with open(chapter, encoding="utf-8") as file:
        text = file.read()
    assert f"| 100 | 0 | {len(wrong) - 2} of {len(wrong)} | {len(attacks)} |" in text
    assert "| 0 | stays |\n\n| lab | lines" in text and "| 77 |" not in text and "\nend\n" in text
    assert re.search(r"\| flood \| \? in 1, .*; 0 in 5", text)
    lines = figures.of_check({5: lab}, check.noted(copy))
    assert lines[-1] == f"| 5 | {len(wrong) + len(attacks) + 2} of {len(wrong) + len(attacks) + 2} | " \
        "1 s, 1 s (solution) | 2 s, 2 s (solution) |"
    with open(os.path.join(lab.folder, "wrong", f"{wrong[0]}.toml"), "a", encoding="utf-8") as file:
        file.write("# another mistake\n")
    assert 5 in figures.record(copy)
    with open(chapter, encoding="utf-8") as file:
        assert f"| ? | ? | ? of {len(wrong)} | {len(attacks)} |" in file.read().split("\n| 5 |")[1].split("\n")[0]


def test_a_chapter_without_its_table_is_not_written(copy):
    with open(os.path.join(copy, "docs", "teaching.md"), encoding="utf-8") as file:
        text = file.read()
    with pytest.raises(ValueError, match="has 0 tables that begin with . lab . lines to write"):
        figures.with_tables(text.replace("lines to write", "lines"), (["| lab | lines to write | new |", "|---|---|---|"],))


NUMBERS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
           "seventeen eighteen nineteen twenty").split()
WRITES = re.compile(r"You write about (\d+) lines, in (\w+) holes of (\w+) files?(?: and (\w+) of a model)?")


def test_each_handout_says_how_much_is_to_be_written():
    for lab in course.labs(ROOT).values():
        if not lab.machine:
            continue
        places = [place for key, place in figures.regions_of(ROOT).items()
                  if key[0] == lab.number and key[1] not in lab.unwritten]
        models = sum(path.endswith(".pml") for path, _ in places)
        files = {path for path, _ in places if not path.endswith(".pml")}
        with open(os.path.join(lab.folder, "handout.md"), encoding="utf-8") as file:
            lines, *counts = WRITES.search(file.read().replace("\n", " ")).groups()
        measured = measure.lines_to_write(places)
        assert abs(int(lines) - measured) <= measured / 10, f"lab {lab.number}: {measured} lines to write"
        assert [NUMBERS.index(word) if word else 0 for word in counts] == [len(places) - models, len(files), models], \
            f"lab {lab.number}: {len(places) - models} holes in {len(files)} files, {models} in a model"


def test_each_handout_has_its_parts_and_names_what_is_to_be_read():
    for lab in course.labs(ROOT).values():
        assert os.path.exists(os.path.join(lab.folder, "design.md"))
        with open(os.path.join(lab.folder, "handout.md"), encoding="utf-8") as file:
            handout = file.read()
        assert re.search(r"\*\*Difficulty:\*\* .+\*\*Expected:\*\* .+ hours", handout), f"lab {lab.number}"
        parts = dict(re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", handout, re.MULTILINE | re.DOTALL))
        assert list(parts) == ["Goal", "Reading", "Steps", "Questions", "Pitfalls", "Debugging just this"]
        assert len(re.findall(r"^\d+\. ", parts["Questions"], re.MULTILINE)) == 3, f"lab {lab.number}"
        for debugger in ("gdb", "Bochs"):
            assert debugger in parts["Debugging just this"], f"lab {lab.number}: {debugger}"
        for path in lab.reading:
            name = os.path.basename(path.split("#")[0])
            assert name.split(".")[0] in parts["Reading"], f"lab {lab.number}: {name} is to be read"
