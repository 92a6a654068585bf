"""Runs rows that are Python files, for tests that interact with the machine.

Such a file lies below tests/boot/ and defines functions `check_SOMETHING(start)`. Each function is
one case, and its docstring is the case's sentence. `start(**changes)` boots the row's machine, with
the given fields of the row changed, and returns the running machine. `start.row` is the row and
`start.paths` are the paths. All started machines are stopped afterwards. `start.make_iso()` makes
the ISO of `make run` and `make bochs`, so that these commands find it and build nothing when
scripts run side by side. A check fails with an exception (assert, or MachineError from
machine.expect). It raises Skip to skip.
"""

import dataclasses
import importlib.util
import os
import time
import traceback

from . import boot
from .result import FAILED, PASSED, SKIPPED, Group


class Skip(Exception):
    """Raised by a check that cannot run here. The text is the reason."""


def with_tests(row, patterns):
    """Returns the row with another selection of tests."""
    return dataclasses.replace(row, tests=patterns) if row.kind == "suite" else row


def load(path):
    """Imports a script by its path and returns its checks in the order of the file."""
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [value for name, value in vars(module).items()
            if name.startswith("check_") and callable(value)]


def run(row, paths, update):
    """Runs all checks of a row's script."""
    group, begin = Group(row.name), time.monotonic()
    for check in load(os.path.join(paths.root, row.script)):
        sentence = (check.__doc__ or check.__name__).strip().split("\n")[0]
        update(sentence)
        started, start_time = [], time.monotonic()

        def start(started=started, **changes):
            changed = dataclasses.replace(row, **changes)
            if changed.from_iso:
                paths.make_iso(changed)
            fresh = boot.make_machine(changed, paths)
            started.append(fresh)
            fresh.start()
            return fresh

        start.paths, start.row = paths, row
        start.make_iso = lambda: paths.make_files([os.path.join(paths.build, "stalactite.iso")])
        try:
            check(start)
            outcome, detail = PASSED, ""
        except Skip as skip:
            outcome, detail = SKIPPED, str(skip)
        except Exception as error:  # pylint: disable=broad-except  # every exception is a failure
            outcome, detail = FAILED, _explain(error, started)
        finally:
            for emulated in started:
                group.remarks += emulated.notes
                emulated.stop()
        group.add(f"{check.__name__}: {sentence}", outcome, detail,
                  time.monotonic() - start_time)
    group.seconds = time.monotonic() - begin
    return group


def _explain(error, started):
    place = traceback.extract_tb(error.__traceback__)[-1]
    lines = [f"{type(error).__name__}: {error}", f"at {place.name}: {place.line}"]
    for emulated in started:
        lines += ["-- last lines --"] + emulated.reader.lines[-15:]
    return "\n".join(lines)
