"""The plots of a report, drawn by gnuplot as SVG: figures by mode as bars, values over time as lines."""

import os
import re
import statistics
import subprocess

import machine as machines
import tables

# Bars that are drawn beside each other: a file's name, its title, and the figures in it.
BARS = (
    ("faults", "Stack faults and page faults", ("stack_fault_1", "stack_fault_2", "stack_fault_3",
                                                "fault_moved", "fault_direct")),
    ("switches", "Ticks, switches, the gate", ("switch", "tick", "tick_preempt", "gate", "refill")),
    ("threads", "A thread from creation to join", ("thread_cycle_cached", "thread_cycle_cold",
                                                   "thread_cycle_batched")),
    ("allocation", "Work that turns preemption off often", ("alloc_free", "lock_spin", "lock_mutex")),
    ("memory", "Bytes of a blocked thread", ("idle_thread_bytes", "blocked_thread_bytes")),
    ("swap", "One thread swapped in, by bytes of its variables",
     ("swap_in_one_16", "swap_in_one_256", "swap_in_one_512", "swap_in_one_896")),
    ("swap-out", "One thread swapped out, by bytes of its variables",
     ("swap_out_one_16", "swap_out_one_256", "swap_out_one_512", "swap_out_one_896")),
    ("calls", "System calls, messages, faults of programs (zeroing included)",
     ("syscall_null", "ipc_roundtrip", "notify_roundtrip", "user_fault", "pager_fault", "pager_fault_fresh")),
)
# All scenarios beside each other: a file's name, its title, the figure, what is at the axis, whether less is positive.
AGAINST = (
    ("saved-most", "Stack memory saved, at most", "stack_most", "percent less than with eager stacks", True),
    ("saved-mean", "Stack memory saved, on average", "stack_mean", "percent less than with eager stacks", True),
    ("instructions-more", "Instructions of a whole scenario", "instructions", "percent more than with eager stacks", False),
)
SERIES_NAME = re.compile(r"macro_([a-z]+)_stack_kib")
SECONDS_FROM_US = 5000000  # a longer series has seconds on its axis
MIB_FROM_KIB = 10240  # and one with more memory has MiB
HEAD = """set terminal svg size 900,420 dynamic font 'sans-serif,12' background '#ffffff'
set key outside right
set border 3
set tics nomirror
set grid ytics lc '#dddddd'
set title {title}
set output {output}
"""


def quoted(text):
    """Returns the text as gnuplot's string."""
    return "'" + text.replace("'", "''") + "'"


def histogram(title, unit, rows, modes, least="0"):
    """Returns a gnuplot script that draws {label: {mode: value}} as groups of bars, a colour for each mode. A mode that
    has no value is left out, because gnuplot draws nothing then."""
    drawn = [mode for mode in modes if any(mode in row for row in rows.values())]
    lines = ["name\t" + "\t".join(drawn)]
    for label, row in rows.items():
        lines.append("\t".join([label, *(str(row.get(mode, "NaN")) for mode in drawn)]))
    data = "\n".join(lines)
    return (f"$data << EOD\n{data}\nEOD\n" + HEAD.replace("{title}", quoted(title))
            + f"set ylabel {quoted(unit)}\nset format y \"%'.0f\"\n"
            "set datafile separator '\\t'\nset style data histogram\nset style fill solid 0.8\n"
            f"set style histogram cluster gap 1\nset yrange [{least}:*]\nset xtics noenhanced\n"
            "plot " + ", ".join(f"$data using {i}:xtic(1) lt {modes.index(mode) + 1} title columnheader({i})"
                                for i, mode in enumerate(drawn, 2)) + "\n")


def bars(title, names, values, modes, units):
    """Returns a gnuplot script that draws the medians of figures; or None. They have one unit, which stands at the
    axis."""
    values = {name: by_mode for (cpus, _, name), by_mode in values.items() if cpus == 1}
    rows = {name: {mode: found[0] for mode, found in values[name].items()} for name in names if name in values}
    return histogram(title, units[next(iter(rows))], rows, modes) if rows else None


