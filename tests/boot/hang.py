"""Tests an external NMI on a machine that hangs: every CPU prints its backtrace in whole lines."""

import re
import time

from runner import elf

CPUS = 4
HANG_SECONDS = 300
LOOKS = 3  # in succession, so that a short halt between two threads does not count
HOUSEKEEPERS = ("console", "reclaimer", "swapper")  # they wake from time to time on an idle CPU
HEADER = re.compile(r"^NMI: CPU (\d+) in thread \d+ \(([^)]*)\), interrupts (on|off), "
                    r"preemption off (\d+) times$")
STEP = re.compile(r"^  #\d+ +0x[0-9a-f]{16} \S+\+0x[0-9a-f]+( .*)?$")


def backtraces(lines):
    """Returns {cpu: (header match, backtrace lines)}. Each CPU must appear exactly once."""
    told, current = {}, None
    for line in lines:
        match = HEADER.match(line)
        if match:
            current = int(match.group(1))
            assert current not in told, f"CPU {current} prints its backtrace twice"
            told[current] = (match, [])
        elif line:
            assert current is not None and STEP.match(line), f"a broken line: {line!r}"
            told[current][1].append(line)
    return told


def in_place(machine, qmp):
    """Returns whether CPU 0 and CPU 1 hang at their places and the others halt."""
    text = qmp.execute("human-monitor-command", **{"command-line": "info registers -a"})
    places, kernel = [], machine.paths.kernel(machine.row.build)
    for part in re.split(r"^CPU#\d+\s*$", text, flags=re.MULTILINE)[1:]:
        rip, halted = re.search(r"RIP=([0-9a-f]+) .* HLT=([01])", part).groups()
        places.append("halted" if halted == "1" else elf.function_at(kernel, int(rip, 16)) or "")
    return len(places) == CPUS and places[0].startswith("hang_with_interrupts_off+") and \
        places[1].startswith("hang_with_preemption_off+") and places[2:] == ["halted"] * (CPUS - 2)


def await_place(machine, qmp):
    """Waits until all CPUs are in place and earlier threads have ended."""
    deadline, seen = time.monotonic() + HANG_SECONDS, 0
    while seen < LOOKS:
        seen = seen + 1 if in_place(machine, qmp) else 0
        assert time.monotonic() < deadline, "the CPUs do not come to where they shall hang"
        machine.pump(0.2)


def is_whole(lines):
    """Returns whether every CPU has printed its whole backtrace."""
    return len({m.group(1) for m in map(HEADER.match, lines) if m}) == CPUS and \
        sum("thread_trampoline+" in line for line in lines) >= CPUS


def ask(machine, qmp, again_seconds=2):
    """Injects an NMI and returns every CPU's backtrace."""
    begin = len(machine.reader.lines)
    qmp.execute("inject-nmi")
    deadline = time.monotonic() + HANG_SECONDS
    while time.monotonic() < deadline and not is_whole(machine.reader.lines[begin:]):
        machine.pump(1)
    quiet = time.monotonic() + again_seconds  # a repeated backtrace would appear in this time
    while time.monotonic() < quiet:
        machine.pump(0.2)
    return backtraces(machine.reader.lines[begin:])


def judge(told):
    """Checks the backtrace of each CPU of the hung machine."""
    assert sorted(told) == list(range(CPUS)), f"only CPUs {sorted(told)} answered"
    header, trace = told[0]
    assert header.group(3) == "off", "CPU 0 hangs with interrupts off"
    assert any("hang_with_interrupts_off" in line and "interrupted by NMI" in line
               for line in trace), trace
    header, trace = told[1]
    text = "\n".join(trace)
    assert int(header.group(4)) >= 1, "CPU 1 hangs with preemption off"
    # Its interrupts are on. The NMI may come inside an interrupt handler, even with a lock held.
    assert re.search(r"hang_with_preemption_off\S+ +<- interrupted by ", text), text
    assert re.search(r"hang_deep\S+ +and \d+ times more", text), text
    assert "thread_trampoline" in text, text
    for cpu in range(2, CPUS):
        name = told[cpu][0].group(2)
        assert name in ("idle", *HOUSEKEEPERS), told[cpu][0].group(0)
        assert name != "idle" or any("idle" in line for line in told[cpu][1]), told[cpu][1]


def check_every_cpu(start):
    """an NMI on a machine that hangs prints every CPU's backtrace once, and so does the next"""
    machine = start(cmdline="test=HNG0001 exit=1", cpus=CPUS)
    machine.expect("# the machine hangs now")
    qmp = machine.qmp()
    await_place(machine, qmp)
    for _ in range(2):
        judge(ask(machine, qmp))
    machine.note("every CPU told where it was, twice")


def check_slow_cpus(start):
    """CPUs that take long over an NMI tell where they are once, too"""
    machine = start(cmdline="test=HNG0002 exit=1", cpus=CPUS)
    machine.expect("# the machine hangs now")
    qmp = machine.qmp()
    await_place(machine, qmp)
    judge(ask(machine, qmp, again_seconds=6))
