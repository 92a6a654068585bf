"""A soak of the shell: types commands, noise and control-C at random, at random moments, and looks that the
shell goes on and that nothing is left of what it ran. A row of the matrix runs half a minute of it; by hand:

    make soak WORKLOAD=shell SECONDS=3600 SEED=7            (tests/boot/shell_soak.py --help)
"""

import argparse
import os
import random
import re
import sys
import time

SECONDS = 30
CONTROL_C = "\x03"
LINES = ("ls /boot | grep e | cat | cat | wc", "echo one > a; echo two >> a; wc < a; rm a", "help | head -n 3",
         "false || true && echo yes", "stacks | wc", "ps | grep shell", "kstat stack | head -n 1", "demo | wc",
         "ipcbench 5", "mallocbench 300 4", "hexdump /boot/init.conf | head -n 2", "nonsense", "echo 'a",
         "cat /boot/shell > b; cat b | wc; rm b", "sleep 0.1 & sleep 0.1", "time true", "test ULB0001", "mkdir d; rm d")
LONG = ("sleep 1000", "cat | cat", "top", "mallocbench 100000000", "stress 1000 | cat", "service stop files")
CRASHES = 34
TRIES = 20
SETTLE_SECONDS = 0.5
NOISE = "".join(chr(code) for code in range(32, 127)) + "\x01\x02\x05\x06\x0b\x0c\x17\x1b[\x1b[A\x1b[D\t\t\x7f"
COUNTS = re.compile(r"(\d+) tasks, (\d+) threads, memory: (\d+) of")


def counts(terminal):
    """Returns (tasks, threads, free MiB), once nothing runs in the background."""
    while "running" in terminal.ask("jobs"):
        time.sleep(0.1)
    return tuple(map(int, COUNTS.search(terminal.ask("top -n 1 -d 0")).groups()))


def settled(terminal):
    """Returns the counts once they do not change any more: what was ended is gone a little later."""
    last = None
    for _ in range(TRIES):
        last, before = counts(terminal), last
        if last == before:
            break
        time.sleep(SETTLE_SECONDS)
    return last


def step(terminal, choice):
    """Does one thing at random and returns what it was. The prompt is there before and after."""
    kind = choice.random()
    if kind < 0.5:
        line = choice.choice(LINES)
        terminal.ask(line)
    elif kind < 0.7:
        line = choice.choice(LONG)
        terminal.send(line + "\r")
        terminal.expect(re.escape(line) + r"\n")
        time.sleep(choice.choice((0, 0.001, 0.01, 0.1, 0.5)))
        terminal.send(CONTROL_C)
        terminal.prompt()
    elif kind < 0.9:
        line = f"crash {choice.randrange(CRASHES)}"
        assert "was ended" in terminal.ask(line)
    else:
        line = "noise"
        noise = "".join(choice.choice(NOISE) for _ in range(choice.randrange(2000)))
        terminal.send(noise + "xx" + CONTROL_C)  # the x end an escape sequence
        terminal.prompt()
    return line


def soak(terminal, seconds, seed, say):
    """Goes on for so many seconds."""
    choice, done = random.Random(seed), 0
    terminal.prompt()
    for line in LINES:  # what is made once is made now
        terminal.ask(line)
    before, until = settled(terminal), time.monotonic() + seconds
    while time.monotonic() < until:
        line = step(terminal, choice)
        done += 1
        if done % 100 == 0:
            say(f"# shell soak: {done} steps, last {line!r}")
    after = settled(terminal)
    say(f"# shell soak: {done} steps; tasks, threads and free MiB before {before}, after {after}")
    assert after[:2] == before[:2], f"something runs that should not:\n{terminal.ask('ps')}"
    assert after[2] >= before[2] - 4, f"memory is lost: {before} became {after}"


def check_soak(start):
    """the shell bears what is typed at random, and nothing is left of what it ran"""
    from runner.terminal import Terminal  # pylint: disable=import-outside-toplevel
    machine = start(cmdline="shell=1")
    soak(Terminal(machine), SECONDS, int(time.time()), machine.note)


def main():
    """Runs a soak by hand. Builds nothing, and shows every line of progress at once."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", default="release", help="the kernel's variant")
    parser.add_argument("--options", default="", help="more words for the kernel's command line")
    options = parser.parse_args()
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, tests)
    from runner import boot, paths, row  # pylint: disable=import-outside-toplevel
    from runner.terminal import Terminal  # pylint: disable=import-outside-toplevel
    machine = boot.make_machine(
        row.Row(f"soak-shell-{options.build}-{options.seed}", kind="script", script="tests/boot/shell_soak.py",
                build=options.build, cpus=4, cpu="max", cmdline=f"shell=1 {options.options}".strip()),
        paths.Paths(os.path.dirname(tests)))
    with machine:
        try:
            soak(Terminal(machine), options.seconds, options.seed, lambda line: print(line, flush=True))
        except (AssertionError, KeyboardInterrupt) as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
