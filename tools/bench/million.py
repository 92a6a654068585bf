#!/usr/bin/env python3
"""Runs the kernel with up to a million blocked threads, and shows what a thread costs.

    tools/bench/million.py --counts 1000,10000,100000,1000000 --memory 640

Shows the kernel's progress, and the most memory of the host that QEMU used. At the end the figures of all
counts stand side by side, and it fails if a thread's cost depends on their number. The largest count is
tried with eager stacks, to show how many fit there.

With --user the threads are user threads asleep in IPC, with ipc=keep and with ipc=handoff; after the
counts as many are made as fit.
"""

import argparse
import os
import re
import subprocess
import sys
import threading

import machine as machines
import plots
import report
import tables

PROGRESS = re.compile(r"# (\d+) of (\d+) (sleep|woken), (\d+) MiB free")
USERS_SURE = 100000     # so many user threads have to fit
THREADS_MAX = 1048000   # the most that bench-threads= takes
FLAT_FROM = 1000        # threads: with fewer the first allocations weigh
FLAT_PERCENT = 10       # a thread's cost may differ by so much between the counts
COSTS = ("million_bytes", "million_create", "million_swap_out", "million_wake_to_end")
REFUSED = re.compile(r"# (thread \d+ cannot be created: .*)")


class Watch:
    """Reads how much memory of the host a process has had at most."""

    def __init__(self, pid):
        self.pid, self.kib, self.over = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        """Looks once a second until the process is gone."""
        while not self.over.wait(1):
            try:
                with open(f"/proc/{self.pid}/status", encoding="utf-8") as file:
                    found = re.search(r"VmHWM:\s+(\d+)", file.read())
                self.kib = int(found[1]) if found else self.kib
            except OSError:
                return

    def end(self):
        """Returns the most, in MiB."""
        self.over.set()
        self.thread.join()
        return self.kib // 1024


def shown(lines, tell, notes):
    """Passes the lines on; prints those about progress, and keeps those about refused threads."""
    for line in lines:
        if match := PROGRESS.search(line):
            tell(match)
        elif match := REFUSED.search(line):
            notes.append(match[1])
        yield line


