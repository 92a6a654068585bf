"""The plots of a report, drawn by gnuplot as SVG: figures by mode as bars, values over time as lines."""

import os
import subprocess

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
)
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


def bars(title, names, values, modes):
    """Returns a gnuplot script that draws the medians of figures, a colour for each mode; or None."""
    values = {name: by_mode for (cpus, _, name), by_mode in values.items() if cpus == 1}
    names = [name for name in names if name in values]
    if not names:
        return None
    lines = ["name\t" + "\t".join(modes)]
    for name in names:
        by_mode = values[name]
        lines.append("\t".join([name, *(str(by_mode[mode][0]) if mode in by_mode else "NaN"
                                        for mode in modes)]))
    data = "\n".join(lines)
    return (f"$data << EOD\n{data}\nEOD\n" + HEAD.replace("{title}", quoted(title))
            + "set datafile separator '\\t'\nset style data histogram\nset style fill solid 0.8\n"
            "set style histogram cluster gap 1\nset yrange [0:*]\nset xtics noenhanced\n"
            f"plot for [i=2:{len(modes) + 1}] $data using i:xtic(1) title columnheader(i)\n")


def lines_over_time(title, by_mode):
    """Returns a gnuplot script that draws {mode: [(microseconds, value)]}."""
    blocks = "".join(f"$d{i} << EOD\n" + "\n".join(f"{x / 1000} {y}" for x, y in points) + "\nEOD\n"
                     for i, points in enumerate(by_mode.values()))
    plots = ", ".join(f"$d{i} with steps lw 2 title {quoted(mode)} noenhanced"
                      for i, mode in enumerate(by_mode))
    return (blocks + HEAD.replace("{title}", quoted(title))
            + "set xlabel 'ms of guest time'\nset ylabel 'KiB'\nset yrange [0:*]\nplot " + plots + "\n")


def scripts(runs, values, modes):
    """Returns {file name without suffix: script}. Series are drawn for the first seed."""
    found = {name: bars(title, names, values, modes) for name, title, names in BARS}
    series = {}
    for run in runs:
        for name, points in run.series.items():
            if run.machine.ipc != "keep":
                continue
            key = name, run.machine.cpus, run.machine.memory_mib
            series.setdefault(key, {}).setdefault(run.machine.mode.name, points)
    for (name, *size), by_mode in series.items():
        found["-".join([name, *map(str, size)])] = lines_over_time(
            f"{name.replace('_', ' ')}: {tables.machine_words(*size)}", by_mode)
    return {name: script for name, script in found.items() if script}


def run_gnuplot(script, path):
    """Draws one script to a file."""
    subprocess.run(["gnuplot"], input=script.replace("{output}", quoted(path)), text=True, check=True)


def draw(directory, runs, values, modes):
    """Draws all plots; returns the paths of the SVG files."""
    paths = []
    for name, script in scripts(runs, values, modes).items():
        path = os.path.join(directory, name + ".svg")
        run_gnuplot(script, path)
        paths.append(path)
    return paths
