"""Runs a row of the suite to its last test.

If a machine is lost during a test (a hang, a panic, a reset), that test fails. The tests after it
run in another machine.
"""

import dataclasses
from fnmatch import fnmatchcase

from . import boot
from .judge import judge
from .machine import MachineError
from .report import TEST_ID
from .result import FAILED, Group

LOST_MAX = 5  # after this many lost machines the row ends
PATTERNS_BYTES = 255  # the longest test= that the kernel takes


def select(ids, patterns):
    """Returns the ids that `test=` selects, by the rules of kernel/test/selftest.c."""
    return [test_id for test_id in ids
            if any(fnmatchcase(test_id, pattern) for pattern in patterns.split(","))]


def patterns_for(wanted, ids, prefix=""):
    """Returns a short list of patterns that select exactly `wanted` among all `ids`."""
    whole, parts = "", []
    for letter in sorted({test_id[len(prefix)] for test_id in ids}):
        under = [test_id for test_id in ids if test_id.startswith(prefix + letter)]
        chosen = [test_id for test_id in under if test_id in wanted]
        if chosen == under:
            whole += letter
        elif chosen:
            parts += patterns_for(wanted, under, prefix + letter)
    if whole:
        parts.append(prefix + (f"[{whole}]*" if len(whole) > 1 else f"{whole}*"))
    return parts


def portion(wanted, ids):
    """Returns as many of those patterns as the kernel takes at once, as one text."""
    text = ""
    for pattern in patterns_for(set(wanted), ids):
        longer = f"{text},{pattern}" if text else pattern
        if len(longer) > PATTERNS_BYTES:
            break
        text = longer
    return text


class Suite:
    """One row. Each machine that it needs adds cases to its group."""

    def __init__(self, row, wanted, ids, say=lambda text: None):
        self.row = row
        self.left = list(wanted)
        self.ids = ids
        self.say = say
        self.group = Group(row.name)
        self.lost = []
        self._machines = 0

    def run(self, start, watch=None, **judging):
        """Runs the row and returns its group. `start(row)` makes a machine. `watch(reader, done)`
        is called as output arrives. The other arguments go to judge()."""
        row, expected = self.row, list(self.left)
        while True:
            done = len(self.group.cases)
            try:
                transcript = boot.follow(row, start(row), watch and (
                    lambda reader, done=done: watch(reader, done)))
            except MachineError as error:
                self.group.add(self._name("machine"), FAILED, str(error))
                for test_id in self.left:
                    self.group.add(test_id, FAILED, "did not run")
                return self.group
            later = self._later(transcript.reader, expected)
            if len(self.lost) > LOST_MAX:
                later, expected = [], self.left
            self._add(judge(self.row, transcript, [test_id for test_id in expected
                                                   if test_id not in later], **judging))
            self.left = later + [test_id for test_id in self.left if test_id not in expected]
            if not self.left:
                return self.group
            row = self._next(later)
            expected = select(self.left, row.tests)

    def _later(self, reader, expected):
        """Returns the tests that the machine did not reach, if it was lost."""
        reached = [result.id for result in reader.results] + [reader.running] * bool(reader.running)
        if reader.terminated or not reached:
            return []
        self.lost.append(reached[-1])
        return [test_id for test_id in expected if test_id not in reached]

    def _name(self, name):
        """Returns the name, in this machine, of a case that is not a test."""
        return name if self._machines == 0 else f"{name} {self._machines + 1}"

    def _add(self, part):
        """Adds the cases of one machine to the group."""
        group = self.group
        for case in part.cases:
            if not TEST_ID.match(case.name):
                case.name = self._name(case.name)
        group.cases += part.cases
        group.seconds += part.seconds
        group.remarks += part.remarks
        group.output += ("\n" if group.output else "") + part.output

    def _next(self, later):
        """Returns the row for the next machine."""
        self._machines += 1
        if later:
            words = (f"{self.lost[-1]} took its machine with it;"
                     f" the {len(later)} tests after it run in another one")
            self.say(f"{self.row.name}: {words}")
            self.group.remarks.append(words)
        return dataclasses.replace(self.row, name=f"{self.row.name}-again-{self._machines}",
                                   tests=portion(self.left, self.ids))
