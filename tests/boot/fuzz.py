"""Makes system calls at random, from user mode, for as long as it is asked to: `make fuzz`.

The program `fuzz` (user/fuzz) makes the calls in batches, each from a seed of its own, by several
threads, and checks every result. Here is counted which errors each call gave. After PAIRS_CALLS calls
a pair of call and error that the list of system calls names, and that was never seen, is a failure,
unless OUT_OF_REACH says why it cannot be seen. When a batch has ended nothing may be left of it: no
object of the kernel, no page of a program.
"""

import argparse
import os
import re
import sys
import time

BATCH_CALLS = 100000
CALLS_IN_CI = 1000000
PAIRS_CALLS = 10000000
BATCH_SECONDS = 240  # a batch takes one to ten; the row itself may take longer
WORDS_SECONDS = 5
RESUME_SECONDS = 30
SETTLE_SECONDS = 60
# The table of `mem`: objects by kind, with their size and how many are in use; frames by owner. The
# stacks of sleeping threads are saved and come back at any time.
OBJECTS = re.compile(r"^(?!saved stack)(\S.*?) +(\d+) +(\d+) +\d+ +\d+$")
SPARE = re.compile(r"^Thread objects in use that CPUs keep for the next threads: (\d+)$")
FRAMES = re.compile(r"^(user\b.*?) +(\d+) +\d+ KiB")
# Errors that the fuzzer cannot bring about, or need not.
OUT_OF_REACH = {
    "NO_MEMORY": "it depends on the machine", "BUSY": "it depends on the machine",
    "UNSUPPORTED": "it depends on the machine",
}
SEEN = re.compile(r"fuzz: FUZZ seen (\w+) 0x([0-9a-f]+) of 0x([0-9a-f]+)$")
MADE = re.compile(r"fuzz: FUZZ calls (\d+) seed (\d+) wrong (\d+)$")
ENDED = re.compile(r"it ended with status (-?\d+)")
OVER = re.compile(rf"{ENDED.pattern}|not started: ")
ERROR = re.compile(r"^    ERROR_(\w+) = -(\d+),", re.MULTILINE)


class Tally:
    """What all batches saw."""

    def __init__(self, root):
        self.calls = 0
        self.seen, self.named = {}, {}
        with open(os.path.join(root, "lib", "error.h"), encoding="utf-8") as file:
            self._errors = {int(code): name for name, code in ERROR.findall(file.read())}

    def take(self, lines):
        """Takes the output of one batch. Returns whether it is complete and right."""
        made = [match for match in map(MADE.search, lines) if match]
        ended = [match for match in map(ENDED.match, lines) if match]
        for match in filter(None, map(SEEN.search, lines)):
            name, seen, named = match.group(1), int(match.group(2), 16), int(match.group(3), 16)
            self.seen[name] = self.seen.get(name, 0) | seen
            self.named[name] = named
        if len(made) != 1 or len(ended) != 1:
            return False
        self.calls += int(made[0].group(1))
        return made[0].group(3) == "0" and ended[0].group(1) == "0"

    def pairs(self):
        """Returns how many pairs of call and error were seen."""
        return sum(bin(bits >> 1).count("1") for bits in self.seen.values())

    def missing(self):
        """Returns the pairs of the list that were never seen."""
        return [f"{name} {self._errors[bit]}" for name, named in sorted(self.named.items())
                for bit in sorted(self._errors) if named >> bit & 1
                and not self.seen[name] >> bit & 1 and self._errors[bit] not in OUT_OF_REACH]


def in_use(machine):
    """Returns what the kernel has: objects by kind and size, and frames of programs by owner."""
    found, lines = {}, machine.ask("mem")
    for line in lines:
        for match in filter(None, (OBJECTS.match(line), FRAMES.match(line))):
            found[match.groups()[:-1]] = int(match.groups()[-1])
    assert len(found) > 5, "`mem` does not list objects"
    spare, = (int(match.group(1)) for match in map(SPARE.match, lines) if match)
    for kind in found:
        found[kind] -= spare if kind[0] == "thread" else 0
    return found


