"""The soak (tests/soak/soak.c): the kernel does everything at once, and the host sends it the NMIs from
outside that it asks for. A row of the matrix runs a minute of it; by hand, for as long as one wants:

    make soak SECONDS=3600 SEED=7            (tests/boot/soak.py --help)
"""

import argparse
import os
import re
import sys
import time

ASKS = re.compile(r"^# soak: NMI (\d+) from outside, please$")
TELLS = re.compile(r"^# soak: (?!NMI)|^not ok|^# soak:\d|^PANIC|^# tests/")
FIGURES = re.compile(r"sent and received: IPIs (\d+), (\d+); NMIs between CPUs (\d+), (\d+), "
                     r"from outside (\d+), (\d+); of a device (\d+), (\d+)$")
# Limits that only a hang reaches, because a busy host slows everything down.
SILENCE_SECONDS = 240
GRACE_SECONDS = 1200
SECONDS_IN_CI = {"invariant": 60}
SECONDS_IN_CI_OF_OTHERS = 20


def nodes_of(count, cpus, memory_mib):
    """Returns QEMU's options for `count` NUMA domains of equal size; none for one."""
    words, size, each = [], memory_mib // count, cpus // count
    for domain in range(count if count > 1 else 0):
        words += ["-object", f"memory-backend-ram,id=m{domain},size={size}M", "-numa",
                  f"node,nodeid={domain},memdev=m{domain},"
                  f"cpus={domain * each}-{(domain + 1) * each - 1}"]
    return tuple(words)


def backtraces(machine, qmp):
    """Returns the CPUs' answers to an unrequested NMI on a machine that hangs."""
    seen, until = len(machine.reader.lines), time.monotonic() + 8
    qmp.execute("inject-nmi")
    while time.monotonic() < until and machine.pump(0.5) is not None:
        pass
    return machine.reader.lines[seen:]


def converse(machine, seconds, say):
    """Follows the soak to its end, sends the NMIs that it asks for, and returns their number."""
    machine.expect("SOK0001 starting$")
    qmp, seen, sent, heard = machine.qmp(), 0, 0, time.monotonic()
    deadline = heard + seconds + GRACE_SECONDS
    while machine.pump(0.05) is not None:
        now = time.monotonic()
        for line in machine.reader.lines[seen:]:
            heard = now
            if ASKS.match(line):
                qmp.execute("inject-nmi")
                sent += 1
            elif TELLS.match(line):
                say(line.removeprefix("# "))
        seen = len(machine.reader.lines)
        if now > deadline or now - heard > SILENCE_SECONDS:
            raise AssertionError("the machine hangs; every CPU tells where it is:\n"
                                 + "\n".join(backtraces(machine, qmp)))
    return sent


def soak(machine, seconds, seed, say):
    """Runs one soak. An error raises an AssertionError that says how to repeat the run."""
    again = f"again by: make soak SECONDS={seconds} SEED={seed} VARIANT={machine.row.build}"
    try:
        sent = converse(machine, seconds, say)
        status, reader = machine.finish(), machine.reader
        assert status == 33 and reader.terminated and reader.count("failed") == 0, \
            f"status {status}\n" + "\n".join(reader.lines[-20:])
        figures = [match for match in map(FIGURES.search, reader.lines) if match]
        assert figures, "no figures of events"
        counts = [int(word) for word in figures[-1].groups()]
        assert counts[0::2] == counts[1::2], f"sent and received differ: {counts}"
        assert counts[4] == sent * machine.row.cpus, \
            f"{sent} NMIs were injected, for {machine.row.cpus} CPUs each; {counts[4]} counted"
        assert min(counts) > 0, f"a kind of event was not there at all: {counts}"
    except AssertionError as error:
        raise AssertionError(f"{error}\n{again}") from error


def check_at_the_limits(start):
    """threads, faults, events and memory at their limits at once: nothing is lost"""
    seed = int(os.environ.get("SOAK_SEED", "1"))
    seconds = SECONDS_IN_CI.get(start.row.build, SECONDS_IN_CI_OF_OTHERS)
    machine = start(cmdline=f"soak={seconds} seed={seed} exit=1 {start.row.cmdline}".strip())
    soak(machine, seconds, seed, lambda line: None)
    for line in machine.reader.lines:
        if line.startswith("# soak: ") and f" of {seconds} s: " not in line \
                and not ASKS.match(line):
            machine.note(line.removeprefix("# soak: "))


def main():
    """Runs a soak by hand. Builds nothing, and shows every line of progress at once."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", default="release", help="the kernel's variant")
    parser.add_argument("--cpus", type=int, default=4)
    parser.add_argument("--memory-mib", type=int, default=512)
    parser.add_argument("--cpu", default="max", help="the CPU model: max is AMD's")
    parser.add_argument("--domains", type=int, default=1, help="of memory, each with its CPUs")
    parser.add_argument("--threads", type=int, default=0, help="the most at once, such as 100000")
    parser.add_argument("--one-core", action="store_true",
                        help="all virtual CPUs share one core of the host")
    parser.add_argument("--options", default="", help="more words for the kernel's command line")
    options = parser.parse_args()
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, tests)
    from runner import boot, paths, row  # pylint: disable=import-outside-toplevel
    if options.cpus % options.domains or options.memory_mib % options.domains:
        parser.error(f"{options.domains} domains cannot share {options.cpus} CPUs and "
                     f"{options.memory_mib} MiB equally")
    words = f"soak={options.seconds} seed={options.seed} exit=1 {options.options}".strip()
    words += f" soak-threads={options.threads}" if options.threads else ""
    machine = boot.make_machine(
        row.Row(f"soak-{options.build}-{options.seed}", kind="script", script="tests/boot/soak.py",
                build=options.build, cpus=options.cpus, memory_mib=options.memory_mib,
                cpu=options.cpu, cmdline=words, one_core=options.one_core,
                extra=nodes_of(options.domains, options.cpus, options.memory_mib)), paths.Paths(os.path.dirname(tests)))
    with machine:
        try:
            soak(machine, options.seconds, options.seed,
                 lambda line: print(line, flush=True))
        except (AssertionError, KeyboardInterrupt) as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
