"""Boots one kernel for one mutant, on a machine that behaves identically in every run.

QEMU counts instructions (-icount). The guest's clock is the number of instructions it has executed,
and its CPUs take turns in one thread of the host. The load of the host has no influence.
"""

import os
import select
import subprocess
import time

from . import ktap
from .result import FAILED, PASSED

SANITY = "ACP0001"  # the first test, which does not depend on stacks
LIMIT_SECONDS = 600  # a boot takes a few seconds, and longer on a busy host
END_SECONDS = 120  # for QEMU to exit after the end of its output
MEMORY_MIB = 64


def numa(place):
    """Returns the options for NUMA nodes of equal size, if there are several."""
    words, size, cpus = [], MEMORY_MIB // place.nodes, place.cpus // place.nodes
    for node in range(place.nodes if place.nodes > 1 else 0):
        words += ["-object", f"memory-backend-ram,id=m{node},size={size}M", "-numa",
                  f"node,nodeid={node},memdev=m{node},"
                  f"cpus={node * cpus}-{(node + 1) * cpus - 1}"]
    return words


class Boot:
    """One QEMU that runs SANITY and then `tests`, until a failure, a panic or the end."""

    def __init__(self, paths, kernel, place, tests, limit_seconds=LIMIT_SECONDS):
        self.tests = tests
        self.reader = ktap.Reader()
        self.hung = False
        begin = time.monotonic()
        with subprocess.Popen(self.command(paths, kernel, place, tests), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            try:
                self._watch(process.stdout, begin + limit_seconds)
                process.wait(END_SECONDS if not self.hung and not self.failure() else 0)
            except subprocess.TimeoutExpired:
                pass
            finally:
                process.kill()
        self.status = process.returncode
        self.seconds = time.monotonic() - begin

    @staticmethod
    def command(paths, kernel, place, tests):
        """Returns the command that starts QEMU."""
        return [paths.qemu, "-machine", "pc", "-accel", "tcg", "-icount", "shift=0,sleep=off",
                "-rtc", "base=2025-01-01,clock=vm", "-smp", str(place.cpus), "-m", str(MEMORY_MIB),
                "-cpu", place.model, "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *numa(place), "-kernel", kernel,
                "-initrd", paths.archive,
                "-append", f"test={SANITY},{tests} exit=1 {place.options}"]

    def _watch(self, stream, deadline):
        while not self.failure():
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                self.hung = True
                return
            data = os.read(stream.fileno(), 65536)
            if not data:
                break
            self.reader.feed(data)
        self.reader.finish()

    def sane(self):
        """Returns whether the kernel came up and passed SANITY."""
        results = self.reader.results
        return bool(results) and results[0].id == SANITY and results[0].outcome == PASSED

    def failure(self):
        """Returns the failed test and its message, or ''. A panic is a failure of the test that
        runs, as in tests/runner/judge.py."""
        for result in self.reader.results:
            if result.outcome == FAILED:
                return f"{result.id} failed: {self._words(result.notes)}"
        if self.reader.running:
            for line in self.reader.lines:
                if line.startswith("PANIC"):  # also a panic without a reason
                    return f"{self.reader.running} failed: {self._said()}{line}"
        return ""

    def _said(self):
        """Returns the failures that the running test has reported so far."""
        begin = self.reader.lines.index(f"# {self.reader.running} starting")
        for line in self.reader.lines[begin:]:
            if line.startswith(("# tests/", "# kernel/")):
                return f"{line[2:]}; then "
        return ""

    @staticmethod
    def _words(notes):
        for note in notes:
            if note.startswith(("tests/", "kernel/", "leak: ")):
                return note
        return notes[-1] if notes else "without a word"

    def trouble(self):
        """Returns '' if every test passed, or the reason why not."""
        if self.failure():
            return self.failure()
        if self.reader.panic is not None:
            return f"panic: {self.reader.panic}"
        if self.hung:
            return f"hang in {self.reader.running or 'the boot'}"
        if self.status != 33 or not self.reader.terminated:
            return f"exit status {self.status}: " + "; ".join(self.reader.complaints)
        passed = {result.id for result in self.reader.results if result.outcome == PASSED}
        wanted = set(self.tests.split(",")) - passed
        return "did not run, or was skipped: " + ", ".join(sorted(wanted)) if wanted else ""
