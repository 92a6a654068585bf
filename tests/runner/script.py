"""Rows that are Python files: for what needs a conversation with the machine.

Such a file, below tests/boot/, defines functions `check_SOMETHING(start)`, each one case, with a
docstring as its sentence. `start(**changes)` boots the row's machine, with fields of the row
changed at will, and returns it running; `start.row` is the row, `start.paths` says where things
lie; whatever was started is stopped afterwards. `start.make_iso()` makes the ISO of `make run` and
`make bochs`, so that these, beside another script's, find it and build nothing. A check fails by an
exception (assert, or MachineError from machine.expect), and skips by raising Skip.
"""

import dataclasses
import importlib.util
import os
import time
import traceback

from . import boot
from .result import FAILED, PASSED, SKIPPED, Group


class Skip(Exception):
    """Raised by a check that cannot run here; the text is the reason."""


def with_tests(row, patterns):
    """The row with another choice of tests."""
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
        except Exception as error:  # pylint: disable=broad-except  # anything is a failure
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
