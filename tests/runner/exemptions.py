"""Reads tests/exemptions, the list of tests that may be skipped in certain rows.

A line is `ROW-PATTERN  TEST-PATTERN  reason in words`. Both patterns may have `*` and `?`. A `!`
before the row's pattern means all other rows, and `#` begins a comment. A test that is not listed
must run. A line that matches nothing is an error, because it would hide a renamed row or test.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


class ExemptionError(Exception):
    """A line of the list is wrong."""


@dataclass(frozen=True)
class Exemption:
    """One line of the list."""

    rows: str
    tests: str
    reason: str

    def covers(self, row_name, test_id):
        """Returns whether this line allows the row to skip the test."""
        return _row_matches(row_name, self.rows) and fnmatchcase(test_id, self.tests)


def _row_matches(name, pattern):
    if pattern.startswith("!"):
        return not fnmatchcase(name, pattern[1:])
    return fnmatchcase(name, pattern)


def parse(text):
    """Returns the list of exemptions, or raises ExemptionError."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        fields = line.split(None, 2)
        if len(fields) != 3:
            raise ExemptionError(f"line {number}: not 'ROW TEST reason': {line!r}")
        if fields[0][0] in "*!" and fields[1] == "*":
            raise ExemptionError(f"line {number}: exempts everything everywhere")
        found.append(Exemption(*fields))
    return found


def find(exemptions, row_name, test_id):
    """Returns the first exemption that covers the test in the row, or None."""
    for exemption in exemptions:
        if exemption.covers(row_name, test_id):
            return exemption
    return None


def stale(exemptions, row_names, test_ids):
    """Returns complaints about lines that match no row or no test."""
    complaints = []
    for line in exemptions:
        if not any(fnmatchcase(name, line.rows.lstrip("!")) for name in row_names):
            complaints.append(f"no row matches {line.rows!r} ({line.reason})")
        if not any(fnmatchcase(test_id, line.tests) for test_id in test_ids):
            complaints.append(f"no test matches {line.tests!r} ({line.reason})")
    return complaints
