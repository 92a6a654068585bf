"""Turns a machine's output and its exit status into cases.

Every row has one case of its own ("machine") beside the cases of its tests. It passes if the
machine came up, printed no unexpected output, and ended with the right status. A test that should
have run and did not is a failed case under its own name.
"""

import re
from dataclasses import dataclass, field

from . import exemptions as exemption_list
from . import marks
from .result import FAILED, PASSED, SKIPPED, Group
from .row import SUCCESS, TESTS_FAILED, status_in_words

LAST_LINES = 25


@dataclass
class Transcript:
    """The output and the end of one machine."""

    reader: object
    status: int = None
    triple_fault: bool = False
    hang: str = ""
    nmi_lines: list = field(default_factory=list)
    emulator_words: str = ""
    ended_itself: bool = True
    seconds: float = 0.0
    suite_seconds: float = 0.0


def judge(row, transcript, wanted_ids=(), exemptions=(), ci=False, bounds=None):
    """Returns the group of a row. `wanted_ids` are the tests of its kernel that the row selects.
    `bounds` are the computed depths of its kernel's stacks."""
    group = Group(row.name, seconds=transcript.seconds)
    group.output = "\n".join(transcript.reader.lines)
    if row.kind == "suite":
        complaints = _suite(group, row, transcript, wanted_ids, exemptions, ci)
    else:
        complaints = _other(row, transcript)
    if row.kind in ("suite", "lesson") and bounds and transcript.reader.terminated:
        _stacks(group, transcript.reader.lines, bounds)
    complaints += _ending(row, transcript)
    text = "\n".join(transcript.reader.lines)
    for pattern in row.forbid:
        match = re.search(pattern, text, re.MULTILINE)
        if match:
            complaints.append(f"forbidden output: {match.group(0)!r}")
    if transcript.suite_seconds > row.budget_seconds:
        group.remarks.append(f"over its budget: {transcript.suite_seconds:.0f} s of suite,"
                             f" {row.budget_seconds} s are meant")
    if complaints:
        group.add("machine", FAILED, _explain(complaints, transcript), transcript.seconds)
    else:
        group.add("machine", PASSED, seconds=transcript.seconds)
    return group


def _suite(group, row, transcript, wanted_ids, exemptions, ci):
    reader = transcript.reader
    complaints = list(reader.complaints)
    for result in reader.results:
        name = f"{result.id} {result.sentence}"
        outcome, detail = result.outcome, "\n".join(result.notes)
        if outcome == SKIPPED:
            listed = exemption_list.find(exemptions, row.name, result.id)
            detail = result.reason
            if ci and not listed:
                outcome = FAILED
                detail = f"skipped, and tests/exemptions does not list it: {result.reason}"
            elif listed:
                detail = f"{result.reason} (listed: {listed.reason})"
        group.add(name, outcome, detail)
    reported = {result.id for result in reader.results}
    for test_id in sorted(set(wanted_ids) - reported):
        if test_id == reader.running and reader.panic is not None:
            group.add(test_id, FAILED, f"the kernel panicked in it: {reader.panic}")
        else:
            group.add(test_id, FAILED, "did not end" if test_id == reader.running else "did not run")
    for test_id in sorted(reported - set(wanted_ids)):
        complaints.append(f"{test_id} reported, but the kernel's table of tests does not have it"
                          " or the row does not select it")
    if not wanted_ids:
        complaints.append("the row selects no test at all")
    missing = len(set(wanted_ids) - reported)
    if missing:
        complaints.append(f"{missing} of {len(set(wanted_ids))} tests did not run")
    return complaints


def _stacks(group, lines, bounds):
    """Adds one case: no stack was used deeper than its computed bound."""
    found, words = marks.compare(marks.read_marks(lines), bounds)
    group.add("stacks within their bounds", FAILED if found else PASSED,
              "\n".join(found + [words]))
    group.remarks.append(f"stacks, {words}")


def _other(row, transcript):
    reader = transcript.reader
    complaints = []
    lines = reader.lines
    if row.kind == "panic":
        start = next((i for i, line in enumerate(lines) if line.startswith("PANIC: ")), None)
        if start is None:
            return ["no line begins with 'PANIC: '"]
        again = [line for line in lines[start + 1:] if line.startswith("PANIC: ")]
        complaints += [f"a second panic: {line!r}" for line in again]
        complaints += [f"no line before the panic matches {pattern!r}" for pattern in row.before
                       if not any(re.search(pattern, line) for line in lines[:start])]
        lines = lines[start:]
    elif reader.panic is not None:
        complaints.append(f"the kernel panicked: {reader.panic}")
    position = 0
    for pattern in row.expect:
        for index in range(position, len(lines)):
            if re.search(pattern, lines[index]):
                position = index + 1 if row.ordered else 0
                break
        else:
            where = " after the lines before it" if position else ""
            complaints.append(f"no line matches {pattern!r}{where}")
    return complaints


def _ending(row, transcript):
    if transcript.hang:
        return [transcript.hang]
    if row.emulator == "bochs":
        return [] if transcript.ended_itself else [
            f"Bochs did not end by the shutdown port: {transcript.emulator_words}"]
    status = transcript.status
    words = status_in_words(status, transcript.triple_fault)
    if row.kind == "suite":
        failures = transcript.reader.count(FAILED)
        expected = TESTS_FAILED if failures else SUCCESS
        if status == expected:
            return []
        return [f"exit status {words}; expected {expected} with {failures} failed tests"]
    if status != row.expected_status:
        return [f"exit status {words}; expected {row.expected_status}"]
    return []


def _explain(complaints, transcript):
    parts = list(complaints)
    if transcript.emulator_words:
        parts.append(f"the emulator said: {transcript.emulator_words}")
    lines = transcript.reader.lines
    before = lines[:len(lines) - len(transcript.nmi_lines)] if transcript.nmi_lines else lines
    parts.append(f"-- last lines ({len(before[-LAST_LINES:])} of {len(before)}) --")
    parts += before[-LAST_LINES:]
    if transcript.nmi_lines:
        parts.append("-- after the NMI --")
        parts += transcript.nmi_lines
    elif transcript.hang:
        parts.append("-- nothing came after the NMI --")
    return "\n".join(parts)
