"""A strict reader of the KTAP that a kernel prints on its serial line.

The reader takes the raw bytes as they arrive and collects complaints. It accepts four kinds of
line: KTAP itself, diagnostics ("# ..."), log lines ("[   1.234567] ...") and, after a line
"PANIC: ...", the text of the panic. A failed check in user mode is a log line and counts as a
diagnostic. Before the header, any text is allowed that does not look like KTAP, because the
firmware and the boot loader write to the same serial line. Between the header and the terminator,
all other text is garbage and counts as a failure. Two CPUs that write at the same time would
produce such garbage.
"""

import re
from dataclasses import dataclass, field

HEADER = "KTAP version 1"
TERMINATOR = "# end of tests"

PLAN = re.compile(r"1\.\.(\d+)$")
STARTING = re.compile(r"# ([A-Z]{3}\d{4}) starting$")
RESULT = re.compile(r"(ok|not ok) (\d+) ([A-Z]{3}\d{4}) (\S.*)$")
SKIP = re.compile(r"(.*?) # SKIP(?: (.*))?$")
TOTALS = re.compile(r"# totals: passed (\d+) failed (\d+) skipped (\d+)$")
LOG = re.compile(r"\[ *\d+\.\d{6}\] ")
USER_NOTE = re.compile(LOG.pattern + r".*?(user/\S+\.[ch]:\d+: .*)$")  # of user/test/test.h
KTAP_LIKE = re.compile(r"(ok|not ok)\b|1\.\.\d|KTAP\b|# totals:|# end of tests")
ESCAPES = re.compile(rb"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1bc")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

PASSED = "passed"
FAILED = "failed"
SKIPPED = "skipped"


@dataclass
class Result:
    """The result that one test reported."""

    number: int
    id: str
    sentence: str
    outcome: str
    reason: str = ""
    notes: list = field(default_factory=list)


