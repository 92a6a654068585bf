"""The fixture `start`, by which the scripts of this folder boot their machines.

A script defines functions `check_SOMETHING(start)`. Each function is one test in every row of the
matrix that names the script, and its docstring is the test's sentence. `start(**changes)` boots the
row's machine, with the given fields of the row changed, and returns the running machine.
`pytest tests/boot/hang.py` runs one script by hand; the kernels that it boots must have been built.
"""

import dataclasses
import os
import signal

import pytest

import matrix
from runner import boot
from runner.machine import MachineError
from runner.paths import Paths

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAST_LINES = 15


def pytest_addoption(parser):
    """Adds the options by which the runner names the row and the words for make."""
    parser.addoption("--row", default="", help="only this row of tests/matrix.py")
    parser.addoption("--jobs", type=int, default=1, help="compilers at a time")
    parser.addoption("--make", action="append", default=[], metavar="WORD=VALUE",
                     help="build with this word of the Makefile; repeatable")


def pytest_configure():
    """Makes SIGTERM end the tests as Ctrl-C does, so that no emulator is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_generate_tests(metafunc):
    """Makes one test of each function and row."""
    if "start" in metafunc.fixturenames:
        script = os.path.relpath(metafunc.module.__file__, ROOT)
        wanted = metafunc.config.getoption("--row")
        rows = [row for row in matrix.ROWS if row.script == script and wanted in ("", row.name)]
        metafunc.parametrize("start", rows, ids=[row.name for row in rows], indirect=True)


class Start:
    """Boots the machines of one test."""

    def __init__(self, row, paths):
        self.row = row
        self.paths = paths
        self.machines = []

    def __call__(self, **changes):
        """Boots the row's machine with these fields changed, and returns the running machine."""
        changed = dataclasses.replace(self.row, **changes)
        if changed.from_iso:
            self.paths.make_iso(changed)
        self.machines.append(boot.make_machine(changed, self.paths))
        self.machines[-1].start()
        return self.machines[-1]

    def make_iso(self):
        """Makes the ISO of `make run` and `make bochs`, so that these commands find it and build
        nothing when scripts run side by side."""
        self.paths.make_files([os.path.join(self.paths.build, "stalactite.iso")])


def end_late(_number, _frame):
    """Fails the check that runs: a wait of the script did not end."""
    raise MachineError("the check is not over within the row's limit_seconds")


@pytest.fixture
def start(request, record_property):
    """The Start of the test's row. All its machines are stopped afterwards. A check that does not end
    within the row's limit fails, and the next one follows."""
    words, jobs = request.config.getoption("--make"), request.config.getoption("--jobs")
    started = Start(request.param, Paths(ROOT, jobs=jobs, words=words))
    signal.signal(signal.SIGALRM, end_late)
    signal.alarm(request.param.limit_seconds)
    yield started
    signal.alarm(0)
    for machine in started.machines:
        for note in machine.notes:
            record_property("note", note)
        machine.stop()


@pytest.fixture(autouse=True)
def named(request, record_property):
    """Names a test's case in the report by its function and its sentence."""
    sentence = request.function.__doc__.strip().split("\n", maxsplit=1)[0]
    record_property("case", f"{request.function.__name__}: {sentence}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds the last lines of each machine to a failure."""
    outcome = yield
    report = outcome.get_result()
    started = item.funcargs.get("start") if report.failed else None
    for machine in started.machines if started else ():
        report.longrepr.addsection("last lines of the machine", "\n".join(machine.reader.lines[-LAST_LINES:]))
