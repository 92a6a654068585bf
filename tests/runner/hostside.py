"""Runs the tests on the host that are not Python: the host unit tests, the model of the promise, the
bounds of stacks, and the mutants whose turn it is.

The host unit tests are the programs of HOST_PROGRAMS; they print TAP (see tap.py) and end with
status 0 if all passed.
"""

import os
import sys
import time

from . import marks, mutants, program, tap
from .paths import BUILDS
from .result import FAILED, PASSED, Group

MODEL_LIMIT_SECONDS = 7200
HOST_PROGRAMS = ("host/unit", "host/unit-invariant")


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
    """Runs the mutants whose turn it is. Each mutant is one case."""
    import mutants as table  # pylint: disable=import-outside-toplevel  # it imports this package
    return mutants.group_of_third(paths, update, table.MUTANTS)


def host_tests(paths, update, programs=None):
    """Runs the host unit tests. Each test is one case."""
    group, begin = Group("host"), time.monotonic()
    if programs is None:
        programs = [os.path.join(paths.build, name) for name in HOST_PROGRAMS]
    for path in programs:
        name = os.path.basename(path)
        update(name)
        _judge_tap(group, name, *program.run([path], paths.root))
    group.seconds = time.monotonic() - begin
    return group


def model_tests(paths, update, path="tests/model/model.py"):
    """Checks the model of the promise, complete and with each of its guards removed."""
    group, begin = Group("model"), time.monotonic()
    update("spin")
    command = [sys.executable, os.path.join(paths.root, path), "--tap"]
    _judge_tap(group, "model", *program.run(command, paths.root, MODEL_LIMIT_SECONDS))
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
