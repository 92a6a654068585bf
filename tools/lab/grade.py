#!/usr/bin/env python3
"""Grades a tree: `make grade` in a student's tree, and the engine of the teachers' grader.

Each item of the points file has a machine of its own, so a panic in one costs no other. An item earns
its points if all of its tests passed and all that was looked at from outside was right: nothing in
between. The last line is TOTAL n/100, and the status is 0 whenever it could grade.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests")]

from lab import answers, course, model, report, result, watch  # noqa: E402  # pylint: disable=wrong-import-position
from lab.image import Image  # noqa: E402  # pylint: disable=wrong-import-position
from runner.paths import BuildError, Paths  # noqa: E402  # pylint: disable=wrong-import-position

NOT_SHOWN = "hidden tests: not shown here"


def judge(item, seen):
    """Returns what one item earned, given what was Seen of its machine."""
    why = []
    for test in item.tests:
        if item.fails and "failed check" in seen.verdicts[test]:
            continue
        if item.fails or seen.verdicts[test] != watch.PASSED:
            why.append(f"{test}: expected: {'failed checks' if item.fails else 'passed'}; seen: {seen.verdicts[test]}")
            why += [f"    {note}" for note in seen.notes.get(test, [])[:3]]
    for name, (right, wrong) in seen.observed.items():
        why += [f"{name}, from outside: {words}" for words in wrong[:2]]
        if not wrong and right < item.least:
            why.append(f"{name}, from outside: expected {item.least} that are right; seen: {right}")
    if why and seen.end.startswith("hang"):
        why += [seen.end] + [line for line in seen.lines if line.startswith(("NMI: CPU", "  #"))][:24]
    return result.ItemResult(item.name, item.what, item.points, 0 if why else item.points, item.hidden,
                             why, item.reason if why else "", f"make grade ITEM={item.name}", seen.needed)


def grade_item(lab, item, paths, image, given=()):
    """Boots the machine of one item and judges it, or the answers of one."""
    if item.answers:
        return (report if lab.report else answers).judge(item, *given)
    if not item.tests:
        return result.ItemResult(item.name, NOT_SHOWN, item.points, 0, True)
    if item.model:
        return model.judge(item, paths)
    if image is None:
        return result.ItemResult(item.name, item.what, item.points, 0, item.hidden,
                                 ["the tree does not build"])
    seen = watch.Watch(paths, image, item.tests, item.name, f"{lab.cmdline} {item.cmdline}".strip(),
                       (item.outside,) if item.outside else (), lab.budget_of(item), item if item.death else None).run()
    return judge(item, seen)


def build(paths):
    """Builds the kernel. Returns (its Image, "") or (None, what make said)."""
    try:
        paths.make_files([paths.kernel("release"), paths.archive])
        return Image(paths.kernel("release")), ""
    except BuildError as error:
        return None, str(error)


def grade(lab, paths, directory, wanted="", who="", tell=print, given=()):
    """Builds and grades a tree. Returns the Grading. In a lab of written answers, `given` is what
    answers.judge() or report.judge() needs of them."""
    grading = result.Grading(lab.number, lab.title, lab.total, who)
    image, grading.note = build(paths) if lab.machine else (None, "")
    if grading.note:
        tell(grading.note)
    with ThreadPoolExecutor(max_workers=paths.jobs) as pool:
        for one in pool.map(lambda item: grade_item(lab, item, paths, image, given),
                            [item for item in lab.items if wanted in ("", item.name)]):
            grading.items.append(one)
            tell(result.text_of(one))
            result.write_all(grading, directory)
    return grading


def written(folder):
    """Returns (answers, digests, salt) of a student's tree. An answer file that cannot be read has none."""
    with open(os.path.join(folder, "digests.json"), encoding="utf-8") as file:
        said = json.load(file)
    try:
        with open(os.path.join(folder, "answers.toml"), encoding="utf-8") as file:
            given = answers.read(file.read())
    except (OSError, ValueError) as error:
        print(f"lab/answers.toml cannot be read: {error}")
        given = {}
    return given, said["digests"], said["salt"]


def measured(paths):
    """Returns the right answers of a report: what the kernel of these paths measures. Raises BuildError, BenchError,
    or KeyError for a figure that it does not print."""
    paths.make_files([paths.kernel("release"), paths.archive])
    return report.right_of(report.measure(paths.kernel("release"), paths.archive))


def measured_here(paths):
    """Returns measured() of a student's tree, which may have been changed; if nothing can be measured says so, and
    returns None."""
    try:
        return measured(paths)
    except (BuildError, report.machine.BenchError, KeyError) as error:
        print(f"this tree's kernel cannot be measured: {error}")
        return None


def reported(folder, paths):
    """Returns (answers, right ones, text) of a student's report. One that cannot be read is empty."""
    try:
        given, text = report.read(folder)
    except (OSError, ValueError) as error:
        print(f"the report cannot be read: {error}")
        given, text = {}, ""
    return given, measured_here(paths), text


def main(arguments=None):
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--item", default="", help="only this one")
    options = parser.parse_args(arguments)
    watch.leave_no_machine()
    lab = course.read_lab(os.path.join(ROOT, "lab"))
    if options.item and options.item not in [item.name for item in lab.items]:
        print(f"lab {lab.number} has no item {options.item}; it has: {', '.join(item.name for item in lab.items)}",
              file=sys.stderr)
        return 2
    paths = Paths(ROOT, jobs=len(os.sched_getaffinity(0)))
    folder = os.path.join(ROOT, "lab")
    given = () if lab.machine else reported(folder, paths) if lab.report else written(folder)
    grading = grade(lab, paths, os.path.join(paths.results, "grade"), options.item, given=given)
    print(f"TOTAL {grading.earned}/{grading.total}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
