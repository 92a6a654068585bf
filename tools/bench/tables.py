"""The tables of a report: a row for each figure, a column for each mode; as text and Markdown. What was
also measured with ipc=handoff has a table in which each figure has two rows.

A scenario is a benchmark `macro_NAME`, whose figures are called macro_NAME_...; each has a table of its
own, with two rows that are computed: its instructions, and its mean stack memory, against eager stacks.
"""

import re
import statistics
from dataclasses import dataclass

import machine as machines

SCENARIO = re.compile(r"macro_([a-z]+)_(.+)")
NONE = "-"  # a mode has no such figure
NONE_NOTE = ("A dash: the mode has no such operation (with eager stacks no stack fault, no refill and no page to ensure), "
             "or there is nothing to compare with.")


@dataclass
class Table:
    """A table: a title, the head of the columns, and rows of cells, all of them text."""

    title: str
    head: list
    rows: list

    def text(self):
        """Returns the table as text with aligned columns."""
        widths = [max(len(row[i]) for row in [self.head, *self.rows]) for i in range(len(self.head))]
        lines = [self.title, ""]
        for row in [self.head, *self.rows]:
            lines.append("  ".join([row[0].ljust(widths[0])]
                                   + [cell.rjust(width) for cell, width in
                                      zip(row[1:], widths[1:])]).rstrip())
        return "\n".join(lines) + "\n"

    def markdown(self):
        """Returns the table as Markdown."""
        lines = [f"## {self.title}", "", "| " + " | ".join(self.head) + " |",
                 "|---" * len(self.head) + "|"]
        return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in self.rows]) + "\n"


def cell(values):
    """Returns the text for the values of one figure with several seeds: the median, and their range."""
    if not values:
        return NONE
    middle = statistics.median_low(values)
    if min(values) == max(values):
        return f"{middle:,}"
    return f"{middle:,} ({min(values):,}-{max(values):,})"


def collect(runs):
    """Returns {(cpus, memory_mib, name): {mode: [values]}}, the units by name, and the modes, all in the
    order of their first appearance. These are the figures of ipc=keep."""
    values, units, modes = {}, {}, []
    for run in runs:
        mode = run.machine.mode.name
        if run.machine.ipc != "keep" or run.machine.patterns == machines.IPC_SINGLE:
            continue
        if mode not in modes:
            modes.append(mode)
        for figure in run.figures:
            by_mode = values.setdefault((run.machine.cpus, run.machine.memory_mib, figure.name), {})
            by_mode.setdefault(mode, []).append(figure.value)
            units[figure.name] = figure.unit
    return values, units, modes


def spread_rows(runs, modes):
    """Returns {(cpus, memory_mib, name): cells} with the least and the most sample of medians that do not repeat:
    cycles of a host's processor."""
    found = {}
    for run in runs:
        for figure in run.figures if run.machine.accel == "kvm" and run.machine.ipc == "keep" else ():
            if figure.samples:
                key = run.machine.cpus, run.machine.memory_mib, figure.name
                found.setdefault(key, {})[run.machine.mode.name] = f"{figure.least:,}-{figure.most:,}"
    return {key: [by_mode.get(mode, NONE) for mode in modes] for key, by_mode in found.items()}


def percent_of(by_mode, modes, less):
    """Returns cells that compare the medians with those of eager stacks: percent more, or less."""
    if "eager" not in by_mode:
        return None
    whole = statistics.median_low(by_mode["eager"])
    cells = []
    for mode in modes:
        if mode not in by_mode or whole == 0:
            cells.append(NONE)
            continue
        more = statistics.median_low(by_mode[mode]) - whole
        cells.append(f"{(-more if less else more) * 100 / whole:+.1f} %")
    return cells


def computed(by_name, modes):
    """Returns the rows of a scenario that compare modes."""
    made = []
    for name, title, less in (("instructions", "instructions against eager", False),
                              ("stack_mean", "stack memory saved, mean", True),
                              ("stack_most", "stack memory saved, at most", True)):
        cells = percent_of(by_name.get(name, {}), modes, less)
        if cells:
            made.append([title, "percent", *cells])
    return made


def handoff_values(runs):
    """Returns {(cpus, memory_mib, name): {ipc: {mode: [values]}}} of all that ran with ipc=handoff. Both
    sides have the seed and the benchmarks of the run with ipc=handoff."""
    sides = {}
    for run in runs:
        for figure in run.figures:
            key = run.machine.cpus, run.machine.memory_mib, figure.name, run.machine.patterns
            sides.setdefault(key, {}).setdefault(run.machine.ipc, {}).setdefault(
                run.machine.mode.name, {})[run.machine.seed] = figure.value
    found = {}
    for key, by_ipc in sides.items():
        for mode, by_seed in by_ipc.get("handoff", {}).items():
            for ipc, by_mode in by_ipc.items():
                found.setdefault(key[:3], {"keep": {}, "handoff": {}})[ipc][mode] = [
                    by_mode[mode][seed] for seed in by_seed if seed in by_mode.get(mode, {})]
    return found


def handoff_tables(runs, units, modes):
    """Returns the tables that compare ipc=keep with ipc=handoff: two rows for each figure."""
    found = {}
    for (cpus, memory_mib, name), by_ipc in handoff_values(runs).items():
        for ipc, by_mode in by_ipc.items():
            found.setdefault((cpus, memory_mib), []).append(
                [f"{name}, {ipc}", units[name], *(cell(by_mode.get(mode, [])) for mode in modes)])
    return [Table(f"Stack handoff: ipc=keep and ipc=handoff, {machine_words(*key)}",
                  ["figure", "unit", *modes], rows) for key, rows in sorted(found.items())]


def make(runs):
    """Returns the tables of these runs: one for the single operations, one for stack handoff, one for
    each scenario."""
    values, units, modes = collect(runs)
    head = ["figure", "unit", *modes]
    single, scenarios, spreads = {}, {}, spread_rows(runs, modes)
    for (cpus, memory_mib, name), by_mode in values.items():
        row = [name, units[name], *(cell(by_mode.get(mode, [])) for mode in modes)]
        match = SCENARIO.fullmatch(name)
        if match:
            rows, by_name = scenarios.setdefault((match[1], cpus, memory_mib), ([], {}))
            rows.append([match[2], *row[1:]])
            by_name[match[2]] = by_mode
        else:
            rows = single.setdefault((cpus, memory_mib), [])
            rows.append(row)
            if (cpus, memory_mib, name) in spreads:
                rows.append([f"{name}, least-most", units[name], *spreads[cpus, memory_mib, name]])
    tables = [Table(f"Single operations, {machine_words(*key)}", head, sorted(rows))
              for key, rows in sorted(single.items())]
    tables += handoff_tables(runs, units, modes)
    for (scenario, *key), (rows, by_name) in sorted(scenarios.items()):
        tables.append(Table(f"Scenario {scenario}, {machine_words(*key)}", head,
                            rows + computed(by_name, modes)))
    return tables


def machine_words(cpus, memory_mib):
    """Returns the words for a machine's size."""
    return f"{cpus} CPU, {memory_mib} MiB" if cpus == 1 else f"{cpus} CPUs, {memory_mib} MiB"
