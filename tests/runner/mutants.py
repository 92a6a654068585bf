"""Mutation: does the suite notice when one protection is taken out?

Each mutant is built in a copy of the tree under build/mutants, with the objects of the build that
it starts from, so that only what it changes is compiled. It must come up and pass SANITY, and then
one of its tests must fail, or the kernel panic while one of them runs. Nothing else counts as its
death: text that is not there, a build or a boot that fails, silence, and tests that are skipped
are failures of the mutant. The kernel without the change must pass the same tests.
"""

import argparse
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase

from . import ktap
from .paths import BuildError, Paths
from .result import FAILED, PASSED, Group

INVARIANTS = {
    "I1": "code on an entry stack never faults, and no entry destroys another's frame",
    "I2": "no event is pushed onto a page that may be missing, and none is lost",
    "I3": "the magazine covers the thread that runs, and both sides of a switch",
    "I4": "a stack has one hole, between what is backed and the guard",
    "I5": "the leaf entry is the truth about a page",
    "I6": "no frame is used again before its shootdown is acknowledged",
    "I7": "no frame is in a magazine and mapped; frames are conserved, and come zeroed",
}
SANITY = "LIB0001"
THIRDS = 3
LIMIT_SECONDS = 60
MEMORY_MIB = 128
NOT_COPIED = (".git", "build", "docs", "__pycache__", "host", "self")


@dataclass(frozen=True)
class Mutant:
    """One change: (file, old text, new text), each old text once in its file. `tests` is the
    pattern of those of which one must fail on this machine and build."""

    name: str
    invariant: str
    tests: str
    edits: tuple
    build: str = "release"
    cpus: int = 2
    cmdline: str = ""

    @property
    def machine(self):
        """What it has in common with others."""
        return self.build, self.cpus, self.cmdline


class Refused(Exception):
    """A mutant that proves nothing, or that lives; the text says why."""


def apply_edits(root, edits):
    """Changes the files below `root`."""
    for path, old, new in edits:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        found = text.count(old)
        if found != 1:
            raise Refused(f"{path} has its text {found} times, not once: {old.strip()!r}")
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))


