"""Shows what is running. A terminal is redrawn; other outputs get a line from time to time."""

import shutil
import sys
import threading
import time

from .report import failures
from .result import FAILED, PASSED, SKIPPED

PERIOD_SECONDS = 20
FAILURE_LINES = 12  # of each failed case, shown at once; the report has the rest
REDRAW_SECONDS = 0.2


class Progress:
    """Shows one line for each running group, and a permanent line when it has finished."""

    def __init__(self, stream=sys.stdout):
        self._stream = stream
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._running = {}
        self._drawn = 0
        self._last_draw = 0.0

    def started(self, name):
        """Notes that a row or another group begins."""
        with self._lock:
            self._running[name] = ["", time.monotonic(), time.monotonic()]
            if not self._terminal:
                self._say(f"      {name}: started")
            self._redraw(force=True)

    def update(self, name, text):
        """Shows the progress of a group."""
        with self._lock:
            state = self._running[name]
            state[0] = text
            if self._terminal:
                self._redraw()
            elif time.monotonic() - state[2] >= PERIOD_SECONDS:
                state[2] = time.monotonic()
                self._say(f"      {name}: {text}, {state[2] - state[1]:.0f} s")

    def finished(self, group):
        """Prints the final line of a group and its failures."""
        with self._lock:
            self._running.pop(group.name, None)
            self._erase()
            self._say(self._summary(group))
            for told in failures(group):
                self._say("\n".join(told[:FAILURE_LINES]))
            self._redraw(force=True)

    def say(self, text=""):
        """Prints a line above the lines of the running groups."""
        with self._lock:
            self._erase()
            self._say(text)
            self._redraw(force=True)

    def colour(self, text, code):
        """Returns the text, coloured if the output is a terminal."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._terminal else text

    def _summary(self, group):
        word = self.colour("FAIL", 31) if group.failed else self.colour("ok  ", 32)
        counts = f"{group.count(PASSED)} passed, {group.count(FAILED)} failed"
        if group.count(SKIPPED):
            counts += f", {group.count(SKIPPED)} skipped"
        return f"{word}  {group.name}: {counts}, {group.seconds:.1f} s"

    def _say(self, text):
        self._stream.write(text + "\n")
        self._stream.flush()

    def _erase(self):
        if self._terminal and self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _redraw(self, force=False):
        now = time.monotonic()
        if not self._terminal or (not force and now - self._last_draw < REDRAW_SECONDS):
            return
        self._erase()
        width = shutil.get_terminal_size().columns - 1
        for name, (text, begin, _) in self._running.items():
            self._stream.write(f"...   {name}: {text} ({now - begin:.0f} s)"[:width] + "\n")
        self._drawn = len(self._running)
        self._last_draw = now
        self._stream.flush()
