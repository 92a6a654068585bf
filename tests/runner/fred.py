"""Finds out whether a Bochs with FRED is available.

Debian's Bochs has no FRED. The environment variable BOCHS names one that was built with it, and
rows with `fred` run only there. Neither the output of `--help cpu` nor CPUID shows reliably whether
FRED works. The runner therefore boots the kernel once and reads how events enter.
"""

import os
import shutil

from . import bochs, boot
from .result import SKIPPED, Group
from .row import Row

PROBE = Row("fred-probe", kind="boot", emulator="bochs", boot="bios-cd", fred=True, cpus=1,
            cmdline="entry=fred test=LIB0001", expect=(r"entry: by FRED",))


def why_not(paths):
    """Returns the reason why rows with `fred` cannot run, or "". Boots no kernel."""
    program = paths.fred_bochs
    if not program:
        return "BOCHS does not name a Bochs that has FRED: make test-fred BOCHS=PATH"
    if not (shutil.which(program) or os.access(program, os.X_OK)):
        return f"BOCHS names {program}, which is no program"
    models, error = bochs.asked(program, "cpu")
    if bochs.FRED_MODEL not in models:
        return f"{program} has no CPU model {bochs.FRED_MODEL}" + (f" ({error})" if error else "")
    return ""


def why_not_booted(paths, make_iso):
    """Boots the release kernel once; returns the reason why `fred` rows cannot run, or ""."""
    make_iso(PROBE)
    group = boot.run(PROBE, boot.make_machine(PROBE, paths))
    if not group.failed:
        return ""
    lines = [line for line in group.output.splitlines() if "] entry" in line]
    return (f"{paths.fred_bochs} does not enter by FRED: "
            + (lines[-1].split("] ")[-1] if lines else group.cases[-1].detail.splitlines()[0]))


def skipped(reason):
    """Returns a group that stands for all rows with `fred` when none of them can run."""
    group = Group("fred")
    group.add("machine", SKIPPED, reason)
    return group
