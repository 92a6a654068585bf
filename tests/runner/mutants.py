"""Mutation testing: checks that the suite notices when one protection is removed.

Each mutant is built in a copy of the tree under build/mutants. The copy has the objects of the
original build, so that only changed files are compiled. The mutant must come up and pass a test
independent of stacks. Then its test must fail with the expected message, in each mode and build
that the mutant names. Only this counts as a kill. Missing code text, a failed build or boot, no
output, a skipped test, or another message do not. The unchanged kernel must pass the same tests.
"""

import argparse
import os
import re
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .compiler import copy_sources
from .mutant import (THIRDS, Mutant, Refused, apply_edits, choose, commit_turn, of_turn,
                     table_complaints)
from .mutant_boot import LIMIT_SECONDS, Boot
from .paths import BuildError, Paths
from .result import FAILED, PASSED, Group

TESTS_AT_ONCE = 10  # the kernel's command line has a limited length


def prefix_map(root):
    """Returns make/toolchain.mk's compiler flag that keeps the root's path out of kernels."""
    return "-ffile-prefix-map='" + f"{root}=.".replace("'", "'\\''") + "'"


def copy_tree(paths, build, target):
    """Copies the sources and one build with their times. make then rebuilds nothing, once the
    build's flags contain the path of the copy."""
    shutil.rmtree(target, ignore_errors=True)
    copy_sources(paths.root, target)
    copied = os.path.join(target, "build", build)
    shutil.copytree(os.path.join(paths.build, build), copied)
    flags = os.path.join(copied, "flags")
    if os.path.exists(flags):
        times = os.stat(flags)
        with open(flags, encoding="utf-8") as file:
            text = file.read()
        with open(flags, "w", encoding="utf-8") as file:
            file.write(text.replace(prefix_map(paths.root), prefix_map(target)))
        os.utime(flags, ns=(times.st_atime_ns, times.st_mtime_ns))


@dataclass
class Verdict:
    """The result of one mutant, or of an unchanged kernel (mutant None)."""

    name: str
    killer: str = ""
    refusal: str = ""
    seconds: float = 0.0
    mutant: Mutant = None


class Laboratory:
    """Tries mutants. Each method may run in several threads at once."""

    def __init__(self, paths, say=print, begin=lambda name: None, tests="", repeat=1,
                 limit_seconds=LIMIT_SECONDS):
        self.paths = paths
        self.say = say
        self.begin = begin
        self.tests = tests
        self.repeat = repeat
        self.limit_seconds = limit_seconds
        self.stop = threading.Event()

    def directory(self, name, build):
        """Returns the directory of a mutant's tree."""
        return os.path.join(self.paths.build, "mutants", f"{name}-{build}")

    def build(self, mutant, build):
        """Copies the tree, applies the change, builds, and returns the kernel."""
        root = self.directory(mutant.name, build)
        copy_tree(self.paths, build, root)
        apply_edits(root, mutant.edits)
        private = Paths(root, words=self.paths.words)
        try:
            private.make_files([private.kernel(build)])
        except BuildError as error:
            raise Refused(f"it does not build: {error}") from error
        return private.kernel(build)

    def kill_in(self, mutant, place, kernel):
        """Returns what killed the mutant in one place. Raises Refused if nothing did."""
        boot = Boot(self.paths, kernel, place, self.tests or mutant.test, self.limit_seconds)
        if not boot.sane():
            raise Refused(f"{place}: it does not come up: {boot.trouble()}")
        failure = boot.failure()
        if not failure:
            trouble = boot.trouble()
            raise Refused(f"{place}: SURVIVED {boot.tests}" + (f" ({trouble})" if trouble else ""))
        if not self.tests and not re.match(f"{mutant.test} failed: .*(?:{mutant.words})", failure):
            raise Refused(f"{place}: it died, but not of {mutant.words!r}: {failure}")
        return failure

    def kill(self, mutant):
        """Returns what killed the mutant in the last of its places. Every repetition must give the
        same result."""
        killer = ""
        kernels = {build: self.build(mutant, build) for build in mutant.builds}
        for place in mutant.places:
            killers = [self.kill_in(mutant, place, kernels[place.build])
                       for _ in range(self.repeat)]
            killer = killers[0]
            if len(set(killers)) > 1:
                raise Refused(f"{place}: not the same every time: " + "; ".join(killers))
        return killer

    def attempt(self, mutant):
        """Returns the verdict on one mutant. Its trees are kept only if it was refused."""
        start, verdict = time.monotonic(), Verdict(mutant.name, mutant=mutant)
        if self.stop.is_set():
            verdict.refusal = "interrupted"
            return verdict
        self.begin(mutant.name)
        try:
            verdict.killer = self.kill(mutant)
            for build in mutant.builds:
                shutil.rmtree(self.directory(mutant.name, build), ignore_errors=True)
        except Refused as refused:
            verdict.refusal = str(refused)
        verdict.seconds = time.monotonic() - start
        self.say(line_of(verdict))
        return verdict

    def baseline(self, place, mutants):
        """Returns the verdict on the unchanged kernel, which must pass the mutants' tests."""
        tests = sorted({mutant.test for mutant in mutants if place in mutant.places})
        portions = [",".join(tests[i:i + TESTS_AT_ONCE])
                    for i in range(0, len(tests), TESTS_AT_ONCE)]
        self.begin(f"unchanged, {place}")
        start, trouble = time.monotonic(), ""
        for portion in portions * self.repeat:
            boot = Boot(self.paths, self.paths.kernel(place.build), place, portion,
                        self.limit_seconds * 2)
            trouble = trouble or boot.trouble()
        verdict = Verdict(f"unchanged, {place}", f"passes {','.join(tests)}", trouble,
                          time.monotonic() - start)
        self.say(line_of(verdict))
        return verdict

    def run(self, mutants, jobs=2):
        """Returns all verdicts, those of the unchanged kernels first."""
        places = sorted({place for mutant in mutants for place in mutant.places}, key=str)
        self.paths.make_files([self.paths.archive, *(
            self.paths.kernel(build) for build in sorted({place.build for place in places}))])
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            futures = [] if self.tests else [pool.submit(self.baseline, place, mutants)
                                             for place in places]
            futures += [pool.submit(self.attempt, mutant) for mutant in mutants]
            try:
                return [future.result() for future in futures]
            except KeyboardInterrupt:
                self.stop.set()
                raise