def last_words(machine):
    """Returns the last lines of a machine, with the backtraces of all CPUs if it can still be asked for them."""
    until = time.monotonic() + WORDS_SECONDS
    asked = machine.interrogate()
    while asked and time.monotonic() < until and machine.pump(0.5) is not None:
        pass
    return "\n".join(machine.reader.lines[-100:])


def run_batch(machine, seed, calls=BATCH_CALLS):
    """Runs a batch, and returns its output. The fuzzer gives the serial port to the monitor once. If the
    monitor sees it before the fuzzer takes it back, it shows its prompt, between lines of the log. Then `resume`
    waits for the batch again; it is typed anew from time to time, because a fuzzer that has the port takes it."""
    lines, start, resumes, typed = machine.reader.lines, len(machine.reader.lines), 0, 0
    deadline = time.monotonic() + BATCH_SECONDS
    machine.send(f"run fuzz {seed} {calls}\r")
    while not any(map(OVER.match, lines[start:])):
        now = time.monotonic()
        assert machine.pump(1) is not None and now < deadline, "the batch does not end:\n" + last_words(machine)
        paused = sum(line.startswith("It goes on.") for line in lines[start:])
        if paused > resumes or (resumes > 0 and now > typed + RESUME_SECONDS):
            machine.send("resume\r")
            resumes, typed = paused, now
    machine.wait_prompt()
    return lines[start + 1:]


def left_behind(machine, before):
    """Returns what there is more of than before, in words; none after some time, if all is well."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        now = in_use(machine)
        more = [f"{now[kind] - before.get(kind, 0)} of {' '.join(kind)}" for kind in sorted(now)
                if now[kind] > before.get(kind, 0)]
        if not more or time.monotonic() > deadline:
            return ", ".join(more)
        time.sleep(1)


def fuzz(machine, seed, is_over, say):
    """Runs batches until is_over(tally), at least one. An error raises an AssertionError that says
    how to repeat the batch."""
    tally = Tally(machine.paths.root)
    machine.wait_prompt()
    run_batch(machine, 0, calls=1000)  # what it needs for the first time stays
    before = in_use(machine)
    while True:
        again = f"again by: make fuzz SECONDS=1 SEED={seed} VARIANT={machine.row.build}"
        try:
            lines = run_batch(machine, seed)
        except Exception as error:
            raise AssertionError(f"{error}\n{again}") from error
        assert tally.take(lines), "\n".join(lines[-40:]) + f"\n{again}"
        more = left_behind(machine, before)
        assert not more, f"left behind: {more}\n{again}"
        say(f"{tally.calls} calls, {tally.pairs()} pairs of call and error")
        seed += 1
        if is_over(tally):
            break
    assert any("hello from ring 3" in line for line in machine.ask("run hello")), \
        f"another program does not run afterwards\n{again}"
    missing = tally.missing()
    if tally.calls >= PAIRS_CALLS:
        assert not missing, f"never seen in {tally.calls} calls: " + ", ".join(missing)
    return tally


def check_random_calls(start):
    """a million system calls at random: every result is right"""
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    tally = fuzz(start(), seed, lambda tally: tally.calls >= CALLS_IN_CI, lambda text: None)
    assert tally.pairs() > 0
    print(f"{tally.calls} calls, {tally.pairs()} pairs of call and error")


def main():
    """Fuzzes by hand. Builds nothing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", default="release", help="the kernel's variant")
    parser.add_argument("--options", default="", help="more words for the kernel's command line")
    options = parser.parse_args()
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, tests)
    from runner import boot, paths, row  # pylint: disable=import-outside-toplevel
    machine = boot.make_machine(
        row.Row(f"fuzz-{options.build}-{options.seed}", kind="script", script="tests/boot/fuzz.py",
                build=options.build, cpus=4, cpu="max",
                cmdline=f"monitor=1 {options.options}".strip()),
        paths.Paths(os.path.dirname(tests)))
    end = time.monotonic() + options.seconds
    with machine:
        try:
            tally = fuzz(machine, options.seed, lambda tally: time.monotonic() >= end,
                         lambda text: print(text, flush=True))
        except (AssertionError, KeyboardInterrupt) as error:
            print(error)
            return 1
    print("never seen: " + (", ".join(tally.missing()) or "none"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