class Reader:
    """Parses bytes into `results`, `complaints` and `panic`."""

    def __init__(self):
        self.results = []
        self.complaints = []
        self.lines = []
        self.panic = None
        self.plan = None
        self.running = None
        self.header_seen = False
        self.terminated = False
        self.totals = None
        self._partial = b""
        self._notes = []

    def feed(self, data):
        """Takes bytes in pieces of any size and returns the lines that they complete."""
        pieces = (self._partial + data).split(b"\n")
        self._partial = pieces.pop()
        fresh = [self._clean(piece) for piece in pieces]
        for line in fresh:
            self._line(line)
        return fresh

    def finish(self):
        """Adds complaints about missing output. The caller calls it at the end of the output."""
        if self._partial:
            rest = self._clean(self._partial)
            self._partial = b""
            self._line(rest)
            if rest and not self.panic:
                self._complain(f"the output ends in the middle of a line: {rest!r}")
        if self.panic is not None:
            place = f" in {self.running}" if self.running else ""
            self._complain(f"the kernel panicked{place}: {self.panic}")
        elif not self.header_seen:
            self._complain(f"no header line {HEADER!r}")
        elif not self.terminated:
            place = f"; {self.running} was running" if self.running else ""
            self._complain(f"no terminator {TERMINATOR!r}{place}")
        if self.header_seen and not self.panic:
            self._check_plan()
            self._check_totals()

    def unfinished(self):
        """Returns the part of the last line that has arrived so far."""
        return self._clean(self._partial)

    def count(self, outcome):
        """Returns the number of results with this outcome."""
        return sum(1 for result in self.results if result.outcome == outcome)

    @staticmethod
    def _clean(raw):
        raw = ESCAPES.sub(b"", raw).rstrip(b"\r")
        return raw.decode("utf-8", errors="backslashreplace")

    def _complain(self, text):
        self.complaints.append(text)

    def _line(self, line):
        self.lines.append(line)
        if self.panic is not None:
            return
        if line.startswith("PANIC: "):
            self.panic = line[len("PANIC: "):]
        elif not self.header_seen:
            self._before_header(line)
        elif self.terminated:
            self._after_terminator(line)
        else:
            self._inside(line)

    def _before_header(self, line):
        if line == HEADER:
            self.header_seen = True
        elif KTAP_LIKE.match(line):
            self._complain(f"KTAP before the header: {line!r}")

    def _after_terminator(self, line):
        if line == HEADER:
            self._complain("a second header after the terminator: did the machine boot twice?")
        elif KTAP_LIKE.match(line):
            self._complain(f"KTAP after the terminator: {line!r}")
        elif line and not LOG.match(line):
            self._complain(f"garbage after the terminator: {line!r}")

    def _inside(self, line):
        if self.plan is None and not LOG.match(line):
            match = PLAN.match(line)
            if not match:
                self._complain(f"the line after the header is not a plan: {line!r}")
                self.plan = -1
            else:
                self.plan = int(match.group(1))
                return
        if not line:
            return
        if line == HEADER:
            self._complain("a second header: did the machine boot twice?")
        elif line == TERMINATOR:
            self.terminated = True
            self.running = None
        elif line.startswith("# totals:"):
            self._totals_line(line)
        elif line.startswith("# "):
            self._diagnostic(line)
        elif RESULT.match(line):
            self._result_line(line)
        elif PLAN.match(line):
            self._complain(f"a second plan: {line!r}")
        elif USER_NOTE.match(line):
            self._notes.append(USER_NOTE.match(line).group(1))
        elif CONTROL.search(line) or not LOG.match(line):
            self._complain(f"garbage: {line!r}")

    def _totals_line(self, line):
        match = TOTALS.match(line)
        if not match:
            self._complain(f"malformed totals: {line!r}")
        elif self.totals is not None:
            self._complain("a second line of totals")
        else:
            self.totals = tuple(int(number) for number in match.groups())

    def _diagnostic(self, line):
        match = STARTING.match(line)
        if not match:
            self._notes.append(line[2:])
            return
        if self.running:
            self._complain(f"{match.group(1)} started before {self.running} reported")
        self.running = match.group(1)
        self._notes = []

    def _result_line(self, line):
        if self.totals is not None:
            self._complain(f"a result after the totals: {line!r}")
        word, number, test_id, sentence = RESULT.match(line).groups()
        outcome, reason = (PASSED if word == "ok" else FAILED), ""
        skip = SKIP.match(sentence)
        if skip:
            sentence, reason = skip.group(1), skip.group(2) or ""
            if outcome == FAILED:
                self._complain(f"{test_id} is both failed and skipped")
            elif not reason:
                self._complain(f"{test_id} is skipped without a reason")
                outcome = SKIPPED
            else:
                outcome = SKIPPED
        number = int(number)
        if number != len(self.results) + 1:
            self._complain(f"{test_id} has number {number}, expected {len(self.results) + 1}")
        if any(result.id == test_id for result in self.results):
            self._complain(f"duplicate id {test_id}")
        if self.running != test_id:
            self._complain(f"{test_id} reported, but {self.running or 'nothing'} was started")
        self.running = None
        self.results.append(Result(number, test_id, sentence, outcome, reason, self._notes))
        self._notes = []

    def _check_plan(self):
        if self.plan is None:
            self._complain("no plan")
        elif self.plan >= 0 and self.plan != len(self.results):
            self._complain(f"the plan says {self.plan} tests, {len(self.results)} reported")

    def _check_totals(self):
        counted = tuple(self.count(outcome) for outcome in (PASSED, FAILED, SKIPPED))
        if self.totals is None:
            self._complain("no line of totals")
        elif self.totals != counted:
            self._complain(f"totals say {self.totals}, counted {counted} (passed failed skipped)")


def read(data):
    """Parses a complete output and returns its reader."""
    reader = Reader()
    reader.feed(data)
    reader.finish()
    return reader
