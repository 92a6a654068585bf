"""Writes labs, builds and boots them, and grades the solution, the skeleton and planted submissions.

`make labs-check` grades every planted submission of every lab. This script takes a third of the labs by turns,
and of their submissions the skeleton, the solution, and by turns a wrong one or an attack.
"""

import os
import sys

import pytest

from runner import elf, mutant, program
from runner.paths import Paths

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tools", "check")]

from lab import check, checked, clean_tree, course, write  # noqa: E402  # pylint: disable=wrong-import-position

LABS = course.labs(ROOT)
CODE = [number for number, lab in LABS.items() if lab.machine]
WRITTEN = [number for number in LABS if number not in CODE]
THIRD = 3


def of_this_turn(numbers):
    """Returns the labs that this commit tries: every third."""
    return sorted(numbers)[mutant.commit_turn(ROOT) % THIRD::THIRD]


@pytest.fixture(name="clean", scope="module")
def fixture_clean(request, tmp_path_factory):
    """A clean tree of the teachers that shares this tree's objects."""
    words, jobs = request.config.getoption("--make"), request.config.getoption("--jobs")
    Paths(ROOT, jobs=jobs, words=words).make_files(
        [os.path.join(ROOT, "build", name) for name in ("release/kernel.elf", "boot.tar")])
    return clean_tree.CleanTree(ROOT, str(tmp_path_factory.mktemp("labs") / "clean"), words, max(2, jobs))


@pytest.mark.parametrize("number", of_this_turn(CODE))
def check_students_tree(start, tmp_path, clean, number):
    """a student's tree builds without a warning, says what is not yet there, and is graded"""
    lab = LABS[number]
    out = str(tmp_path / "student")
    assert write.main(["--lab", str(lab.number), "--out", out]) == 0
    clean_tree.share_objects(ROOT, out, "-Werror")
    paths = Paths(out, jobs=2, words=[*clean.paths.words, *["CI=true"] * ("CI=true" not in clean.paths.words)])
    paths.make_files([paths.kernel("release"), paths.archive, os.path.join(out, "build/release/stack-bounds.json")])
    assert elf.test_ids(paths.kernel("release"))
    start.paths = paths
    machine = start(cmdline=f"exit=1 panic=exit {lab.cmdline}".strip())
    machine.expect(rf"lab {lab.number}: not yet: ")
    machine.wait_end()
    clean_tree.keep_objects(out, out, "")
    status, output = program.run([sys.executable, "tools/lab/grade.py"], out)
    assert status == 0, output
    assert output.splitlines()[-1] == f"TOTAL {lab.skeleton_points}/100", output
    assert "hidden tests: not shown here" in output


@pytest.mark.parametrize("number", [*of_this_turn(CODE), *WRITTEN])
@pytest.mark.parametrize("kind", ["solution", "planted"])
def check_grader(start, clean, kind, number):
    """the solution earns all points, a planted submission loses just the right ones, and both as labs/checked.json says"""
    lab = LABS[number]
    names = [name for name, _, _ in check.submissions(clean, lab)]
    planted = [name for name in names if name not in ("solution", "skeleton", "never-ends")]
    name = "solution" if kind == "solution" else \
        planted[mutant.commit_turn(ROOT) // THIRD % len(planted)]
    passed, complaints = check.check_lab(clean, lab, lambda one: one == name, print)
    assert start.row and not complaints and passed == 2, complaints
    recorded = checked.read(ROOT, LABS).get(number)
    earned = check.noted(clean.root)[str(number)][name]["earned"]
    assert recorded is None or recorded["earned"][name] == earned, f"labs/checked.json: {recorded['earned'][name]}, not {earned}"
