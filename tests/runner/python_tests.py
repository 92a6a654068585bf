"""Runs the tests that pytest runs: the checks of the tree (tests/tree/), the runner's own tests
(tests/self/), and the scripts of tests/boot/ that talk to a machine.

Each test is one case. A test may record two properties: `case`, the name of its case (without it, this
is `folder.file.test_name`), and `note`, a line for the report.
"""

import os
import sys
import time
import xml.etree.ElementTree as xml

from . import program
from .result import FAILED, PASSED, SKIPPED, Group


def run(name, paths, update, *arguments):
    """Runs pytest with these arguments and returns the group of this name."""
    group, begin = Group(name), time.monotonic()
    report = os.path.join(paths.row_directory(name), "junit.xml")
    if os.path.exists(report):
        os.unlink(report)
    command = [sys.executable, "-m", "pytest", "-v", "--tb=short", f"--junitxml={report}", *arguments]
    status, group.output = program.run(command, paths.root,
                                       heard=lambda line: update(line.split(" ")[0]))
    if os.path.exists(report):
        _read(group, report)
    if status != 0 and not group.count(FAILED):
        tail = "\n".join(group.output.splitlines()[-20:])
        group.add("pytest", FAILED, f"status {status}\n{tail}")
    group.seconds = time.monotonic() - begin
    return group


def checks(paths, update):
    """Runs every check of the tree."""
    return run("checks", paths, update, "tests/tree")


def self_tests(paths, update, directory="tests/self"):
    """Runs the runner's own tests."""
    return run("self", paths, update, directory)


def script(row, paths, update):
    """Runs the script of a row. tests/boot/conftest.py boots the machines."""
    return run(row.name, paths, update, row.script, f"--row={row.name}", f"--jobs={paths.jobs}",
               *(f"--make={word}" for word in paths.words))


def _read(group, report):
    """Adds one case for each test of a JUnit file."""
    for case in xml.parse(report).getroot().iter("testcase"):
        properties = [(each.get("name"), each.get("value")) for each in case.iter("property")]
        group.remarks += [value for name, value in properties if name == "note"]
        name = dict(properties).get("case") or f"{case.get('classname')}.{case.get('name')}"
        seconds = float(case.get("time", 0))
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skip = case.find("skipped")
        if bad is not None:
            outcome, detail = FAILED, bad.text or bad.get("message", "")
        elif skip is not None:
            outcome, detail = SKIPPED, skip.get("message", "")
        else:
            outcome, detail = PASSED, ""
        group.add(name, outcome, detail, seconds)
