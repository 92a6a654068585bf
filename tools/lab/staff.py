#!/usr/bin/env python3
"""Grades a submission with all tests, hidden ones too, in a clean tree: `make lab-grade`.

Of the submission only what stands in the lab's regions is taken, and in those of earlier labs. Its tests,
its Makefile and its other files are not used.
"""

import argparse
import os
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tests", "tools/check")]

from lab import answers, carry, clean_tree, course, grade, questions, regions, report  # noqa: E402  # pylint: disable=wrong-import-position


def submitted(path, number):
    """Returns {key: body} of the regions of a submission, of this lab and earlier ones."""
    return {key: region.body for key, (_, region) in regions.of_tree(carry.tree_texts(path)).items()
            if key[0] <= number}


def grade_one(clean, lab, path, out, tell=print, who=""):
    """Grades the submission in the folder `path` and returns the Grading. Raises Malformed or OSError if
    it cannot be read."""
    who = who or os.path.basename(os.path.abspath(path))
    if lab.report:
        clean.put(lab, {})
        try:
            given, text = report.read(os.path.join(path, "lab"))
        except ValueError as error:
            raise regions.Malformed(f"lab/answers.toml: {error}") from error
        return grade.grade(lab, clean.paths, out, who=who, tell=tell,
                           given=(given, grade.measured(clean.paths), text))
    if not lab.machine:
        return grade.grade(lab, clean.paths, out, who=who, tell=tell, given=written(lab, path))
    clean.put(lab, {**clean.skeleton(lab), **submitted(path, lab.number)})
    return grade.grade(lab, clean.paths, out, who=who, tell=tell)


def written(lab, path):
    """Returns the answers of a submission, with this tree's own digests and salt."""
    with open(os.path.join(path, "lab", "answers.toml"), encoding="utf-8") as file:
        try:
            given = answers.read(file.read())
        except ValueError as error:
            raise regions.Malformed(f"lab/answers.toml: {error}") from error
    _, right = questions.make(lab.seed)
    return given, answers.digests_of(lab.seed, right), answers.salt_of(lab.seed)


def main(arguments=None):
    """Runs the command. The status is 0 whenever the submission was graded."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lab", type=int, required=True)
    parser.add_argument("--submission", required=True)
    parser.add_argument("--out", default="")
    parser.add_argument("--who", default="", help="the name in the results; that of the folder")
    parser.add_argument("--tree", default=os.path.join(ROOT, "build", "labs", "clean"), help="the clean tree")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(arguments)
    grade.watch.leave_no_machine()
    why = course.missing(ROOT, options.lab) or \
        ("" if os.path.isdir(options.submission) else f"there is no folder {options.submission}")
    if why:
        print(why, file=sys.stderr)
        return 2
    clean = clean_tree.CleanTree(ROOT, options.tree, jobs=options.jobs)
    out = options.out or os.path.join(ROOT, "build", "labs", "results",
                                      os.path.basename(os.path.abspath(options.submission)))
    try:
        grading = grade_one(clean, clean.labs[options.lab], options.submission, out, who=options.who)
    except (regions.Malformed, OSError) as error:
        print(f"the submission cannot be read: {error}", file=sys.stderr)
        return 1
    print(f"TOTAL {grading.earned}/{grading.total}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
