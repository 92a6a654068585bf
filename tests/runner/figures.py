"""Compares the figures that rows of benchmarks have printed with the record of the last landed commit, or
writes that record. tools/bench/landed.py does both, from the rows' logs."""

import os
import subprocess
import sys

from .result import FAILED, PASSED, Group

RECORD = "tests/bench/landed.json"
ROWS = ("bench-fault", "bench-eager", "bench-lend", "bench-prefault")  # of the matrix; they count instructions


def run_landed(paths, rows, groups, what):
    """Returns a group with one case, and as its output the comparison. `what` is `compare`, for the rows that
    passed, or `record`, for which all must have passed. Returns None if there is nothing to compare."""
    passed = {group.name for group in groups if not group.failed}
    wanted = [row.name for row in rows if row.name in ROWS]
    ended = [name for name in wanted if name in passed]
    if what == "compare" and not ended:
        return None  # no such row was chosen, or each has its own failure
    group = Group("figures")
    if what == "record" and (not wanted or ended != wanted):
        group.add(RECORD, FAILED, "not written: " + (
            "these rows did not pass: " + ", ".join(name for name in wanted if name not in passed)
            if wanted else "no row with figures was chosen"))
        return group
    done = subprocess.run(
        [sys.executable, os.path.join(paths.root, "tools", "bench", "landed.py"), what,
         *(f"{name}={os.path.join(paths.row_directory(name), 'serial.log')}" for name in ended)],
        cwd=paths.root, env={**os.environ, "QEMU": paths.qemu}, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    group.output = done.stdout
    group.add(RECORD, FAILED if done.returncode else PASSED, done.stderr.strip())
    return group
