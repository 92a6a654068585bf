"""Runs tests in a machine and reads their verdicts from outside of it.

The machine stops at the first instruction of each test, of test_fail() and of selftest_verdict(). A test
has passed if its own code was entered, test_fail() was not, selftest_verdict() was then called from
the test engine for just this test with no failed check, and the code of all is as it was built. What the machine prints decides
nothing, nor does the status with which it ends. Time is counted in guest instructions.
"""

import os
import signal
import time
from dataclasses import dataclass, field

from runner import boot, machine
from runner.gdb import GdbError
from runner.machine import MachineError
from runner.qmp import Qmp
from runner.row import Row

from . import outside

COUNTED = ("-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm")
CALLERS = ("result_print", "test_run_one", "selftest_run")
ENGINE = ("test_fail", "selftest_verdict", "result_print", "test_run_one", "test_thread", "selftest_run")
FLOOD_BYTES = 1 << 20
LOOKS_MOST = 40  # stops of one observer in one machine, from its first test on; each costs milliseconds
WALL_SECONDS = 120  # of a host or guest that hangs and executes next to nothing
PASSED = "passed"


@dataclass
class Seen:
    """What came of one machine."""

    verdicts: dict = field(default_factory=dict)  # {test id: PASSED or what was seen instead}
    notes: dict = field(default_factory=dict)  # {test id: lines that the failed test printed}
    observed: dict = field(default_factory=dict)  # {observer: (times right, complaints)}
    end: str = ""  # why it ended early, or ""
    lines: list = field(default_factory=list)
    instructions: int = 0