def take(mode, count, options, benchmark="million", ipc="keep"):
    """Runs one machine; returns its Run, QEMU's memory in MiB, and what the kernel said in words."""
    machine = machines.Machine(mode, patterns=benchmark, memory_mib=options.memory, ipc=ipc,
                               words=f"bench-threads={count}")
    notes = []
    with subprocess.Popen(machine.command(options.kernel, options.archive), stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace") as process:
        watch = Watch(process.pid)

        def tell(match):
            print(f"  {mode.name}: {int(match[1]):,} of {int(match[2]):,} {match[3]}, {match[4]} MiB "
                  f"free; QEMU has {watch.kib // 1024} MiB", flush=True)
        run = machines.parse(machine, shown(process.stdout, tell, notes))
    mib = watch.end()
    if process.returncode != machines.SUCCESS:
        raise machines.BenchError(f"{machine.label}: QEMU ended with status {process.returncode}")
    return run, mib, notes


def complaint(run, count):
    """Returns what is wrong with a run in which all threads should have been there, or None."""
    values = {figure.name: figure.value for figure in run.figures}
    for name in ("million_blocked", "million_right"):
        if values.get(name) != count:
            return f"{name} is {values.get(name)} instead of {count}"
    return None


def slope(runs, counts):
    """Returns which of a thread's costs depends on how many threads there are, or None."""
    for name in COSTS:
        values = [figure.value for run, count in zip(runs, counts) if count >= FLAT_FROM
                  for figure in run.figures if figure.name == name]
        if values and max(values) * 100 > min(values) * (100 + FLAT_PERCENT):
            return f"{name} is from {min(values):,} to {max(values):,}: it depends on the number of threads"
    return None


def table_of(runs, heads, memories, title):
    """Returns the table: a row for each figure, a column for each run."""
    values = [{figure.name: figure for figure in run.figures} for run in runs]
    rows = [[name, figure.unit, *(f"{one[name].value:,}" for one in values)]
            for name, figure in values[0].items()]
    rows.append(["memory of QEMU", "MiB", *map(str, memories)])
    return tables.Table(title, ["figure", "unit", *heads], rows)


def plot_of(runs, counts):
    """Returns a gnuplot script: bytes and instructions of a thread, by the number of threads."""
    blocks = ""
    for i, name in enumerate(COSTS):
        points = [next(f.value for f in run.figures if f.name == name) for run in runs]
        blocks += f"$d{i} << EOD\n" + "\n".join(f"{n} {v}" for n, v in zip(counts, points)) + "\nEOD\n"
    curves = ", ".join(f"$d{i} with linespoints lw 2 title {plots.quoted(name)} noenhanced"
                       for i, name in enumerate(COSTS))
    return (blocks + plots.HEAD.replace("{title}", plots.quoted("A thread's cost, by their number"))
            + "set logscale x\nset xlabel 'blocked threads'\nset ylabel 'bytes, instructions'\n"
            "set yrange [0:*]\nplot " + curves + "\n")


def users_of(options):
    """Runs user threads asleep in IPC, with ipc=keep and ipc=handoff; returns the text of the table."""
    mode = next(mode for mode in machines.MODES if mode.name == "fault")
    head, runs, memories = [], [], []
    for ipc in ("keep", "handoff"):
        for count in [*[count for count in options.counts if count <= USERS_SURE], THREADS_MAX]:
            words = "as many as fit" if count == THREADS_MAX else f"{count:,}"
            print(f"user threads with ipc={ipc} in {options.memory} MiB: {words}", flush=True)
            run, mib, _ = take(mode, count, options, "million_user", ipc)
            values = {figure.name: figure.value for figure in run.figures}
            if count != THREADS_MAX and values.get("million_user_blocked") != count:
                raise machines.BenchError(f"{values.get('million_user_blocked')} of {count} threads")
            if values.get("million_user_left") != 0:
                raise machines.BenchError("not all user threads have ended")
            head.append(f"{ipc}, {words}")
            runs.append(run)
            memories.append(mib)
    return table_of(runs, head, memories, "User threads asleep in IPC, all at once").text()


def user_main(options):
    """Makes million-user.txt."""
    try:
        text = users_of(options)
    except machines.BenchError as error:
        print(f"million: {error}", file=sys.stderr)
        return 1
    os.makedirs(options.out, exist_ok=True)
    with open(os.path.join(options.out, "million-user.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    print("\n" + text + f"\nWritten: {options.out}/million-user.txt")
    return 0


def main(arguments=None):
    """Runs all counts, then eager stacks; or user threads."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kernel", default="build/release/kernel.elf")
    parser.add_argument("--archive", default="build/boot.tar")
    parser.add_argument("--out", default="build/bench")
    parser.add_argument("--counts", default="1000,10000,100000,1000000", type=report.numbers)
    parser.add_argument("--memory", default=640, type=int, help="of the machine, in MiB")
    parser.add_argument("--user", action="store_true", help="user threads asleep in IPC")
    options = parser.parse_args(arguments)
    if options.user:
        return user_main(options)
    modes = {mode.name: mode for mode in machines.MODES}
    runs, memories = [], []
    try:
        for count in options.counts:
            print(f"{count:,} threads in {options.memory} MiB", flush=True)
            run, mib, _ = take(modes["fault"], count, options)
            wrong = complaint(run, count)
            if wrong:
                raise machines.BenchError(f"{count:,} threads: {wrong}")
            runs.append(run)
            memories.append(mib)
        print(f"{options.counts[-1]:,} threads with eager stacks", flush=True)
        _, _, notes = take(modes["eager"], options.counts[-1], options)
    except machines.BenchError as error:
        print(f"million: {error}", file=sys.stderr)
        return 1
    text = table_of(runs, [f"{count:,}" for count in options.counts], memories,
                    "Blocked kernel threads, all at once").text()
    text += "\nWith eager stacks: " + ("; ".join(notes) or "all of them fit") + "\n"
    os.makedirs(options.out, exist_ok=True)
    with open(os.path.join(options.out, "million.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    plots.run_gnuplot(plot_of(runs, options.counts), os.path.join(options.out, "million.svg"))
    print("\n" + text + f"\nWritten: {options.out}/million.txt, million.svg")
    uneven = slope(runs, options.counts)
    if uneven:
        print(f"million: {uneven}", file=sys.stderr)
    return 1 if uneven else 0


if __name__ == "__main__":
    sys.exit(main())
