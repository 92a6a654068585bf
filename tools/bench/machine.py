"""Runs the benchmark kernel in one machine and reads what it prints.

The kernel prints `BENCH name value unit` for a figure, before that `# name: least a, most b, n samples`
where the figure is a median, and `SERIES name time value` for a value over time. With QEMU's -icount one
guest instruction is one tick of the counter, so a second run prints the same.
"""

import os
import re
import subprocess
import time
from dataclasses import dataclass

FIGURE = re.compile(r"BENCH (\S+) (\d+) (.+)")
SPREAD = re.compile(r"# (\S+): least (\d+), most (\d+), (\d+) samples")
SERIES = re.compile(r"SERIES (\S+) (\d+) (\d+)")
END = "# end of benchmarks"
COUNTED = ["-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm"]
LIMIT_SECONDS = 1800
MEMORY_MIB = 512
# While the CPU is idle, QEMU's clock goes on by its timers, not by instructions: some nanoseconds vary.
CLOCK_SLACK_US = 10
SUCCESS = 33  # the status of a kernel that leaves QEMU content


class BenchError(Exception):
    """A machine did not print all of its figures."""


@dataclass(frozen=True)
class Mode:
    """A way of building kernel stacks: the words for the kernel, and the CPU model."""

    name: str
    words: str
    cpu: str = "qemu64"


# Of Intel's CPUs the kernel knows that they cache no translation of a page that was never accessed, so
# there stack=lend takes pages back at each switch.
MODES = (
    Mode("eager", "stack=eager"),
    Mode("fault", "stack=fault"),
    Mode("lend-intel", "stack=lend", "qemu64,vendor=GenuineIntel"),
    Mode("lend-amd", "stack=lend", "qemu64,vendor=AuthenticAMD"),
    Mode("prefault", "stack=prefault"),
    Mode("prefault-check", "stack=prefault prefault=check"),
)

# Where the host's processor runs the kernel there is one stack=lend: which one, its vendor says.
HOST_MODES = (*MODES[:2], Mode("lend", "stack=lend"), *MODES[4:])


def modes_of(accel):
    """Returns the ways of building kernel stacks that machines with this accelerator can have."""
    return MODES if accel == "tcg" else HOST_MODES


# Benchmarks about the whole kernel at work (tests/bench/macro_benchmark.c, macro_user_benchmark.c), each in
# a machine of its own; and whether it makes random choices. Those in LITTLE also run where memory is short,
# but not with the modes that guarantee nothing there.
SCENARIOS = {"macro_idle": False, "macro_session": False, "macro_blocked": True, "macro_tree": True,
             "macro_server": True, "macro_churn": True, "macro_rotation": False, "macro_crowd": True,
             "macro_build": True, "macro_service": True}
LITTLE = ("macro_blocked",)
NO_GUARANTEE = ("prefault", "prefault-check")
LITTLE_MIB = 32
# What threads that wait in IPC have a part in: this also runs with ipc=handoff, in every mode.
IPC_SINGLE = "switch,syscall_null,ipc_*,notify_roundtrip,pager_fault*,user_programs,user_thread_bytes"
IPC_SCENARIOS = ("macro_crowd", "macro_build", "macro_service")


