"""A user's terminal at a machine's serial port, at which the shell waits."""

import re
import time

from .machine import MachineError

PROMPT = "stalactite$ "
PATIENCE_SECONDS = 60
QUIET_SECONDS = 0.3
TYPED_BYTES = 8  # at a time: half of the FIFO of a serial port
TYPED_SECONDS = 0.05  # of the emulator's processor time, in which the guest takes them
# What a terminal does with its line: the cursor goes to a column, or the line is written anew.
COLUMN = re.compile(r"\r\x1b\[\d+C")
ANEW = re.compile(r"[^\n]*\r(?=.)", re.DOTALL)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LOG = re.compile(r"^\[ *\d+\.\d{6}\] .*\n", re.MULTILINE)


class Terminal:
    """What a user sees at the serial port, and types there."""

    def __init__(self, machine, patience_seconds=PATIENCE_SECONDS):
        self.machine = machine
        self.is_slow = machine.row.emulator == "bochs"
        self.patience_seconds = patience_seconds
        self.all = b""  # what has come
        self.text = ""  # what of it was not matched yet
        self.typed = ""

    def send(self, text):
        """Types a text. Bochs' serial port has no flow control: what comes faster than the guest takes it is lost.
        So there a few bytes are typed, and more of them when the emulator has run for a while and nothing is written
        any more. A busy host counts only its processor's time."""
        self.typed += text
        step = TYPED_BYTES if self.is_slow else max(len(text), 1)
        for at in range(0, len(text), step):
            self.machine.send(text[at:at + step])
            seen = None
            while self.is_slow and seen != len(self.all):
                seen = len(self.all)
                self._let_run()

    def _let_run(self):
        """Reads until the emulator has used its processor for a while."""
        until, deadline = self.machine.processor_seconds() + TYPED_SECONDS, time.monotonic() + self.patience_seconds
        while self.machine.processor_seconds() < until:
            if time.monotonic() > deadline:
                raise MachineError(f"the emulator stands still; the terminal shows {self.text[-500:]!r}")
            self.pump(TYPED_SECONDS)

    def pump(self, seconds):
        """Reads what comes within a time."""
        data = self.machine.read_bytes(seconds)
        if data is None:
            raise MachineError(f"the machine ended; the terminal shows {self.text[-500:]!r}")
        self.all += data
        text = (self.text + data.decode("ascii", "replace")).replace("\r\n", "\n")
        self.text = LOG.sub("", ESCAPE.sub("", ANEW.sub("", COLUMN.sub("", text))))

    def expect(self, pattern):
        """Waits until the text matches, and drops it up to there. Returns what stood before."""
        deadline = time.monotonic() + self.patience_seconds
        while True:
            found = re.search(pattern, self.text, re.MULTILINE)
            if found:
                before, self.text = self.text[:found.start()], self.text[found.end():]
                return before
            if time.monotonic() > deadline:
                raise MachineError(f"the terminal does not show {pattern!r} but {self.text[-500:]!r}")
            self.pump(0.1)

    def wait_count(self, words, times):
        """Waits until words have come so often, lines of the log included."""
        deadline = time.monotonic() + self.patience_seconds
        while self.all.count(words) < times:
            if time.monotonic() > deadline:
                raise MachineError(f"{words!r} did not come {times} times; the end is {self.all[-500:]!r}")
            self.pump(0.1)

    def prompt(self):
        """Waits for the prompt of an empty line, after which nothing comes. Returns what stood before. A
        line of the log makes the prompt be written anew, and what is typed behind it."""
        before = ""
        while True:
            before += self.expect(r"^" + re.escape(PROMPT) + r"\Z")
            self.text = PROMPT  # until it is sure that it stays
            self.pump(QUIET_SECONDS)
            if self.text == PROMPT:
                self.text = ""
                return before

    def ask(self, line):
        """Types a line, and returns the answer up to the next prompt."""
        self.send(line + "\r")
        self.expect(re.escape(line) + r"\n")
        return self.prompt()