def copy_tree(paths, build, target):
    """A copy of the sources and of one build, with their times: make builds nothing of it anew,
    once the flags that it was built with name the copy's place."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(paths.root, target, symlinks=True,
                    ignore=lambda _, names: set(names) & set(NOT_COPIED))
    copied = os.path.join(target, "build", build)
    shutil.copytree(os.path.join(paths.build, build), copied)
    flags = os.path.join(copied, "flags")
    if os.path.exists(flags):
        times = os.stat(flags)
        with open(flags, encoding="utf-8") as file:
            text = file.read()
        with open(flags, "w", encoding="utf-8") as file:
            file.write(text.replace(f"map={paths.root}=", f"map={target}="))
        os.utime(flags, ns=(times.st_atime_ns, times.st_mtime_ns))


class Boot:
    """One QEMU that runs some tests of a kernel, until one of them fails or all is over."""

    def __init__(self, paths, kernel, mutant, tests, limit_seconds):
        cmdline = f"test={tests} exit=1 {mutant.cmdline}".strip()
        self.reader = ktap.Reader()
        self.hung = False
        begin = time.monotonic()
        with subprocess.Popen(
                [paths.qemu, "-accel", "tcg", "-smp", str(mutant.cpus), "-m", str(MEMORY_MIB),
                 "-cpu", "max", "-nodefaults", "-display", "none", "-no-reboot",
                 "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                 "-kernel", kernel, "-append", cmdline],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT) as process:
            try:
                self._watch(process.stdout, begin + limit_seconds)
                process.wait(5 if not self.hung and not self.failure() else 0)
            except subprocess.TimeoutExpired:
                pass
            finally:
                process.kill()
        self.status = process.returncode
        self.seconds = time.monotonic() - begin

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

    def failure(self):
        """The test that failed or during which the kernel panicked, in words, or ''."""
        for result in self.reader.results:
            if result.outcome == FAILED:
                return f"{result.id} failed"
        if self.reader.running:
            for line in self.reader.lines:
                if line.startswith("PANIC"):  # also a panic that could not even say its reason
                    return f"{self.reader.running} panicked: {line}"
        return ""

    def trouble(self):
        """Why this is not a run in which every test passed, or ''."""
        if self.failure():
            return self.failure()
        if self.reader.panic is not None:
            return f"panic: {self.reader.panic}"
        if self.hung:
            return f"hang in {self.reader.running or 'the boot'}"
        if self.status != 33 or not self.reader.terminated:
            return f"exit status {self.status}: " + "; ".join(self.reader.complaints)
        if not self.reader.count(PASSED):
            return "no test ran"
        return ""


@dataclass
class Verdict:
    """What came of one mutant, or of a kernel without a change (mutant None)."""

    name: str
    killer: str = ""
    refusal: str = ""
    seconds: float = 0.0
    mutant: Mutant = None


class Laboratory:
    """Tries mutants; each method may run in several threads."""

    def __init__(self, paths, say=print, tests="", limit_seconds=LIMIT_SECONDS):
        self.paths = paths
        self.say = say
        self.tests = tests
        self.limit_seconds = limit_seconds
        self.stop = threading.Event()

    def directory(self, name):
        """Where a mutant's tree lies while it is tried."""
        return os.path.join(self.paths.build, "mutants", name)

    def build(self, mutant):
        """Makes the tree, changes it, builds; returns the kernel."""
        root = self.directory(mutant.name)
        copy_tree(self.paths, mutant.build, root)
        apply_edits(root, mutant.edits)
        private = Paths(root)
        kernel = private.kernel(mutant.build)
        try:
            private.make_files([kernel])
        except BuildError as error:
            raise Refused(f"it does not build: {error}") from error
        return kernel

    def kill(self, mutant):
        """Returns what killed the mutant; Refused says that nothing did."""
        kernel = self.build(mutant)
        trouble = Boot(self.paths, kernel, mutant, SANITY, self.limit_seconds).trouble()
        if trouble:
            raise Refused(f"it does not pass {SANITY}: {trouble}")
        boot = Boot(self.paths, kernel, mutant, self.tests or mutant.tests, self.limit_seconds)
        if not boot.failure():
            raise Refused(f"SURVIVED {self.tests or mutant.tests}"
                          + (f" ({boot.trouble()})" if boot.trouble() else ""))
        return boot.failure()

    def attempt(self, mutant):
        """The verdict on one mutant; its tree stays only if it was refused."""
        begin, verdict = time.monotonic(), Verdict(mutant.name, mutant=mutant)
        if self.stop.is_set():
            verdict.refusal = "interrupted"
            return verdict
        try:
            verdict.killer = self.kill(mutant)
            shutil.rmtree(self.directory(mutant.name), ignore_errors=True)
        except Refused as refused:
            verdict.refusal = str(refused)
        verdict.seconds = time.monotonic() - begin
        self.say(line_of(verdict))
        return verdict

    def baseline(self, machine, mutants):
        """The kernel without a change, on one machine: it must pass what its mutants must fail."""
        tests = ",".join(sorted({pattern for mutant in mutants
                                 for pattern in mutant.tests.split(",")}))
        boot = Boot(self.paths, self.paths.kernel(machine[0]), mutants[0], tests,
                    self.limit_seconds * 2)
        name = f"unchanged: {machine[0]}, {machine[1]} CPUs {machine[2]}".strip()
        verdict = Verdict(name, f"passes {tests}", boot.trouble(), boot.seconds)
        self.say(line_of(verdict))
        return verdict

    def run(self, mutants, jobs=2):
        """All verdicts, those of the unchanged kernels first."""
        machines = sorted({mutant.machine for mutant in mutants})
        self.paths.make_files([self.paths.kernel(build)
                               for build in sorted({machine[0] for machine in machines})])
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            futures = [] if self.tests else [
                pool.submit(self.baseline, machine,
                            [mutant for mutant in mutants if mutant.machine == machine])
                for machine in machines]
            futures += [pool.submit(self.attempt, mutant) for mutant in mutants]
            try:
                return [future.result() for future in futures]
            except KeyboardInterrupt:
                self.stop.set()
                raise


