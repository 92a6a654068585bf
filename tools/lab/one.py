#!/usr/bin/env python3
"""Grades one submission in the sandbox, and prints one line: its name, points or -, and a remark, between tabs.

tools/grade-all runs this for each submission, by GNU parallel, maybe on another machine. A submission that was
graded and has not changed since, nor has this tree, is not graded again.
"""

import argparse
import hashlib
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tests", "tools/check")]

from lab import course, regions, sandbox, staff  # noqa: E402  # pylint: disable=wrong-import-position
from tree import files  # noqa: E402  # pylint: disable=wrong-import-position

WRITTEN = ("lab/answers.toml", "lab/report.md")
# What a grading depends on in this tree; submissions and results may lie in it, too.
FOLDERS = ("arch/", "boot/", "kernel/", "labs/", "lib/", "make/", "mm/", "sched/", "tests/", "tools/", "user/",
           "Makefile", "linker.ld")


def done_path(results, name):
    """Returns the file that says that all items of a submission were graded. The sandbox cannot write it."""
    return os.path.join(results, ".done", f"{name}.json")


def read_json(path):
    """Returns what a file says, or {} if there is none, or half of one."""
    try:
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def digest_of(lab, submission):
    """Returns a digest of all that the points depend on: what is taken of the submission, and this tree. Raises
    Malformed or OSError if the submission cannot be read."""
    parts = [repr(sorted(staff.submitted(submission, lab.number).items()))]
    for path in [os.path.join(submission, name) for name in WRITTEN] + \
            [os.path.join(ROOT, name) for name in files(ROOT) if name.startswith(FOLDERS)
             and not name.endswith(".md")]:
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                parts.append(file.read())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def command_for(python, lab, name, submission, out, tree):
    """Returns the command that grades, with the paths that it sees."""
    return [python, os.path.join(ROOT, "tools", "lab", "staff.py"), "--lab", str(lab.number), "--who", name,
            "--submission", submission, "--out", out, "--tree", tree, "--jobs", "1"]


def grade(lab, submission, out, confine):
    """Grades a submission. Returns a remark: "" if all of it was graded."""
    name = os.path.basename(submission)
    os.makedirs(out, exist_ok=True)
    old = os.path.join(out, "model.json")
    if os.path.exists(old):
        os.unlink(old)
    if confine:
        status, output = sandbox.run(ROOT, submission, out, command_for(
            "python3", lab, name, sandbox.SUBMISSION, sandbox.RESULTS, sandbox.TREE))
    else:
        worker = os.path.join(ROOT, "build", "labs", f"worker-{os.environ.get('PARALLEL_JOBSLOT', '1')}")
        status, output = sandbox.run_free(command_for(sys.executable, lab, name, submission, out, worker))
    if status is None:
        return "stopped: it took too long or printed too much"
    last = (output.strip().splitlines() or ["it ended without a word"])[-1]
    return "" if status == 0 else f"not graded: {last}"


def one(options):
    """Grades one submission. Returns (points or None, remark)."""
    submission = os.path.abspath(options.submission)
    name, lab = os.path.basename(submission), course.labs(ROOT)[options.lab]
    out, done = os.path.join(options.results, name), done_path(options.results, name)
    try:
        digest = digest_of(lab, submission)
    except (regions.Malformed, OSError) as error:
        return None, f"cannot be read: {error}"
    before = read_json(done)
    if before.get("digest") == digest and not options.again:
        return before["score"], "graded before"
    remark = grade(lab, submission, out, not options.no_sandbox)
    said = read_json(os.path.join(out, "model.json"))
    if "score" not in said:
        return None, remark or "not graded: there is no result"
    if not remark:
        os.makedirs(os.path.dirname(done), exist_ok=True)
        with open(done, "w", encoding="utf-8") as file:
            json.dump({"score": said["score"], "digest": digest}, file)
    lost = [item["name"] for item in said["items"] if item["earned"] < item["points"]]
    return said["score"], remark or ("lost: " + ", ".join(lost) if lost else "")


def main(arguments=None):
    """Runs the command. The status is 0 whenever the line could be printed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lab", type=int, required=True)
    parser.add_argument("--submission", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--no-sandbox", action="store_true")
    options = parser.parse_args(arguments)
    points, remark = one(options)
    name = os.path.basename(os.path.abspath(options.submission))
    print(f"{name}\t{'-' if points is None else points}\t{' '.join(remark.split())}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
