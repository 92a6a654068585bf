"""Runs every check of the tree.

A check is a program `tools/check/check_*.py`: exit status 0 is a pass, 77 a skip whose reason is the
last line that it prints, anything else a failure.
"""

import glob
import os
import subprocess
import sys

import pytest

SKIP_STATUS = 77


def pytest_generate_tests(metafunc):
    """Makes one test of each check. pytest runs in the tree's root directory."""
    programs = sorted(glob.glob(os.path.join("tools", "check", "check_*.py")))
    metafunc.parametrize("program", programs, ids=os.path.basename)


def test_tree(program, record_property):
    """The tree passes this check."""
    record_property("case", os.path.basename(program))
    done = subprocess.run([sys.executable, program], stdin=subprocess.DEVNULL, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    for line in lines:
        if line.startswith("warning: "):
            record_property("note", line)
    if done.returncode == SKIP_STATUS and lines:
        pytest.skip(lines[-1])
    if done.returncode != 0:
        pytest.fail(f"status {done.returncode}\n{done.stdout}", pytrace=False)
