"""Runs the tests that need no emulator: the checks of the tree, the runner's self-tests, the host
unit tests, and the model of the promise.

A check is a program `tools/check/check_*.py`: exit status 0 is a pass, 77 a skip whose reason is the
last line that it prints, anything else a failure.

The host unit tests are the programs of HOST_PROGRAMS; they print TAP (see tap.py) and end with
status 0 if all passed.
"""

import glob
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

from . import marks, mutants, tap
from .paths import BUILDS
from .result import FAILED, PASSED, SKIPPED, Group

SKIP_STATUS = 77
LIMIT_SECONDS = 3600  # a longer run counts as a hang, even on a busy machine
MODEL_LIMIT_SECONDS = 7200
HOST_PROGRAMS = ("host/unit", "host/unit-invariant")


def run_program(command, cwd, limit_seconds=LIMIT_SECONDS):
    """Runs a program and returns (status, output). The status is None if it hung."""
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=limit_seconds)
    except subprocess.TimeoutExpired as late:
        words = f"not over after {limit_seconds} s"
        return None, (late.stdout or b"").decode("utf-8", errors="replace") + "\n" + words
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout.decode("utf-8", errors="replace")


def checks(paths, update, programs=None):
    """Runs every check of tools/. Each check is one case."""
    group, begin = Group("checks"), time.monotonic()
    if programs is None:
        programs = sorted(glob.glob(os.path.join(paths.root, "tools", "check", "check_*.py")))
    for program in programs:
        name = os.path.basename(program)
        update(name)
        start = time.monotonic()
        status, output = run_program([sys.executable, program], paths.root)
        seconds = time.monotonic() - start
        lines = output.strip().splitlines()
        if status == 0:
            group.add(name, PASSED, seconds=seconds)
            group.remarks += [line for line in lines if line.startswith("warning: ")]
        elif status == SKIP_STATUS and lines:
            group.add(name, SKIPPED, lines[-1], seconds)
        else:
            word = "hung" if status is None else f"status {status}"
            group.add(name, FAILED, f"{word}\n{output.strip()}", seconds)
    group.seconds = time.monotonic() - begin
    return group


def self_tests(paths, update, directory="tests/self"):
    """Runs the runner's self-tests with pytest."""
    group, begin = Group("self"), time.monotonic()
    update("pytest")
    report = os.path.join(paths.row_directory("self"), "junit.xml")
    if os.path.exists(report):
        os.unlink(report)
    status, output = run_program([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                                  f"--junitxml={report}", directory], paths.root)
    group.output = output
    if os.path.exists(report):
        _read_pytest(group, report)
    if status != 0 and not group.count(FAILED):
        tail = "\n".join(output.splitlines()[-20:])
        group.add("pytest", FAILED, f"status {status}\n{tail}")
    group.seconds = time.monotonic() - begin
    return group


def _read_pytest(group, report):
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        seconds = float(case.get("time", 0))
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skip = case.find("skipped")
        if bad is not None:
            group.add(name, FAILED, bad.text or bad.get("message", ""), seconds)
        elif skip is not None:
            group.add(name, SKIPPED, skip.get("message", ""), seconds)
        else:
            group.add(name, PASSED, seconds=seconds)


def stack_bounds(paths, update, builds=BUILDS):
    """Adds one case for each stack of each build: its computed depth fits its size. The build
    computes the depths and fails if one does not fit."""
    group, begin = Group("stacks"), time.monotonic()
    for build in builds:
        update(build)
        bounds = marks.read_bounds(paths.stack_bounds(build))
        if not bounds:
            group.add(f"{build}: bounds", FAILED, "none were computed; try: make stack-bounds"
                      f" VARIANT={build}")
            continue
        for name, stack in sorted(bounds.items()):
            fits = stack["bound"] <= stack["limit"] and stack["nested"] <= stack["nested_limit"]
            group.add(f"{build}: {name} stack: at most {stack['bound']} of {stack['limit']} bytes,"
                      f" {stack['nested']} of {stack['nested_limit']} with a fault there",
                      PASSED if fits else FAILED)
    group.seconds = time.monotonic() - begin
    return group


def mutants_third(paths, update):
    """Runs the current third of the mutants. Each mutant is one case."""
    import mutants as table  # pylint: disable=import-outside-toplevel  # it imports this package
    return mutants.group_of_third(paths, update, table.MUTANTS)


def host_tests(paths, update, programs=None):
    """Runs the host unit tests. Each test is one case."""
    group, begin = Group("host"), time.monotonic()
    if programs is None:
        programs = [os.path.join(paths.build, name) for name in HOST_PROGRAMS]
    for program in programs:
        name = os.path.basename(program)
        update(name)
        _judge_tap(group, name, *run_program([program], paths.root))
    group.seconds = time.monotonic() - begin
    return group


def model_tests(paths, update, program="tests/model/model.py"):
    """Checks the model of the promise, complete and with each of its guards removed."""
    group, begin = Group("model"), time.monotonic()
    update("spin")
    command = [sys.executable, os.path.join(paths.root, program), "--tap"]
    _judge_tap(group, "model", *run_program(command, paths.root, MODEL_LIMIT_SECONDS))
    group.seconds = time.monotonic() - begin
    return group


def _judge_tap(group, name, status, output):
    """Adds one case for each test of a TAP program, and one for the program itself."""
    results, complaints = tap.read(output)
    failures = sum(1 for result in results if result.outcome == FAILED)
    for result in results:
        group.add(f"{name}: {result.sentence}", result.outcome, "\n".join(result.notes))
    if status is None:
        complaints.append("hung")
    elif (status == 0) != (failures == 0):
        complaints.append(f"exit status {status} with {failures} failed tests")
    if complaints:
        tail = output.splitlines()[-60:]
        group.add(f"{name}: program", FAILED, "\n".join(complaints + ["--"] + tail))
    else:
        group.add(f"{name}: program", PASSED)