def line_of(verdict):
    """Returns one line of the table."""
    mutant = verdict.mutant
    if not mutant:
        what, where = verdict.name, ""
    else:
        what, where = f"{mutant.invariant} {mutant.name}", mutant.lives_in
    word = "FAILED: " + verdict.refusal if verdict.refusal else verdict.killer
    return f"{what:34} {where:14} {verdict.seconds:4.1f} s  {word[:400]}"


def count_of(verdicts):
    """Returns the last line, with the counts."""
    mutants = [verdict for verdict in verdicts if verdict.mutant]
    survived = sum(1 for verdict in mutants if verdict.refusal)
    return f"{len(mutants) - survived} killed, {survived} survived"


def group_of_third(paths, update, mutants):
    """Returns a group with every third one of the current third of the mutants as cases."""
    group, start = Group("mutants"), time.monotonic()
    third, part, chosen = of_turn(mutants, commit_turn(paths.root))
    complaints = table_complaints(mutants)
    group.add("the table of mutants has each invariant", FAILED if complaints else PASSED,
              "\n".join(complaints))
    begun = []

    def begin(name):
        begun.append(name)
        update(f"third {third}, part {part}: {name}")

    laboratory = Laboratory(paths, say=lambda line: None, begin=begin)
    verdicts = laboratory.run(chosen, jobs=1)
    for verdict in verdicts:
        name = f"{verdict.mutant.invariant} {verdict.name} is killed by {verdict.mutant.test}" \
            if verdict.mutant else f"{verdict.name}: passes what its mutants must fail"
        group.add(name, FAILED if verdict.refusal else PASSED, verdict.refusal, verdict.seconds)
    group.remarks.append(f"part {part} of third {third} of {len(mutants)} mutants: {count_of(verdicts)};"
                         f" the whole third: make mutants THIRD={third}")
    group.seconds = time.monotonic() - start
    return group


def main(arguments, root, mutants):
    """Runs `make mutants`: prints the table and returns the exit status."""
    parser = argparse.ArgumentParser(prog="tests/mutants")
    parser.add_argument("--mutants", default="", metavar="PATTERN",
                        help="only those whose name or invariant matches")
    parser.add_argument("--third", type=int, choices=range(THIRDS), help="only one of three")
    parser.add_argument("--tests", default="", metavar="PATTERN",
                        help="try these tests instead: which of them kills?")
    parser.add_argument("--repeat", type=int, default=1, metavar="N",
                        help="boot each N times: it must be the same death every time")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)),
                        help="mutants at a time (default: %(default)s)")
    parser.add_argument("--make", action="append", metavar="WORD=VALUE", default=[],
                        help="build with this word of the Makefile; repeatable")
    options = parser.parse_args(arguments)
    chosen = choose(mutants, options.mutants, options.third)
    complaints = table_complaints(mutants)
    if complaints or not chosen:
        print("\n".join(complaints or ["no mutant matches"]), file=sys.stderr)
        return 2
    start = time.monotonic()
    laboratory = Laboratory(Paths(root, jobs=options.jobs, words=options.make), say=lambda line: print(line, flush=True),
                            tests=options.tests, repeat=options.repeat)
    verdicts = laboratory.run(chosen, options.jobs)
    lives = [verdict for verdict in verdicts if verdict.refusal]
    if lives:
        print("\n-- what is wrong --")
        for verdict in lives:
            print(line_of(verdict))
    print(f"{count_of(verdicts)}, of {len(mutants)} mutants in the table;"
          f" {time.monotonic() - start:.0f} s")
    return 1 if lives else 0
