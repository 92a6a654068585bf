"""Runs other programs to their ends."""

import os
import select
import subprocess
import time

LIMIT_SECONDS = 1800  # a longer run counts as a hang, even on a busy machine
END_SECONDS = 60  # that a program has to clean up after SIGTERM

_running = set()


def run(command, cwd, limit_seconds=LIMIT_SECONDS, heard=lambda line: None):
    """Runs a program and returns (status, output). The status is None if the program hung.
    `heard(line)` is called with the last line, finished or not, as output arrives."""
    try:
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        return 127, str(error)
    _running.add(process)
    try:
        with process:
            return _follow(process, time.monotonic() + limit_seconds, heard)
    except TimeoutError as late:
        return None, f"{late}\nnot over after {limit_seconds} s"
    finally:
        _running.discard(process)


def _follow(process, deadline, heard):
    output = b""
    while select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            return process.wait(), output.decode("utf-8", errors="replace")
        output += data
        heard(output.rstrip(b"\n").rpartition(b"\n")[2].decode("utf-8", errors="replace"))
    _end(process)
    raise TimeoutError(output.decode("utf-8", errors="replace"))


def _end(process):
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def end_all():
    """Ends every program that still runs. The runner calls it after Ctrl-C."""
    for process in list(_running):
        _end(process)
