#!/usr/bin/env python3
"""Checks the labs themselves: `make labs-check`.

The solution of each lab earns all points, the skeleton what lab.toml says, and each wrong solution and each
attack of labs/NN-NAME/wrong/ just what its file says. Sizes are checked as well. The last line is
`N passed, N failed`.
"""

import argparse
import os
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tests", "tools/check")]

from lab import clean_tree, course, grade, measure  # noqa: E402  # pylint: disable=wrong-import-position


class Planted:
    """One planted submission: wrong/NAME.toml says what it changes and which items it loses."""

    def __init__(self, lab, path):
        said = course.read_toml(path)
        self.lab, self.name = lab, os.path.basename(path)[:-len(".toml")]
        self.what, self.base, self.edits = said["what"], said.get("base", "solution"), said["edit"]
        self.lost = [item.name for item in lab.items] if said["lost"] == "all" else said["lost"].split()

    def bodies(self, clean):
        """Returns {key: body} of the submission. Raises ValueError if an edit does not fit."""
        bodies = dict(getattr(clean, self.base)(self.lab))
        for edit in self.edits:
            key = (self.lab.number, edit["region"])
            if "body" in edit:
                bodies[key] = edit["body"]
            elif bodies[key].count(edit["old"]) == 1:
                bodies[key] = bodies[key].replace(edit["old"], edit["new"])
            else:
                raise ValueError(f"{self.name}: {edit['region']} has its code "
                                 f"{bodies[key].count(edit['old'])} times, not once: {edit['old']!r}")
        return bodies


def planted(lab):
    """Returns the planted submissions of a lab."""
    folder = os.path.join(lab.folder, "wrong")
    return [Planted(lab, os.path.join(folder, name))
            for name in sorted(os.listdir(folder)) if name.endswith(".toml")]


def graded(clean, lab, bodies, name):
    """Returns the grading of some bodies."""
    clean.put(lab, bodies)
    return grade.grade(lab, clean.paths, os.path.join(clean.paths.results, "grade", name), who=name,
                       tell=lambda text: None)


def compare(grading, lost):
    """Returns what is wrong with a grading that is to lose just these items."""
    return [f"{item.name} earned {item.earned} of {item.points}"
            + "".join(f"\n        {line}" for line in item.why[:4])
            for item in grading.items if (item.earned < item.points) != (item.name in lost)]


def submissions(clean, lab):
    """Yields (name, a function that gives the bodies, the items that are lost)."""
    every = [item.name for item in lab.items]
    yield "solution", lambda: clean.solution(lab), []
    if lab.skeleton_points == 0:
        yield "skeleton", lambda: clean.skeleton(lab), every
    for one in planted(lab):
        yield one.name, lambda one=one: one.bodies(clean), one.lost


def check_lab(clean, lab, wanted=lambda name: True, tell=print):
    """Checks one lab. Returns (how many passed, complaints)."""
    regions = [place for key, place in clean.found.items()
               if key[0] == lab.number and key[1] not in lab.unwritten]
    complaints = measure.complaints(clean.root, lab, regions)
    passed = not complaints
    for name, bodies, lost in submissions(clean, lab):
        if not wanted(name):
            continue
        begin = time.monotonic()
        grading = graded(clean, lab, bodies(), name)
        found = compare(grading, lost)
        found += [grading.note] * bool(grading.note)
        tell(f"lab {lab.number} {name}: {grading.earned}/{grading.total}, "
             f"{time.monotonic() - begin:.0f} s{''.join(f'{chr(10)}    {line}' for line in found)}")
        passed += not found
        complaints += [f"lab {lab.number} {name}: {line}" for line in found[:1]]
    return passed, complaints


def main(arguments=None):
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lab", type=int)
    parser.add_argument("--only", default="", help="only these submissions, by name, with commas")
    options = parser.parse_args(arguments)
    grade.watch.leave_no_machine()
    jobs, passed, failed = len(os.sched_getaffinity(0)), 0, 0
    clean = clean_tree.CleanTree(ROOT, os.path.join(ROOT, "build", "labs", "check"), jobs=jobs)
    for number, lab in clean.labs.items():
        if options.lab in (None, number) and lab.machine:
            right, complaints = check_lab(
                clean, lab, lambda name: not options.only or name in options.only.split(","))
            passed, failed = passed + right, failed + len(complaints)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