def leave_no_machine():
    """Makes SIGTERM and Ctrl-C end every machine of this program, and then the program."""
    def end(*_):
        machine.kill_all()
        os._exit(130)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def constants_of(path):
    """Returns {word: number} of a file of NASM definitions."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            _, word, *number = line.split()
            if len(number) == 1 and number[0].lstrip("-").isdigit():
                found[word] = int(number[0]) & outside.WORD
    return found


class Watch:
    """One machine that runs some tests."""

    def __init__(self, paths, image, tests, name, cmdline="", observers=(), budget=0):
        self.row = Row(f"lab-{name}", kind="script", script="tools/lab/watch.py", cpus=1, cpu="max", gdb=True, extra=COUNTED,
                       cmdline=f"test={','.join(tests)} exit=1 panic=exit {cmdline}".strip())
        self.tests, self.image, self.budget = tests, image, budget
        self.machine = boot.make_machine(self.row, paths)
        self.constants = {word: number for name in ("offsets.inc", "stack_offsets.inc")
                          for word, number in constants_of(image.path.replace("kernel.elf", name)).items()}
        self.names, self.observers = observers, []
        self.seen = Seen()
        self.gdb, self._clock, self._running = None, None, ""
        self._started, self._returns, self._begin = set(), {}, None

    def run(self):
        """Runs the machine to its end and returns what was Seen."""
        try:
            self.machine.start()
            self.gdb = self.machine.gdb()
            self._clock = Qmp(self.machine.gdb_socket().replace("/gdb", "/qmp"))
            self._prepare()
            self._follow()
        except (GdbError, MachineError, OSError) as error:
            self.seen.end = self.seen.end or f"the machine went away: {error}"
        finally:
            self.machine.stop()
        self.seen.lines = self.machine.reader.lines
        self._explain()
        return self.seen

    def _prepare(self):
        stops = {"selftest_verdict": self._verdict, "test_fail": self._failed_check}
        for test in self.tests:
            for name in self.image.function_of(f"test_run_{test}"):
                stops[name] = lambda test=test: self._test_begins(test)
        self._stops = {self.image.address[name]: stop for name, stop in stops.items()}
        state = outside.Machine(self.gdb, self.image, self.constants)
        for name in self.names:
            observer = outside.OBSERVERS[name](state)
            self.observers.append((name, observer))
            self._stops[self.image.address[observer.function]] = \
                lambda observer=observer: self._enter(observer)
        for address in self._stops:
            self.gdb.break_at(address)

    def _follow(self):
        begin = checked = time.monotonic()
        self.gdb.go()
        while True:
            stopped = self.gdb.wait(0.2)
            self.machine.drain()
            if stopped is False:
                return
            if stopped:
                self._stop()
                self.gdb.go()
            now = time.monotonic()
            if now - checked > 0.5:
                checked = now
                self.seen.end = self._over(now - begin)
            if self.seen.end:
                return

    def _over(self, wall_seconds):
        output = sum(map(len, self.machine.reader.lines)) + len(self.machine.reader.unfinished())
        if output > FLOOD_BYTES:
            return f"the machine printed more than {FLOOD_BYTES} bytes"
        self.seen.instructions = self._instructions()
        if self.seen.instructions > self.budget:
            return self._hang(f"hang: not over after {self.budget} instructions")
        return self._hang("hang: the host waited too long") if wall_seconds > WALL_SECONDS else ""

    def _hang(self, words):
        """Asks a machine that hangs for the backtraces of all CPUs."""
        self._clock.close()
        if self.machine.interrogate():
            until = time.monotonic() + 5
            while time.monotonic() < until and self.machine.pump(0.2) is not None:
                pass
        return words

    def _instructions(self):
        """Returns the machine's clock, which one instruction moves by one nanosecond, in whole seconds."""
        now = self._clock.execute("qom-get", path="/machine", property="rtc-time")
        seconds = ((now["tm_mday"] * 24 + now["tm_hour"]) * 60 + now["tm_min"]) * 60 + now["tm_sec"]
        self._begin = seconds if self._begin is None else self._begin
        return (seconds - self._begin) * 1_000_000_000

    def _stop(self):
        rip = self.gdb.register("rip")
        if rip in self._returns:
            self.gdb.unbreak(rip)
            self._returns.pop(rip)()
        elif rip in self._stops:
            self._stops[rip]()
            self.gdb.unbreak(rip)  # or the machine would stop here again
            self.gdb.step()
            self.gdb.break_at(rip)

    def _enter(self, observer):
        if not self._started or observer.right + len(observer.wrong) >= LOOKS_MOST or self._returns:
            return
        back = self.gdb.word(self.gdb.register("rsp"))
        if observer.begin():
            self._returns[back] = observer.end
            self.gdb.break_at(back)

    def _test_begins(self, test):
        self._started.add(test)
        self._running = test

    def _failed_check(self):
        """Counts a failed check, whatever becomes of the kernel's own count."""
        if self._running:
            self.seen.verdicts.setdefault(self._running, "a failed check")

    def _verdict(self):
        registers = self.gdb.registers()
        test = self.image.tests.get(registers["rdi"], "?")
        caller = self.image.function_at(self.gdb.word(registers["rsp"]))
        failed = registers["rsi"] & 0xffffffff
        if test not in self.tests:
            word = None
        elif caller.split(".", maxsplit=1)[0] not in CALLERS:
            word = f"a verdict that came from {caller or 'nowhere'}, not from the test engine"
        elif self._changed(test):
            word = f"the code of {self._changed(test)} is not as it was built"
        elif failed:
            word = f"{failed} failed checks"
        elif test not in self._started:
            word = "the test did not run: its condition does not hold" if registers["rdx"] else \
                "a verdict on a test that had not begun"
        else:
            word = "the test was skipped" if registers["rdx"] else PASSED
        if word and self.seen.verdicts.get(test, PASSED) == PASSED:
            self.seen.verdicts[test] = word

    def _changed(self, test):
        """Returns the name of a function of the test or the engine whose bytes were changed, or ""."""
        for prefix in (f"test_run_{test}", *ENGINE):
            for name in self.image.function_of(prefix):
                address, data = self.image.bytes_of(name)
                if data and self.gdb.read(address, len(data)) != data:
                    return name
        return ""

    def _explain(self):
        self.seen.observed = {name: (one.right, one.wrong) for name, one in self.observers}
        panic = next((line for line in self.seen.lines if line.startswith("PANIC: ")), "")
        for test in self.tests:
            if test not in self.seen.verdicts:
                self.seen.verdicts[test] = " ".join(filter(None, (
                    "did not end" if test in self._started else "did not begin",
                    f"({self.seen.end or panic or 'the machine ended'})")))
        running = ""
        for line in self.seen.lines:
            if line.startswith("# ") and line.endswith(" starting"):
                running = line.split()[1]
            elif line.startswith(("ok ", "not ok ")):
                running = ""
            elif line.startswith("# ") and running:
                self.seen.notes.setdefault(running, []).append(line[2:])
