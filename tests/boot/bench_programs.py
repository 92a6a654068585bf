"""Tests that scenarios with user programs print no figure where a program that they need does not start, or ends
wrongly: then the run says why, and fails."""

import os

import pytest

from boot_archive import content_of, with_file

FAILED = 35  # the status of a kernel that leaves QEMU discontent
PROGRAMS = {"macro_session": "init", "macro_crowd": "crowd", "macro_build": "build", "macro_service": "workers",
            "user_programs": "bench", "user_thread_bytes": "crowd"}


def failed(machine, scenario):
    """The scenario says that nothing was measured and why, prints no figure and no curve, and the run fails."""
    status = machine.wait_end()
    lines = machine.reader.lines
    assert any(line.startswith(f"# {scenario}: not measured: ") for line in lines), lines[-15:]
    assert not any(line.startswith(("BENCH ", "SERIES ")) for line in lines)
    assert any("leaving: failed" in line for line in lines) and status == FAILED, f"status {status}"


@pytest.mark.parametrize("scenario", PROGRAMS)
def check_absent(start, scenario):
    """where a program is not there, nothing is measured and the run fails"""
    failed(start(archive=False, cmdline=f"bench={scenario} exit=1 panic=exit"), scenario)


@pytest.mark.parametrize("scenario", PROGRAMS)
def check_wrong(start, scenario):
    """where a program ends with a wrong status, nothing is measured and the run fails"""
    path = os.path.join(start.paths.row_directory(start.row.name), scenario)
    with open(start.paths.archive, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(with_file(data, PROGRAMS[scenario], content_of(data, "false")))
    failed(start(archive=False, extra=(*start.row.extra, "-initrd", path),
                 cmdline=f"bench={scenario} exit=1 panic=exit"), scenario)
