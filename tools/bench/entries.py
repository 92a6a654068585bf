"""Measures the two ways in, entry=idt and entry=fred, in the Bochs with FRED that BOCHS names (docs/fred.md).

Bochs executes one instruction in a tick of its counter, so both ways in have one clock there. Only what an event has a
part in is measured, because Bochs is slow: stack faults, faults, ticks, switches, system calls, messages and faults of
programs. No scenario is.
"""

import dataclasses
import fnmatch
import os
import statistics
import sys
import time

import machine as machines
import plots
from tables import NONE, Table, machine_words

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, os.path.join(ROOT, "tests"))
from runner import bochs, boot, fred  # noqa: E402  # pylint: disable=wrong-import-position
from runner.paths import BuildError, Paths  # noqa: E402  # pylint: disable=wrong-import-position
from runner.row import Row  # noqa: E402  # pylint: disable=wrong-import-position

# What the kernel says of each way in when it has taken it.
ENTRIES = {"idt": "entry: by the IDT", "fred": "entry: by FRED"}
# The processor of Bochs with FRED is one of Intel's, which this mode is not about.
NOT_HERE = ("lend-amd",)
BENCHMARKS = ("stack_fault_1", "stack_fault_2", "stack_fault_3", "fault_moved", "fault_direct", "tick", "tick_preempt",
              "switch", "syscall_null", "ipc_roundtrip", "ipc_roundtrip_mixed", "ipc_roundtrip_4k", "notify_roundtrip",
              "pager_fault", "user_copy_fault", "user_programs")
NOTE = ("The tables FRED beside IDT are of {emulator}, whose counter counts one for each instruction, too; a second run of "
        "each machine gave the same counts. In some operations it counts an instruction more or less than QEMU, and its "
        "local APIC is accessed by MSR, so compare within a table only. What no event has a part in, several processors "
        "and the scenarios are left out there; nothing in it is random, so it has one seed. Bochs gives a processor with "
        "FRED only as one of Intel's, so lend-amd is missing.")
BARS = (("entries", "The two ways in: events of the kernel", (
            "stack_fault_1", "stack_fault_3", "fault_moved", "fault_direct", "tick", "tick_preempt", "syscall_null")),
        ("entries-programs", "The two ways in: programs", (
            "ipc_roundtrip", "notify_roundtrip", "pager_fault", "user_fault", "user_copy_fault")))


@dataclasses.dataclass(frozen=True)
class Machine(machines.Machine):
    """One run in Bochs: a mode and a way in."""

    accel: str = "bochs"
    entry: str = "idt"
    emulator: str = ""

    @property
    def label(self):
        """Returns the words that tell this machine from the others."""
        return f"Bochs, entry={self.entry}, {self.mode.name}, {self.cpus} CPU, seed {self.seed}"

    @property
    def row(self):
        """Returns the row of tests that boots this machine, and fails where the way in is another."""
        return Row(f"bench-report-{self.entry}-{self.mode.name}", kind="boot", emulator="bochs", boot="bios-cd", fred=True,
                   cpus=self.cpus, memory_mib=self.memory_mib, ordered=False, limit_seconds=machines.LIMIT_SECONDS,
                   cmdline=f"{self.mode.words} entry={self.entry} bench={self.patterns} seed={self.seed}",
                   expect=(ENTRIES[self.entry], machines.END, "leaving: success"))


def paths():
    """Returns the paths of this tree."""
    return Paths(ROOT)


def why_not(where, kernel, accel):
    """Returns the reason why entry=fred is not measured, or ""."""
    if accel != "tcg":
        return "cycles of KVM are the host's, and Bochs counts instructions"
    if os.path.realpath(kernel) != os.path.realpath(where.kernel("release")):
        return f"{kernel} is not this tree's release kernel, which the ISO for Bochs has"
    return fred.why_not(where)


def emulator(program):
    """Returns the name and the version that a Bochs gives itself."""
    lines = bochs.asked(program)[0].splitlines()
    return next((line.strip() for line in lines if "Bochs x86 Emulator" in line), program)


def plan(modes, patterns, name):
    """Returns the machines: each mode with both ways in, for those of the benchmarks that the patterns match."""
    chosen = [benchmark for benchmark in BENCHMARKS
              if any(fnmatch.fnmatchcase(benchmark, word) for word in patterns.split(","))]
    return [Machine(mode, patterns=",".join(chosen), entry=entry, emulator=name)
            for mode in modes if mode.name not in NOT_HERE and chosen for entry in ENTRIES]


def run_machine(machine, where):
    """Boots the machine and returns its Run, or raises BenchError."""
    start = time.monotonic()
    try:
        where.make_iso(machine.row)
    except BuildError as error:
        raise machines.BenchError(f"{machine.label}: {error}") from error
    group = boot.run(machine.row, boot.make_machine(machine.row, where))
    if group.failed:
        raise machines.BenchError(f"{machine.label}: " + "; ".join(case.detail for case in group.cases if case.detail))
    run = machines.parse(machine, group.output.splitlines())
    run.seconds = time.monotonic() - start
    return run


def collect(runs):
    """Returns {(mode, cpus, memory_mib): {name: {entry: value}}}, and the units by name."""
    found, units = {}, {}
    for run in runs:
        by_name = found.setdefault((run.machine.mode.name, run.machine.cpus, run.machine.memory_mib), {})
        for figure in run.figures:
            by_name.setdefault(figure.name, {}).setdefault(run.machine.entry, []).append(figure.value)
            units[figure.name] = figure.unit
    return ({key: {name: {entry: statistics.median_low(values) for entry, values in by_entry.items()}
                   for name, by_entry in by_name.items()} for key, by_name in found.items()}, units)


def cells(by_entry):
    """Returns the cells of one figure: by the IDT, by FRED, and how much more that is."""
    values = [by_entry.get(entry) for entry in ENTRIES]
    texts = [NONE if value is None else f"{value:,}" for value in values]
    idt, by_fred = values
    return [*texts, NONE if by_fred is None or not idt else f"{(by_fred - idt) * 100 / idt:+.1f} %"]


def tables(runs):
    """Returns a table for each mode that has FRED beside the IDT."""
    found, units = collect(runs)
    return [Table(f"FRED beside IDT: stack={mode}, in Bochs, {machine_words(*size)}",
                  ["figure", "unit", "IDT", "FRED", "FRED against IDT"],
                  [[name, units[name], *cells(by_entry)] for name, by_entry in sorted(by_name.items())])
            for (mode, *size), by_name in found.items()]


def scripts(runs):
    """Returns {file name without suffix: gnuplot script} that compares the ways in for one mode: fault if it is there."""
    found, units = collect(runs)
    key = next((key for key in found if key[0] == "fault"), next(iter(found), None))
    if key is None:
        return {}
    values = {(1, key[2], name): {f"entry={entry}": [value] for entry, value in by_entry.items()}
              for name, by_entry in found[key].items()}
    made = {name: plots.bars(f"{title}, stack={key[0]}, in Bochs", names, values,
                             [f"entry={entry}" for entry in ENTRIES], units) for name, title, names in BARS}
    return {name: script for name, script in made.items() if script}
