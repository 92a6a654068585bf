"""An NMI from outside on a machine that hangs: every CPU tells where it is, in whole lines."""

import re
import time

CPUS = 4
HEADER = re.compile(r"^NMI: CPU (\d+) in thread \d+ \(([^)]*)\), interrupts (on|off), "
                    r"preemption off (\d+) times$")
STEP = re.compile(r"^  #\d+ +0x[0-9a-f]{16} \S+\+0x[0-9a-f]+( .*)?$")


def stories(lines):
    """{cpu: (header match, lines of its backtrace)}; each CPU once, and nothing in between."""
    told, current = {}, None
    for line in lines:
        match = HEADER.match(line)
        if match:
            current = int(match.group(1))
            assert current not in told, f"CPU {current} tells its story twice"
            told[current] = (match, [])
        elif line:
            assert current is not None and STEP.match(line), f"a broken line: {line!r}"
            told[current][1].append(line)
    return told


def ask(machine, qmp):
    """Injects an NMI and returns every CPU's story."""
    begin = len(machine.reader.lines)
    qmp.execute("inject-nmi")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        machine.pump(1)
        lines = machine.reader.lines[begin:]
        if len({m.group(1) for m in map(HEADER.match, lines) if m}) == CPUS:
            break
    quiet = time.monotonic() + 2  # whoever would tell it again would do so now
    while time.monotonic() < quiet:
        machine.pump(0.2)
    return stories(machine.reader.lines[begin:])


def check_every_cpu(start):
    """an NMI on a machine that hangs prints every CPU's backtrace once, and so does the next"""
    machine = start(cmdline="test=HNG0001 exit=1", cpus=CPUS)
    machine.expect("# the machine hangs now")
    time.sleep(1)
    qmp = machine.qmp()
    for _ in range(2):
        told = ask(machine, qmp)
        assert sorted(told) == list(range(CPUS)), f"only CPUs {sorted(told)} answered"
        header, trace = told[0]
        assert header.group(3) == "off", "CPU 0 hangs with interrupts off"
        assert any("hang_with_interrupts_off" in line and "interrupted by NMI" in line
                   for line in trace), trace
        header, trace = told[1]
        text = "\n".join(trace)
        assert header.group(4) == "1", "CPU 1 hangs with preemption off"
        # Its interrupts are on: the NMI may come in the middle of a tick.
        assert re.search(r"hang_with_preemption_off\S+ +<- interrupted by (NMI|timer)", text), text
        assert re.search(r"hang_deep\S+ +and \d+ times more", text), text
        assert "thread_trampoline" in text, text
        for cpu in (2, 3):
            assert told[cpu][0].group(2) == "idle", told[cpu][0].group(0)
            assert any("idle" in line for line in told[cpu][1]), told[cpu][1]
    machine.note("every CPU told where it was, twice")