def growth(title, name, values, modes, units):
    """Returns a gnuplot script that draws one figure by the number of CPUs; or None if there is only one number."""
    sizes = sorted((cpus, by_mode) for (cpus, _, found), by_mode in values.items() if found == name)
    rows = {f"{cpus} CPU{'s' if cpus > 1 else ''}": {mode: found[0] for mode, found in by_mode.items()}
            for cpus, by_mode in sizes}
    return histogram(title, units[name] + ", the sum over all CPUs", rows, modes) if len(rows) > 1 else None


def against_eager(title, suffix, unit, less, values, modes):
    """Returns a gnuplot script that compares one figure of all scenarios with that of eager stacks; or None."""
    rows = {}
    for (cpus, memory_mib, name), by_mode in values.items():
        match = tables.SCENARIO.fullmatch(name)
        if not match or match[2] != suffix or (cpus, memory_mib) != (1, machines.MEMORY_MIB):
            continue
        whole = statistics.median_low(by_mode["eager"]) if "eager" in by_mode else 0
        if whole:
            rows[match[1]] = {mode: round((statistics.median_low(found) - whole) * (-100 if less else 100) / whole, 1)
                              for mode, found in by_mode.items() if mode != "eager"}
    return histogram(title, unit, rows, modes, "*") if any(rows.values()) else None


def lines_over_time(title, curves):
    """Returns a gnuplot script that draws {(mode, ipc): [(microseconds, KiB)]}. Many curves are equal for
    a while, so each is drawn thinner than those below it. Those of ipc=handoff have dashes."""
    end = max(x for points in curves.values() for x, _ in points)
    most = max(y for points in curves.values() for _, y in points)
    unit, name = (1000000, "seconds") if end >= SECONDS_FROM_US else (1000, "ms")
    memory, memory_name = (1024, "MiB") if most >= MIB_FROM_KIB else (1, "KiB")
    blocks, drawn = "", []
    modes = list(dict.fromkeys(mode for mode, _ in curves))
    order = sorted(curves.items(), key=lambda curve: (curve[0][1] != "keep", modes.index(curve[0][0])))
    for i, ((mode, ipc), points) in enumerate(order):
        number = modes.index(mode)
        blocks += f"$d{i} << EOD\n" + "\n".join(f"{x / unit} {y / memory:g}" for x, y in points) + "\nEOD\n"
        words = mode if ipc == "keep" else f"{mode}, {ipc}"
        drawn.append(f"$d{i} with steps lw {1.3 * (len(modes) - number) + 0.7:.1f} lt {number + 1} "
                     f"dt {1 if ipc == 'keep' else 2} title {quoted(words)} noenhanced")
    return (blocks + HEAD.replace("{title}", quoted(title))
            + f"set xlabel '{name} of guest time'\nset ylabel '{memory_name}'\nset format y \"%'.0f\"\n"
            f"set xrange [0:{end / unit}]\nset yrange [0:*]\nplot " + ", ".join(drawn) + "\n")


def series_title(name, size):
    """Returns the title of a series: macro_NAME_stack_kib is of a scenario."""
    match = SERIES_NAME.fullmatch(name)
    words = f"Scenario {match[1]}: stack memory" if match else name
    return f"{words}, {tables.machine_words(*size)}"


def scripts(runs, values, modes, units):
    """Returns {file name without suffix: script}. Series are drawn for the first seed."""
    found = {name: bars(title, names, values, modes, units) for name, title, names in BARS}
    found["shootdown"] = growth("Shootdown of a page", "shootdown", values, modes, units)
    for name, title, suffix, unit, less in AGAINST:
        found[name] = against_eager(title, suffix, unit, less, values, modes)
    series = {}
    for run in runs:
        for name, points in run.series.items():
            key = name, run.machine.cpus, run.machine.memory_mib
            series.setdefault(key, {}).setdefault((run.machine.mode.name, run.machine.ipc), points)
    for (name, *size), curves in series.items():
        found["-".join([name, *map(str, size)])] = lines_over_time(series_title(name, size), curves)
    return {name: script for name, script in found.items() if script}


def run_gnuplot(script, path):
    """Draws one script to a file."""
    subprocess.run(["gnuplot"], input=script.replace("{output}", quoted(path)), text=True, check=True)


def draw(directory, named):
    """Draws all plots, {name: script}; returns the paths of the SVG files."""
    paths = []
    for name, script in named.items():
        path = os.path.join(directory, name + ".svg")
        run_gnuplot(script, path)
        paths.append(path)
    return paths
