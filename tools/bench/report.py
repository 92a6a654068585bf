#!/usr/bin/env python3
"""Measures every way to build a kernel stack, and writes records, tables, plots and a page.

    tools/bench/report.py --kernel build/release/kernel.elf --out build/bench

Each machine runs twice. Counts of instructions must be the same both times, or the program fails. What
a machine printed is kept in OUT/runs, by the contents of the kernel and of the archive: a report that
was interrupted goes on where it was. With --accel kvm the figures are cycles of the host's processor,
which never repeat: then each machine runs once, nothing is kept, and the tables are marked. Where BOCHS names a
Bochs that has FRED, the report also has the two ways in beside each other (entries.py).
"""

import argparse
import base64
import dataclasses
import fnmatch
import hashlib
import json
import os
import re
import shlex
import sys

import entries
import machine as machines
import plots
import record
import tables

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BY_CPUS = ("shootdown", "macro_churn")  # these are about several CPUs
COUNTED_NOTE = (
    "One tick is one guest instruction, and a second run of each machine gave the same counts. "
    "Instructions are not cycles: loads of CR3, TLB misses, shootdowns, XSAVE, WRMSR and cache misses "
    "look free here. With several CPUs a count is the sum over all of them. Single operations are "
    "medians; records.csv has the least and the most of each. Scenarios have the median of all seeds. "
    "Events enter by the IDT, because no processor of QEMU has FRED.")
CYCLES_NOTE = (
    "These are cycles of the host's processor, in a virtual machine on a machine that also did other "
    "work: they do not repeat. Below each median stand the least and the most of its samples.")
NO_FRED_NOTE = "Nothing here is of entry=fred: {reason}."
NAMES_NOTE = "docs/measures.md says what each figure is; docs/comparison.md discusses them."
COMPARISON = os.path.join(ROOT, "docs", "comparison.md")
ADVICE = "Which one to choose"  # its section that says so


def plan(modes, seeds, cpus, patterns, accel):
    """Returns the machines of a report: for each mode the single operations, each scenario with every
    seed and where memory is short, what is about several CPUs, and what stack handoff may change. With
    patterns, only what they match: each scenario has a machine of its own here, too."""
    found = []
    for mode in modes:
        def add(pattern, mode=mode, **more):
            found.append(machines.Machine(mode, patterns=pattern, accel=accel, **more))
        if patterns != "*":
            found += chosen(mode, seeds, patterns, accel)
            continue
        add(patterns, seed=seeds[0])
        for name, random in machines.SCENARIOS.items():
            for seed in seeds if random else seeds[:1]:
                add(name, seed=seed)
        for name in machines.LITTLE if mode.name not in machines.NO_GUARANTEE else ():
            add(name, seed=seeds[0], memory_mib=machines.LITTLE_MIB)
        for count in cpus:
            for name in BY_CPUS:
                add(name, seed=seeds[0], cpus=count)
        # A figure of memory depends on what ran before it, so both sides run the same.
        for ipc in ("keep", "handoff"):
            add(machines.IPC_SINGLE, seed=seeds[0], ipc=ipc)
        for name in machines.IPC_SCENARIOS:
            add(name, seed=seeds[0], ipc="handoff")
    return found


def chosen(mode, seeds, patterns, accel):
    """Returns the machines of one mode for benchmarks that patterns with commas choose."""
    words, names = patterns.split(","), []
    for name in machines.SCENARIOS:
        names += [name] if any(fnmatch.fnmatchcase(name, word) for word in words) else []
    single = [word for word in words if not fnmatch.filter(names, word)]
    found = [machines.Machine(mode, patterns=",".join(single), accel=accel, seed=seeds[0])] if single else []
    for name in names:
        for seed in seeds if machines.SCENARIOS[name] else seeds[:1]:
            found.append(machines.Machine(mode, patterns=name, accel=accel, seed=seed))
        if name in machines.IPC_SCENARIOS:
            found.append(machines.Machine(mode, patterns=name, accel=accel, seed=seeds[0], ipc="handoff"))
    return found


class Progress:
    """Says which machine runs, and on a terminal how many figures it has printed."""

    def __init__(self, total):
        self.total, self.number, self.stream = total, 0, sys.stdout

    def begin(self, machine):
        """Names the machine that starts."""
        self.number += 1
        self.stream.write(f"[{self.number}/{self.total}] {machine.label}: ")
        self.stream.flush()

    def figure(self, figures):
        """Shows the last figure on a terminal."""
        if self.stream.isatty():
            self.stream.write(f"\033[s{len(figures)} {figures[-1].name}\033[K\033[u")
            self.stream.flush()

    def end(self, text):
        """Ends the machine's line."""
        self.stream.write(("\033[K" if self.stream.isatty() else "") + text + "\n")


class Kept:
    """The runs of machines that a report has made with these files."""

    def __init__(self, directory, *paths):
        digest = hashlib.sha256()
        for path in paths:
            if os.path.exists(path):
                with open(path, "rb") as file:
                    digest.update(file.read())
        self.directory = os.path.join(directory, "runs", digest.hexdigest()[:16])

    def path(self, machine):
        """Returns the file for a machine."""
        key = json.dumps(dataclasses.asdict(machine), sort_keys=True)
        return os.path.join(self.directory, hashlib.sha256(key.encode()).hexdigest()[:16] + ".json")

    def get(self, machine):
        """Returns the machine's run, or None."""
        try:
            with open(self.path(machine), encoding="utf-8") as file:
                kept = json.load(file)
        except (FileNotFoundError, ValueError):
            return None
        return machines.Run(machine, [machines.Figure(**figure) for figure in kept["figures"]],
                            kept["series"], kept["seconds"])

    def put(self, run):
        """Keeps a run."""
        os.makedirs(self.directory, exist_ok=True)
        path = self.path(run.machine)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"figures": [dataclasses.asdict(figure) for figure in run.figures],
                       "series": run.series, "seconds": run.seconds}, file)
        os.replace(path + ".new", path)


