#!/usr/bin/env python3
"""Checks the labs themselves: `make labs-check`.

The solution of each lab earns all points, the skeleton what points.toml says, and each wrong solution and each
attack of labs/NN-NAME/wrong/ just what its file says. The attacks of labs/attacks/ are statements that are put
before the stub of one region (`attacked` in lab.toml) of each lab that has code, and must earn nothing. Sizes are checked as well. The last line is
`N passed, N failed`.
"""

import argparse
import fcntl
import json
import os
import resource
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tests", "tools/check")]

from lab import check_written, clean_tree, course, grade, measure  # noqa: E402  # pylint: disable=wrong-import-position


class Planted:
    """One planted submission. wrong/NAME.toml says what it changes and which items it loses; attacks/NAME.toml has
    statements for the skeleton, and loses all."""

    def __init__(self, lab, path):
        said = course.read_toml(path)
        self.lab, self.name = lab, os.path.basename(path)[:-len(".toml")]
        self.what = said["what"]
        if "body" in said:  # of labs/attacks
            self.base, self.lost, self.edits = "skeleton", [item.name for item in lab.items], [
                {"region": lab.attacked, "body": f"    {{\n{said['body']}    }}\n{course.stub(lab, lab.attacked)}"}]
            return
        self.base, self.edits = said.get("base", "solution"), said["edit"]
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


def planted_paths(lab):
    """Returns the files of the planted submissions of a lab. An attack of its own replaces the one for all labs."""
    folders = [os.path.join(os.path.dirname(lab.folder), "attacks")] * bool(lab.attacked) + \
        [os.path.join(lab.folder, "wrong")]
    found = {name: os.path.join(folder, name) for folder in folders for name in os.listdir(folder)
             if name.endswith(".toml")}
    return [path for _, path in sorted(found.items())]


def planted(lab):
    """Returns the planted submissions of a lab of code."""
    return [Planted(lab, path) for path in planted_paths(lab)]


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


def budget_complaints(lab, grading):
    """Returns what is wrong with the budgets of a lab, given the grading of its solution. A hang is found soon if they
    are small; a submission may be slower than the solution."""
    return [f"{item.name} takes {item.instructions} instructions, more than half of its budget of {lab.budget_of(given)}"
            for item, given in zip(grading.items, lab.items) if item.instructions > lab.budget_of(given) // 2]


def submissions(clean, lab):
    """Yields (name, a function that grades it, the items that are lost)."""
    every = [item.name for item in lab.items]
    if not lab.machine:
        yield from written_submissions(clean, lab, every)
        return
    yield "solution", lambda: graded(clean, lab, clean.solution(lab), "solution"), []
    yield "skeleton", lambda: graded(clean, lab, clean.skeleton(lab), "skeleton"), every
    for one in planted(lab):
        yield one.name, lambda one=one: graded(clean, lab, one.bodies(clean), one.name), one.lost


def written_submissions(clean, lab, every):
    """Yields the submissions of a lab of answers, as submissions() does."""
    written = check_written.Written(clean, lab)
    for name, lost in (("solution", []), ("skeleton", every)):
        yield name, lambda name=name: written.graded(*written.base(name), name), lost
    for path in planted_paths(lab):
        name = os.path.basename(path)[:-len(".toml")]
        given, text, lost = written.edited(path)
        yield name, lambda given=given, text=text, name=name: written.graded(given, text, name), lost


def check_lab(clean, lab, wanted=lambda name: True, tell=print):
    """Checks one lab. Returns (how many passed, complaints)."""
    regions = [place for key, place in clean.found.items()
               if key[0] == lab.number and key[1] not in lab.unwritten]
    complaints = measure.complaints(clean.root, lab, regions) + measure.interface_complaints(clean.root, lab)
    for line in complaints:
        tell(line)
    passed = not complaints
    for name, submit, lost in submissions(clean, lab):
        if not wanted(name):
            continue
        begin, processor = time.monotonic(), processor_seconds()
        grading = submit()
        if name == "skeleton" and grading.earned == lab.skeleton_points:
            found = []
        else:
            found = compare(grading, lost)
        found += [grading.note] * bool(grading.note)
        found += budget_complaints(lab, grading) if name == "solution" else []
        spent = {"seconds": time.monotonic() - begin, "processor": processor_seconds() - processor}
        record(clean.root, lab, name, grading, not found, {"digest": clean.digests[lab.number], **spent})
        tell(f"lab {lab.number} {name}: {grading.earned}/{grading.total}, {spent['seconds']:.0f} s, of a processor "
             f"{spent['processor']:.0f} s{''.join(f'{chr(10)}    {line}' for line in found)}")
        passed += not found
        complaints += [f"lab {lab.number} {name}: {line}" for line in found[:1]]
    return passed, complaints


def processor_seconds():
    """Returns the processor time of this program and of all that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def noted(root):
    """Returns {lab: {submission: what record() noted}}, with the numbers of labs as text."""
    try:
        with open(record_path(root), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def record_path(root):
    """Returns the file that has what came of the last check of each lab."""
    return os.path.join(root, "build", "labs", "check.json")


def record(root, lab, name, grading, right, more):
    """Notes what a submission earned, the digest of the lab as it was read, and what that took, for tools/lab/figures.py
    and tools/lab/checked.py."""
    path = record_path(root)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several checks may run at a time
        file.seek(0)
        said = json.loads(file.read() or "{}")
        said.setdefault(str(lab.number), {})[name] = {"earned": grading.earned, "total": grading.total, "right": right, **more}
        file.truncate(0)
        json.dump(said, file, indent=1)


def main(arguments=None):
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lab", type=int)
    parser.add_argument("--only", default="", help="only these submissions, by name, with commas")
    parser.add_argument("--tree", default=os.path.join(ROOT, "build", "labs", "check"), help="the clean tree; "
                        "two checks at a time need one each")
    options = parser.parse_args(arguments)
    if options.lab is not None and course.missing(ROOT, options.lab):
        print(course.missing(ROOT, options.lab), file=sys.stderr)
        return 2
    grade.watch.leave_no_machine()
    sys.stdout.reconfigure(line_buffering=True)  # whoever reads a log sees how far it is
    jobs, passed, failed = len(os.sched_getaffinity(0)), 0, 0
    clean = clean_tree.CleanTree(ROOT, options.tree, jobs=jobs)
    for number, lab in clean.labs.items():
        if options.lab in (None, number):
            right, complaints = check_lab(
                clean, lab, lambda name: not options.only or name in options.only.split(","))
            passed, failed = passed + right, failed + len(complaints)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
