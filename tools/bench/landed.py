#!/usr/bin/env python3
"""The figures of the last landed commit, and what changed in them since.

    tools/bench/landed.py compare ROW=LOG ...  compare what these rows printed with tests/bench/landed.json
    tools/bench/landed.py record ROW=LOG ...   write that file
    tools/bench/landed.py clean                fail if the tree is not as a commit has it

The rows bench-MODE of tests/matrix.py count guest instructions, so a kernel prints the same figures on every
machine. tests/run calls `compare` after they ran, and `record` for make bench-record; no machine is booted for
either. Another compiler or another emulator may count differently: then the comparison says so.
"""

import argparse
import json
import os
import re
import sys

import compare
import machine as machines
import record
import tables

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LANDED = os.path.join("tests", "bench", "landed.json")
KERNEL = os.path.join("build", "release", "kernel.elf")
SHOWN = 25  # as many changed figures are printed
SHOWN_IN_FULL = os.path.join("build", "test", "figures.txt")
# What must be alike for figures to be comparable one to one.
ALIKE = {"compiler": "compiler", "flags": "flags", "emulator": "emulator"}


class RecordError(Exception):
    """The record cannot be used."""


def facts(root):
    """Returns the commit, compiler, flags and emulator. -Werror generates no code: CI alone has it."""
    about = record.about(root, os.path.join(root, KERNEL))
    about["flags"] = " ".join(re.sub(r"-ffile-prefix-map=('[^']*'|\S+)|-Werror\b", "", about["flags"]).split())
    return about


def figures_of(path):
    """Returns {name: [value, unit]} of the lines that one machine printed, or raises BenchError."""
    with open(path, encoding="utf-8", errors="replace") as file:
        run = machines.parse(machines.Machine(machines.MODES[0], patterns=path), file)
    return {figure.name: [figure.value, figure.unit] for figure in run.figures}


def load(root):
    """Returns the record, or raises RecordError."""
    path = os.path.join(root, LANDED)
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        missing = [key for key in ("commit", *ALIKE) if not isinstance(kept["about"][key], str)]
        rows = {row: {name: [int(value), str(unit)] for name, (value, unit) in figures.items()}
                for row, figures in kept["rows"].items()}
    except OSError as error:
        raise RecordError(f"{LANDED} cannot be read ({error.strerror}); make bench-record writes it") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{LANDED} is damaged ({type(error).__name__}: {error}); make bench-record writes it"
                          " anew") from error
    if missing or not rows or not all(rows.values()):
        raise RecordError(f"{LANDED} is damaged: it lacks {', '.join(missing) or 'figures'};"
                          " make bench-record writes it anew")
    return {"about": kept["about"], "rows": rows}


def save(root, about, rows):
    """Writes the record, with a line for each figure, so that a diff of it can be read."""
    parts = [f' "{row}": {{\n' + ",\n".join(f"  {json.dumps(name)}: {json.dumps(figures[name])}"
                                           for name in sorted(figures)) + "\n }"
             for row, figures in rows.items()]
    with open(os.path.join(root, LANDED), "w", encoding="utf-8") as file:
        file.write('{"about": ' + json.dumps(about, indent=1) + ',\n"rows": {\n' + ",\n".join(parts) + "\n}}\n")


def labelled(rows):
    """Returns the figures of several rows as one dictionary. Times on the clock are left out: while the
    CPU is idle they follow QEMU's timers, not instructions."""
    return {f"{row}: {name}": value for row, figures in rows.items() for name, value in figures.items()
            if value[1] != "us"}


def unlike(before, after):
    """Returns a line for each reason why figures of the two are not comparable one to one."""
    return [f"NOT COMPARABLE ONE TO ONE: the record has {words} '{before[key]}', this tree '{after[key]}'"
            for key, words in ALIKE.items() if before[key] != after[key]]


def lines(kept, about, rows, shown=None):
    """Returns the comparison as lines: changes by relative size, `shown` at most, then what is new or gone."""
    absent = [row for row in rows if row not in kept["rows"]]
    before = labelled({row: figures for row, figures in kept["rows"].items() if row in rows})
    after = labelled(rows)
    found = compare.differences(before, after)
    changed = [row for row in found if row[-1] not in ("new", "gone")]
    others = [row for row in found if row[-1] in ("new", "gone")]
    tree = about["commit"][:12] + ("+changes" if about["commit"].endswith("+changes") else "")
    said = [f"Figures of {tree} against those of {kept['about']['commit'][:12]}, the last that were recorded ({LANDED}):"
            f" of {len({*before, *after})} {len(changed)} changed,"
            f" {sum(row[-1] == 'new' for row in others)} new,"
            f" {sum(row[-1] == 'gone' for row in others)} gone"]
    said += unlike(kept["about"], about)
    said += [f"{row} is not in the record: make bench-record writes it anew" for row in absent]
    left = changed[shown:] if shown is not None else []
    listed = [row for row in changed if row not in left] + others
    if listed:
        said += tables.Table("", ["figure", "unit", "before", "after", "change"], listed).text().splitlines()[1:]
    if left:
        said.append(f"... and {len(left)} smaller changes; {SHOWN_IN_FULL} has all")
    return said


def show(root, logs):
    """Compares the logs of rows with the record, prints the largest changes, and writes all into a file."""
    kept, about = load(root), facts(root)
    rows = {row: figures_of(path) for row, path in logs.items()}
    for line in lines(kept, about, rows, SHOWN):
        print(line)
    path = os.path.join(root, SHOWN_IN_FULL)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines(kept, about, rows)) + "\n")


def clean(root):
    """Raises RecordError if the tree is not as a commit has it."""
    commit = facts(root)["commit"]
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise RecordError(f"the record names a commit, and this tree is '{commit}': commit first")


def write(root, logs):
    """Writes the figures of these logs as the record of a commit."""
    clean(root)
    save(root, facts(root), {row: figures_of(path) for row, path in logs.items()})
    print(f"Written: {LANDED}")


def main(arguments=None, root=ROOT):
    """Records or compares."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=("compare", "record", "clean"))
    parser.add_argument("logs", nargs="*", metavar="ROW=LOG")
    options = parser.parse_args(arguments)
    logs = dict(log.split("=", 1) for log in options.logs)
    try:
        if options.what == "clean":
            clean(root)
        else:
            (show if options.what == "compare" else write)(root, logs)
    except (RecordError, machines.BenchError, OSError) as error:
        print(f"figures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