def measure(machine, start, progress, kept=None):
    """Runs one machine by start(machine), twice if its counts must repeat. Raises BenchError if they do not."""
    progress.begin(machine)
    if kept is not None and machine.accel != "kvm":
        run = kept.get(machine)
        if run is not None:
            progress.end(f"{len(run.figures)} figures, kept")
            return run
    run = start(machine)
    if machine.accel != "kvm":
        different = run.same_as(start(machine))
        if different:
            progress.end("NOT the same twice")
            raise machines.BenchError(f"{machine.label}: a second run differs in "
                                      + ", ".join(different))
        if kept is not None:
            kept.put(run)
    progress.end(f"{len(run.figures)} figures, {run.seconds:.0f} s")
    return run


def advice():
    """Returns the paragraphs of the book that say which mode to choose, without their marks."""
    with open(COMPARISON, encoding="utf-8") as file:
        section = re.search(rf"^## {ADVICE}\n(.*?)(?=^## |\Z)", file.read(), re.DOTALL | re.MULTILINE)
    if section is None:
        raise machines.BenchError(f"docs/comparison.md has no section '{ADVICE}'")
    return [" ".join(paragraph.replace("*", "").replace("`", "").split())
            for paragraph in section[1].strip().split("\n\n")]


def write_page(path, facts, notes, command, found, drawn):
    """Writes the HTML page."""
    import jinja2  # only this needs it

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(os.path.dirname(__file__)),
                                     autoescape=True)
    pictures = []
    for name in drawn:
        with open(name, "rb") as file:
            pictures.append((os.path.basename(name)[:-4], base64.b64encode(file.read()).decode()))
    page = environment.get_template("report.html.jinja").render(
        about=facts, notes=notes, advice=advice(), title=f"{ADVICE} (from docs/comparison.md)", command=command, tables=found, plots=pictures)
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)


def write(directory, facts, runs, ways, notes, command):
    """Writes everything that a report has; ways are the runs in Bochs."""
    os.makedirs(directory, exist_ok=True)
    record.write(directory, facts, runs + ways)
    found = tables.make(runs) + entries.tables(ways)
    with open(os.path.join(directory, "tables.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join([*(note + "\n" for note in notes), *(table.text() for table in found)]))
    with open(os.path.join(directory, "tables.md"), "w", encoding="utf-8") as file:
        file.write("\n".join([*(note + "\n" for note in notes), *(table.markdown() for table in found)]))
    values, units, modes = tables.collect(runs)
    drawn = plots.draw(directory, {**plots.scripts(runs, values, modes, units), **entries.scripts(ways)})
    write_page(os.path.join(directory, "report.html"), facts, notes, command, found, drawn)


def chosen_modes(names, accel="tcg"):
    """Returns the modes with these names, or all."""
    known = {mode.name: mode for mode in machines.modes_of(accel)}
    for name in names:
        if name not in known:
            raise machines.BenchError(f"there is no mode {name}; there are: {', '.join(known)}")
    return [known[name] for name in names or known]


def numbers(text):
    """Returns the numbers of a list with commas."""
    return [int(number) for number in text.split(",") if number]


def both_ways(modes, options):
    """Returns the machines in Bochs that compare FRED with the IDT, the paths for them, and the note about FRED."""
    where = entries.paths()
    reason = entries.why_not(where, options.kernel, options.accel)
    name = "" if reason else entries.emulator(where.fred_bochs)
    machines_in_bochs = [] if reason else entries.plan(modes, options.bench, name)
    if not machines_in_bochs:
        note = NO_FRED_NOTE.format(reason=reason or "no benchmark or mode of this report is measured there")
        print(note)
        return [], where, note
    return machines_in_bochs, where, entries.NOTE.format(emulator=name)


def main(arguments=None):
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kernel", default="build/release/kernel.elf")
    parser.add_argument("--archive", default="build/boot.tar")
    parser.add_argument("--out", default="build/bench")
    parser.add_argument("--modes", default="", help="with commas; all without it")
    parser.add_argument("--seeds", default="1,2,3", type=numbers)
    parser.add_argument("--cpus", default="2,4", type=numbers, help="for what is about many CPUs")
    parser.add_argument("--bench", default="*", help="benchmarks, by patterns with commas; all without it")
    parser.add_argument("--accel", default="tcg", choices=("tcg", "kvm"))
    options = parser.parse_args(arguments)
    try:
        modes = chosen_modes([name for name in options.modes.split(",") if name], options.accel)
        todo = plan(modes, options.seeds, options.cpus, options.bench, options.accel)
        both, where, fred_note = both_ways(modes, options)
        progress = Progress(len(todo) + len(both))
        kept = Kept(options.out, options.kernel, options.archive)
        runs = [measure(machine, lambda one: machines.run_machine(one, options.kernel, options.archive, progress.figure),
                        progress, kept) for machine in todo]
        kept = Kept(options.out, options.kernel, options.archive, where.fred_bochs)
        ways = [measure(machine, lambda one: entries.run_machine(one, where), progress, kept) for machine in both]
        write(options.out, record.about(ROOT, options.kernel), runs, ways,
              [COUNTED_NOTE if options.accel == "tcg" else CYCLES_NOTE, fred_note, tables.NONE_NOTE, NAMES_NOTE],
              shlex.join(todo[0].command(options.kernel, options.archive)))
    except machines.BenchError as error:
        print(f"bench-report: {error}", file=sys.stderr)
        return 1
    print(f"Written: {options.out}/report.html, tables.txt, tables.md, records.csv, records.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
