"""The common base of the emulators QEMU and Bochs: a machine whose serial line the runner reads.

A machine keeps its files (the command that started it, the serial output, the emulator's log) in
one directory below build/test/.
"""

import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

from .ktap import Reader

PROMPT = "stalactite> "

# A wait that lasts this long fails. The limit is generous enough for a busy host, and no test
# depends on speed.
HANG_SECONDS = 300

SOCKET_BASE_BYTES = 70  # a socket's name may have 107

_running = set()


class MachineError(Exception):
    """The emulator cannot be started, or an awaited output did not arrive."""


def kill_all():
    """Ends every emulator that still runs, for a program that ends at once: after Ctrl-C, and in the handler of a
    signal. It waits for nothing and closes nothing, because another thread may hold the lock of a stream or of a
    process, and would not release it while a handler runs."""
    for machine in list(_running):
        machine.kill()


def short_directory():
    """Returns a new directory with a path short enough for sockets. A socket's path may have about
    a hundred bytes, and TMPDIR may be longer."""
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):
        if len(os.fsencode(base)) <= SOCKET_BASE_BYTES and os.access(base, os.W_OK | os.X_OK):
            return tempfile.mkdtemp(prefix="stalactite-", dir=base)
    raise MachineError("no directory for sockets: TMPDIR is too long, and /tmp cannot be written")


class Machine:
    """Base class of the emulators. As a context manager it stops the emulator at the end."""

    def __init__(self, row, paths):
        self.row = row
        self.paths = paths
        self.directory = paths.row_directory(row.name)
        self.reader = Reader()
        self.process = None
        self.notes = []
        self._serial_log = None
        self._short = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def command(self):
        """Returns the emulator's command line as a list."""
        raise NotImplementedError

    def start(self):
        """Starts the emulator in its own process group."""
        self._short = short_directory()
        self._serial_log = open(os.path.join(self.directory, "serial.log"), "wb")
        command = self.command()
        with open(os.path.join(self.directory, "command"), "w", encoding="utf-8") as file:
            file.write(shlex.join(command) + "\n")
        errors = open(os.path.join(self.directory, "stderr.log"), "wb")
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=errors,
                                            start_new_session=True)
        except OSError as error:
            raise MachineError(f"{command[0]} cannot be started: {error}") from error
        finally:
            errors.close()
        _running.add(self)

    def read_bytes(self, timeout_seconds):
        """Returns bytes from the serial line, b"" if none arrive in time, or None at the end."""
        ready, _, _ = select.select([self.process.stdout], [], [], timeout_seconds)
        if not ready:
            return b""
        return os.read(self.process.stdout.fileno(), 65536) or None

    def pump(self, timeout_seconds):
        """Reads and parses output once. Returns the new lines, or None at the end of the output."""
        data = self.read_bytes(timeout_seconds)
        if data is None:
            return None
        self._serial_log.write(data)
        self._serial_log.flush()
        return self.reader.feed(data)

    def processor_seconds(self):
        """Returns the processor time that the emulator has used, with all of its process group."""
        ticks = 0
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
                    words = file.read().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            if int(words[2]) == self.process.pid:
                ticks += int(words[11]) + int(words[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def note(self, text):
        """Stores a line for the report of the row."""
        self.notes.append(text)

    def drain(self):
        """Reads the output that has arrived, so that the emulator never waits for its reader."""
        while self.pump(0):
            pass

    def send(self, text):
        """Sends text to the serial line."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def expect(self, pattern, timeout_seconds=HANG_SECONDS, start=0):
        """Waits for a whole line that matches, from line number `start` on. Returns the number of
        the line after it. Raises MachineError with the last lines if no such line arrives."""
        deadline = time.monotonic() + timeout_seconds
        position = start
        while True:
            while position < len(self.reader.lines):
                position += 1
                if re.search(pattern, self.reader.lines[position - 1]):
                    return position
            left = deadline - time.monotonic()
            if left <= 0 or self.pump(min(left, 1)) is None:
                last = "\n".join(self.reader.lines[-15:])
                why = "in time" if left <= 0 else "before the machine ended"
                raise MachineError(f"no line matches {pattern!r} {why}; last lines:\n{last}")

    def wait_prompt(self, timeout_seconds=HANG_SECONDS, prompt=PROMPT, start=0):
        """Waits until the last, unfinished line begins with the prompt."""
        self._wait_unfinished(lambda line: len(self.reader.lines) >= start
                              and line.startswith(prompt), "no prompt", timeout_seconds)

    def wait_echo(self, text, timeout_seconds=HANG_SECONDS):
        """Waits until the last, unfinished line ends with the typed text."""
        self._wait_unfinished(lambda line: line.endswith(text), f"no echo of {text!r}",
                              timeout_seconds)

    def _wait_unfinished(self, test, complaint, timeout_seconds):
        deadline = time.monotonic() + timeout_seconds
        while not test(self.reader.unfinished()):
            left = deadline - time.monotonic()
            if left <= 0 or self.pump(min(left, 1)) is None:
                last = "\n".join(self.reader.lines[-15:] + [self.reader.unfinished()])
                why = "in time" if left <= 0 else "before the machine ended"
                raise MachineError(f"{complaint} {why}; last lines:\n{last}")

    def ask(self, text, timeout_seconds=HANG_SECONDS):
        """Types a line at the monitor's prompt and returns the lines of the answer."""
        start = len(self.reader.lines)
        self.send(text + "\r")
        self.wait_prompt(timeout_seconds, start=start + 1)
        return self.reader.lines[start + 1:]

    def wait_end(self, timeout_seconds=HANG_SECONDS):
        """Reads until the machine ends and returns its exit status."""
        deadline = time.monotonic() + timeout_seconds
        while self.pump(max(0, min(1, deadline - time.monotonic()))) is not None:
            if time.monotonic() >= deadline:
                raise MachineError("the machine does not end")
        return self.finish()

    def interrogate(self):
        """Asks a hung machine for the backtraces of all CPUs. Returns False if it cannot."""
        return False

    def finish(self, timeout_seconds=HANG_SECONDS):
        """Returns the exit status after the end of the output. Kills an emulator that stays."""
        try:
            return self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            return None

    def triple_fault(self):
        """Returns whether the emulator's log reports a triple fault."""
        return False

    def ended_itself(self):
        """Returns whether the kernel ended the machine on purpose, if the emulator reports it."""
        return True

    def emulator_words(self):
        """Returns the emulator's own messages, at most a few lines."""
        path = os.path.join(self.directory, "stderr.log")
        with open(path, encoding="utf-8", errors="replace") as file:
            return " / ".join(file.read().split("\n")[-6:]).strip(" /")

    def kill(self):
        """Kills the emulator, and removes the directory of its sockets."""
        if self.process and self.process.returncode is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self._short:
            shutil.rmtree(self._short, ignore_errors=True)
            self._short = None

    def stop(self):
        """Kills the emulator if it runs, and cleans up. It may be called more than once."""
        self.kill()
        if self.process:
            self.process.wait()
        _running.discard(self)
        if self.process:
            for stream in (self.process.stdin, self.process.stdout):
                try:
                    stream.close()
                except OSError:
                    pass
        if self._serial_log:
            self._serial_log.close()
