"""The figures of the coursework: what there is, and what was earned."""

import json
import os
import re
import sys

from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

from lab import check, course, figures, measure, result  # noqa: E402  # pylint: disable=wrong-import-position


def cells_of(lines):
    """The rows of a table below its head, as lists of words."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_figures_of_the_coursework_are_those_of_the_tree():
    """Lines move with every change of a file, so a tenth more or less passes."""
    with open(os.path.join(ROOT, "docs", "teaching.md"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    made = figures.of_tree(ROOT)
    at = lines.index(made[0])
    for shown, wanted in zip(cells_of(lines[at:at + len(made)]), cells_of(made), strict=True):
        said = f"{shown} is {wanted}: make labs-figures prints the table that docs/teaching.md must have"
        assert shown[0] == wanted[0] and shown[3:] == wanted[3:], said
        for one, other in zip(shown[1:3], wanted[1:3]):
            numbers = [int(word.replace(",", "")) if word[0].isdigit() else 0 for word in (one, other)]
            assert abs(numbers[0] - numbers[1]) <= numbers[1] / 10, said


def test_what_was_graded_is_noted_and_told(tmp_path):
    labs = course.labs(ROOT)
    grading = result.Grading(5, "Dynamic stacks", 100, "somebody")
    for name, earned in (("solution", 100), ("refill-late", 70), ("attack-flood", 0)):
        grading.items = [result.ItemResult("a", "first", 100, earned)]
        check.record(str(tmp_path), 5, name, grading, True, {"seconds": 1.0, "processor": 2.2})
    check.record(str(tmp_path), 5, "attack-flood", grading, True, {"seconds": 12.6, "processor": 4.0})
    with open(check.record_path(str(tmp_path)), encoding="utf-8") as file:
        graded = json.load(file)
    wrong, _ = figures.names_of(labs[5])
    graded["5"][wrong[0]] = graded["5"].pop("refill-late")
    lines = figures.of_check({5: labs[5]}, graded)
    assert f"| 5 | 100 of 100 | ? | 1 of 1, {len(wrong)} there | 1 s, 13 s (attack-flood) | 2 s, 4 s (attack-flood) |" \
        in lines
    assert "| flood | 5: 0 |" in lines and "| signs | 5: ? |" in lines


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
