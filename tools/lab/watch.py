"""Runs tests in a machine and reads their verdicts from outside of it.

The machine stops at the first instruction of each test, where the test returns to the test engine, and at the
first instruction of test_fail() and of selftest_verdict(). A test has passed if its own code was entered and
returned, test_fail() was not entered, selftest_verdict() was then called from the test engine for just this test with
no failed check, and the code of all is as it was built, at the beginning and at the verdict. What the machine prints
decides nothing, nor does the status with which it ends. Time is counted in guest instructions.
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
from .image import NoSymbol
from .observers import OBSERVERS
from .outside_events import STACK_BYTES, STRIDE, entry_stack_of

COUNTED = ("-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm")
CALLERS = ("result_print", "test_run_one", "selftest_run")
ENGINE = ("test_fail", "selftest_verdict", "result_print", "test_run_one", "test_thread", "thread_begin", "selftest_run")
FLOOD_BYTES = 1 << 18
LOOKS_MOST = 40  # stops of one observer in one machine, from its first test on; each costs milliseconds
DOUBLE_FAULTS_MOST = 8  # a handler that returns brings it again, for ever
GUEST_SECONDS = 200  # of the machine's clock, of which an idle machine passes a minute in an instant
WALL_SECONDS = 120  # in which a host or guest that hangs executes next to nothing
WORDS_INSTRUCTIONS, WORDS_SECONDS = 1_000_000, 5  # in which a machine that hangs prints its backtraces
PASSED = "passed"


@dataclass
class Seen:
    """What came of one machine."""

    verdicts: dict = field(default_factory=dict)  # {test id: PASSED or what was seen instead}
    notes: dict = field(default_factory=dict)  # {test id: lines that the failed test printed}
    observed: dict = field(default_factory=dict)  # {observer: (times right, complaints)}
    end: str = ""  # why it ended early, or ""
    lines: list = field(default_factory=list)
    death: tuple = ()  # (kind of entry stack, RIP, CR2) at the panic of the test that must end so
    instructions: int = 0  # executed when it was last looked
    needed: int = 0  # executed at the last verdict, or at the end that a test must bring


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


def judge_death(item, seen, line):
    """Returns PASSED if the kernel ended as the item says: by panic(), on that stack, in these words."""
    kind, rip, address, changed = seen
    if changed:
        return f"the code of {changed} is not as it was built"
    if item.death_stack not in (-1, kind):
        return f"it ended on entry stack {kind} (0: on none), not on {item.death_stack}: {line}"
    wanted = {"rip": f"{rip:x}", "address": f"{address:x}"}
    missing = [f"the words {item.death!r}"] * (item.death.lower() not in line.lower())
    missing += [f"{name} {wanted[name]}" for name in item.death_names.split() if wanted[name] not in line]
    return f"its last words lack {', '.join(missing)}: {line or 'there are none'}" if missing else PASSED


class Watch:
    """One machine that runs some tests."""

    def __init__(self, paths, image, tests, name, cmdline="", observers=(), budget=0, death=None):
        self.row = Row(f"lab-{name}", kind="script", script="tools/lab/watch.py", cpus=1, cpu="max", gdb=True, extra=COUNTED,
                       cmdline=f"test={','.join(tests)} exit=1 panic=exit {cmdline}".strip())
        self.tests, self.image, self.budget, self.death = tests, image, budget, death
        self.machine = boot.make_machine(self.row, paths)
        self.constants = {word: number for name in ("offsets.inc", "stack_offsets.inc")
                          for word, number in constants_of(image.path.replace("kernel.elf", name)).items()}
        self.names, self.observers = observers, []
        self.seen = Seen()
        self.gdb, self._clock, self._running = None, None, ""
        self._moved = 0.0  # when the machine was last seen to have gone on
        self._guest_seconds = 0
        self._started, self._returns, self._begin, self._double_faults = set(), {}, None, 0
        self._within = None  # (observer, the instructions executed then) of what was entered and has not returned
        self._ends, self._ended = {}, set()  # {address behind the call of a test: (its stack pointer, test)}

    def run(self):
        """Runs the machine to its end and returns what was Seen."""
        try:
            self.machine.start()
            self.gdb = self.machine.gdb()
            self._clock = self._connect()
            self._prepare()
            self._follow()
        except NoSymbol as error:
            self.seen.end = str(error)
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
        if self.death:
            self._stops[self.image.address["panic"]] = self._panic
            self._stops[self.image.address["entry_double_fault"]] = self._double_fault
        state = outside.Machine(self.gdb, self.image, self.constants)
        state.processor = lambda: self._clock.execute("human-monitor-command", **{"command-line": "info registers"})
        for name in self.names:
            observer = OBSERVERS[name](state)
            self.observers.append((name, observer))
            if observer.function is None:
                continue
            for function in self.image.function_of(observer.function) or [observer.function]:
                self._stops[self.image.address[function]] = lambda observer=observer: self._enter(observer)
        for address in self._stops:
            self.gdb.break_at(address)

    def _follow(self):
        self._moved = checked = time.monotonic()
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
                self.seen.end = self.end_reason(now)
            if self.seen.end:
                return

    def end_reason(self, now):
        """Returns why the machine has to end, or "". A slow host alone is no reason."""
        output = sum(map(len, self.machine.reader.lines)) + len(self.machine.reader.unfinished())
        if output > FLOOD_BYTES:
            return f"the machine printed more than {FLOOD_BYTES} bytes"
        before = self.seen.instructions, self._guest_seconds
        self.seen.instructions, self._guest_seconds = self._instructions(), self._clock_seconds()
        self._moved = now if (self.seen.instructions, self._guest_seconds) != before else self._moved
        if self.seen.instructions > self.budget:
            return self._hang(f"hang: not over after {self.budget} instructions; the solution takes at most half of them")
        observer, begun = self._within or (None, 0)
        if self.seen.instructions - begun > getattr(observer, "most", self.budget):
            return self._hang(f"hang: {observer.function} is not over after {observer.most} instructions")
        if self._guest_seconds > GUEST_SECONDS:
            return self._hang(f"hang: idle, and not over after {GUEST_SECONDS} seconds of the machine")
        return self._hang("hang: the host waited too long") if now - self._moved > WALL_SECONDS else ""

    def _hang(self, words):
        """Asks a machine that hangs for the backtraces of all CPUs, and gives it the instructions to print them."""
        self._clock.close()
        if self.machine.interrogate():
            self._clock = self._connect()
            until, enough = time.monotonic() + WORDS_SECONDS, self._instructions() + WORDS_INSTRUCTIONS
            while time.monotonic() < until and self._instructions() < enough and self.machine.pump(0.1) is not None:
                pass
            self.machine.drain()
        return words

    def _connect(self):
        """Returns a connection to the machine's control socket, which takes one at a time."""
        return Qmp(self.machine.gdb_socket().replace("/gdb", "/qmp"))

    def _instructions(self):
        """Returns how many instructions the machine has executed."""
        return self._clock.execute("query-replay")["icount"]

    def _clock_seconds(self):
        """Returns how far the machine's clock has gone on. Where the machine is idle, and where the grader stops it, the
        clock goes on to the next timer, and no instruction is executed."""
        now = self._clock.execute("qom-get", path="/machine", property="rtc-time")
        seconds = ((now["tm_mday"] * 24 + now["tm_hour"]) * 60 + now["tm_min"]) * 60 + now["tm_sec"]
        self._begin = seconds if self._begin is None else self._begin
        return seconds - self._begin

    def _stop(self):
        rip = self.gdb.register("rip")
        if rip in self._returns and self._returns[rip][0] in (None, self.gdb.register("rsp")):
            self.gdb.unbreak(rip)
            self._returns.pop(rip)[1]()
        elif rip in self._ends:
            stack, test = self._ends[rip]
            if stack == self.gdb.register("rsp"):
                self._ended.add(test)
            self._pass(rip)
        elif rip in self._returns:
            self._pass(rip)  # another thread, which called from the same place
        elif rip in self._stops:
            self._stops[rip]()
            self._pass(rip)

    def _pass(self, rip):
        """Executes the instruction at a stop, at which the machine would stop again."""
        self.gdb.unbreak(rip)
        self.gdb.step()
        if rip in self._stops or rip in self._ends or rip in self._returns:
            self.gdb.break_at(rip)

    def _enter(self, observer):
        if not self._started or self._returns:
            return
        observer.looks = getattr(observer, "looks", 0) + 1
        if observer.looks > getattr(observer, "looks_most", LOOKS_MOST):
            del self._stops[self.gdb.register("rip")]
            return
        stack = self.gdb.register("rsp")
        back = self.gdb.word(stack)
        if observer.begin():
            custom = hasattr(observer, "back")  # it ends elsewhere, with another stack pointer
            back = observer.back() if custom else back
            self._within = observer, self._instructions()
            self._returns[back] = None if custom else stack + 8, lambda: self._leave(observer)
            self.gdb.break_at(back)

    def _leave(self, observer):
        """What was entered returns."""
        begun, self._within = self._within[1], None
        if self._instructions() - begun > getattr(observer, "most", self.budget):
            observer.wrong.append(f"{observer.function} took more than {observer.most} instructions")
        observer.end()

    def _test_begins(self, test):
        self._started.add(test)
        self._running = test
        for _, observer in self.observers:
            if hasattr(observer, "look"):
                observer.look()
        stack = self.gdb.register("rsp")
        back = self.gdb.word(stack)
        if self._changed(test):
            self.seen.verdicts.setdefault(test, f"the code of {self._changed(test)} is not as it was built")
        elif back not in self._ends:
            self.gdb.break_at(back)
        self._ends[back] = stack + 8, test

    def _panic(self):
        """The kernel ends. Notes on which stack, and which event it tells of."""
        if not self._running or self.seen.death:
            return
        kind = entry_stack_of(self.gdb.register("rsp"))
        rip = self.gdb.word(self._frame_top(kind) + self.constants["FRAME_RIP"]) if kind else 0
        self.seen.death = kind, rip, self.gdb.fault_address(), self._changed(self._running, "panic", "panic_handle")
        self.seen.needed = self._instructions()

    def _double_fault(self):
        self._double_faults += 1
        if self._double_faults > DOUBLE_FAULTS_MOST:
            self.seen.end = "the double fault came again and again"

    def _frame_top(self, kind):
        """Returns the address of the first frame on an entry stack of CPU 0."""
        return outside.ENTRY_STACK_BASE + kind * STRIDE + STACK_BYTES - self.constants["FRAME_BYTES"]

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
            word = "the test was skipped" if registers["rdx"] else \
                PASSED if test in self._ended else "a verdict on a test that had not returned"
        if word and self.seen.verdicts.get(test, PASSED) == PASSED:
            self.seen.verdicts[test] = word
        self.seen.needed = self._instructions()

    def _changed(self, test, *more):
        """Returns the name of a function of the test or the engine whose bytes were changed, or ""."""
        for prefix in (f"test_run_{test}", *ENGINE, *more):
            for name in self.image.function_of(prefix):
                address, data = self.image.bytes_of(name)
                if data and self.gdb.read(address, len(data)) != data:
                    return name
        return ""

    def _explain(self):
        self.seen.observed = {name: (one.right, one.wrong) for name, one in self.observers}
        panic = next((line for line in self.seen.lines if line.startswith("PANIC: ")), "")
        if self.death and self.seen.death:
            self.seen.verdicts[self.tests[0]] = judge_death(self.death, self.seen.death, panic)
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