def line_of(verdict):
    """One line of the table."""
    mutant = verdict.mutant
    what = f"{mutant.invariant} {mutant.name}" if mutant else verdict.name
    where = f"{mutant.build}, {mutant.cpus} CPUs {mutant.cmdline}".strip() if mutant else ""
    word = "FAILED: " + verdict.refusal if verdict.refusal else verdict.killer
    return f"{what:36} {where:18} {verdict.seconds:5.1f} s  {word[:300]}"


def commit_third(root):
    """Which third is this commit's turn: its hash modulo three; 0 without git."""
    try:
        done = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True,
                              text=True, check=False)
        return int(done.stdout.strip(), 16) % THIRDS
    except (OSError, ValueError):
        return 0


def choose(mutants, patterns="", third=None):
    """Those whose name or invariant matches one of the patterns, or every third from `third`."""
    chosen = mutants if third is None else mutants[third::THIRDS]
    return [mutant for mutant in chosen
            if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns.split(",")
                                   for name in (mutant.name, mutant.invariant))]


def table_complaints(mutants):
    """What is wrong with a table of mutants."""
    found = [f"{key} has no mutant" for key in INVARIANTS
             if not any(mutant.invariant == key for mutant in mutants)]
    found += [f"{mutant.name}: there is no {mutant.invariant}" for mutant in mutants
              if mutant.invariant not in INVARIANTS]
    names = [mutant.name for mutant in mutants]
    return found + [f"{name} stands there twice" for name in sorted(set(names))
                    if names.count(name) > 1]


def group_of_third(paths, update, mutants):
    """The rotating third as counted tests."""
    group, begin, third = Group("mutants"), time.monotonic(), commit_third(paths.root)
    update(f"third {third}")
    complaints = table_complaints(mutants)
    group.add("the table of mutants has each invariant", FAILED if complaints else PASSED,
              "\n".join(complaints))
    laboratory = Laboratory(paths, say=lambda line: update(line.split("  ")[0]))
    for verdict in laboratory.run(choose(mutants, third=third), jobs=1):
        name = f"{verdict.mutant.invariant} {verdict.name} is killed" if verdict.mutant \
            else f"{verdict.name}: passes what its mutants must fail"
        group.add(name, FAILED if verdict.refusal else PASSED, verdict.refusal, verdict.seconds)
    killed = sum(1 for verdict in kills(group))
    group.remarks.append(f"third {third} of the mutants: {killed} killed"
                         f" of {len(choose(mutants, third=third))}")
    group.seconds = time.monotonic() - begin
    return group


def kills(group):
    """The cases of a group that are mutants which died."""
    return [case for case in group.cases if case.name.endswith("is killed")
            and case.outcome == PASSED]


def main(arguments, root, mutants):
    """`make mutants`: prints the table, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="tests/mutants.py")
    parser.add_argument("--mutants", default="", metavar="PATTERN",
                        help="only those whose name or invariant matches")
    parser.add_argument("--third", type=int, choices=range(THIRDS), help="only one of three")
    parser.add_argument("--tests", default="", metavar="PATTERN",
                        help="try these tests instead: which of them kills?")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args(arguments)
    chosen = choose(mutants, options.mutants, options.third)
    complaints = table_complaints(mutants)
    if complaints or not chosen:
        print("\n".join(complaints or ["no mutant matches"]), file=sys.stderr)
        return 2
    begin = time.monotonic()
    laboratory = Laboratory(Paths(root), say=lambda line: print(line, flush=True),
                            tests=options.tests)
    verdicts = laboratory.run(chosen, options.jobs)
    print("\n-- the table --")
    for verdict in verdicts:
        print(line_of(verdict))
    killed = sum(1 for verdict in verdicts if verdict.mutant and not verdict.refusal)
    print(f"{killed} of {len(chosen)} mutants killed, in {time.monotonic() - begin:.0f} s")
    return 1 if any(verdict.refusal for verdict in verdicts) else 0
