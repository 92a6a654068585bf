"""A strict reader of the TAP that the host unit tests print.

    TAP version 13
    1..N
    ok 1 - sentence
    not ok 2 - sentence
    P passed, F failed

Other lines (diagnostics, a sanitizer's report) belong to the result after them. They are allowed
only before a failed result, so a sanitizer's report before a passed test is an error.
"""

import re

from .ktap import FAILED, PASSED, Result

HEADER = "TAP version 13"
PLAN = re.compile(r"1\.\.(\d+)$")
RESULT = re.compile(r"(ok|not ok) (\d+) - (\S.*)$")
TOTALS = re.compile(r"(\d+) passed, (\d+) failed$")


def read(text):
    """Returns (results, complaints) of a whole output."""
    results, complaints, notes, totals = [], [], [], None
    lines = text.splitlines()
    if lines[:1] != [HEADER]:
        return [], [f"no header line {HEADER!r}"]
    plan = PLAN.match(lines[1]) if len(lines) > 1 else None
    if not plan:
        return [], ["the line after the header is not a plan"]
    for line in lines[2:]:
        match = RESULT.match(line)
        if totals:
            complaints.append(f"something after the totals: {line!r}")
        elif match:
            outcome = PASSED if match.group(1) == "ok" else FAILED
            if outcome == PASSED and any(not note.startswith("# ") for note in notes):
                complaints.append(f"garbage before test {match.group(2)}: {notes[0]!r}")
            if int(match.group(2)) != len(results) + 1:
                complaints.append(f"test number {match.group(2)}, expected {len(results) + 1}")
            if any(result.sentence == match.group(3) for result in results):
                complaints.append(f"two tests say {match.group(3)!r}")
            results.append(Result(int(match.group(2)), "", match.group(3), outcome, "", notes))
            notes = []
        elif TOTALS.match(line):
            totals = tuple(int(number) for number in TOTALS.match(line).groups())
        else:
            notes.append(line)
    failures = sum(1 for result in results if result.outcome == FAILED)
    if int(plan.group(1)) != len(results):
        complaints.append(f"the plan says {plan.group(1)} tests, {len(results)} reported")
    if not results:
        complaints.append("no test at all")
    if totals is None:
        complaints.append("no totals: the program did not reach its end")
    elif totals != (len(results) - failures, failures):
        complaints.append(f"totals say {totals}, counted {(len(results) - failures, failures)}")
    return results, complaints