@dataclass(frozen=True)
class Machine:
    """One run: a mode, a number of CPUs, a seed, and the benchmarks to run."""

    mode: Mode
    cpus: int = 1
    seed: int = 1
    patterns: str = "*"
    memory_mib: int = MEMORY_MIB
    accel: str = "tcg"
    words: str = ""  # more words for the kernel
    ipc: str = "keep"  # or handoff: what a thread does with its stack while it waits in IPC
    # Not fields: no processor of QEMU has FRED, and all machines have one QEMU. entries.py has others.
    entry = "idt"
    emulator = ""

    @property
    def label(self):
        """Returns the words that tell this machine from the others."""
        words = [self.mode.name, *(["ipc=" + self.ipc] if self.ipc != "keep" else []),
                 f"{self.cpus} CPU{'s' if self.cpus > 1 else ''}"]
        words += [self.patterns] if self.patterns != "*" else []
        words += [f"{self.memory_mib} MiB"] if self.memory_mib != MEMORY_MIB else []
        return ", ".join([*words, f"seed {self.seed}"])

    def command(self, kernel, archive):
        """Returns QEMU's command line."""
        counted = COUNTED if self.accel == "tcg" else []
        cpu = self.mode.cpu if self.accel == "tcg" else "host"
        return [os.environ.get("QEMU", "qemu-system-x86_64"), "-M", "pc", "-accel", self.accel,
                "-cpu", cpu, "-smp", str(self.cpus), "-m", str(self.memory_mib), *counted,
                "-net", "none", "-display", "none", "-serial", "stdio", "-no-reboot",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", kernel,
                *(["-initrd", archive] if os.path.exists(archive) else []), "-append",
                f"{self.mode.words} {'ipc=handoff ' if self.ipc == 'handoff' else ''}"
                f"bench={self.patterns} seed={self.seed} {self.words} "
                "exit=1 panic=exit"]


@dataclass(frozen=True)
class Figure:
    """One value that a machine printed. least, most and samples are None if it is no median."""

    name: str
    value: int
    unit: str
    least: int = None
    most: int = None
    samples: int = None


@dataclass
class Run:
    """What one machine printed: figures, and {name: [(time, value)]}."""

    machine: Machine
    figures: list
    series: dict
    seconds: float = 0.0

    def same_as(self, other):
        """Returns the names of what differs in another run of the machine. Times may differ a little."""
        mine, others = ({f.name: f for f in run.figures} for run in (self, other))
        return sorted({name for name in {*mine, *others}
                       if not same_figure(mine.get(name), others.get(name))}
                      | {name for name in {*self.series, *other.series}
                         if not same_curve(self.series.get(name, []), other.series.get(name, []))})


def same_figure(one, other):
    """Returns whether two figures are equal; times may differ by CLOCK_SLACK_US."""
    if one is None or other is None or one.unit != "us":
        return one == other
    return abs(one.value - other.value) <= CLOCK_SLACK_US


def same_curve(one, other):
    """Returns whether two curves have equal values at nearly equal times."""
    return len(one) == len(other) and all(
        value == other_value and abs(at - other_at) <= CLOCK_SLACK_US
        for (at, value), (other_at, other_value) in zip(one, other))


def parse(machine, lines, tell=lambda figures: None):
    """Reads the lines of a machine; calls tell(figures) for each figure. The kernel's clock counts
    cycles where instructions are not counted, so their unit is renamed."""
    run, spreads, ended = Run(machine, [], {}), {}, False
    for line in lines:
        line = line.rstrip("\r\n")
        if match := FIGURE.search(line):
            unit = match[3].strip()
            if machine.accel == "kvm":
                unit = unit.replace("instructions", "cycles")
            run.figures.append(Figure(match[1], int(match[2]), unit, *spreads.get(match[1], ())))
            tell(run.figures)
        elif match := SPREAD.search(line):
            spreads[match[1]] = tuple(int(match[i]) for i in (2, 3, 4))
        elif match := SERIES.search(line):
            run.series.setdefault(match[1], []).append((int(match[2]), int(match[3])))
        ended = ended or END in line
    if not ended:
        raise BenchError(f"{machine.label}: the machine ended before its last figure")
    return run


def run_machine(machine, kernel, archive, tell=lambda figures: None):
    """Boots the machine and returns its Run, or raises BenchError."""
    start = time.monotonic()
    command = ["timeout", str(LIMIT_SECONDS), *machine.command(kernel, archive)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        run = parse(machine, process.stdout, tell)
    if process.returncode != SUCCESS:
        raise BenchError(f"{machine.label}: QEMU ended with status {process.returncode}")
    run.seconds = time.monotonic() - start
    return run
