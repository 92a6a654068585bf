#!/usr/bin/env python3
"""Puts the figures of a report into the tables of the book: docs/comparison.md, stack-modes.md and measures.md.

    tools/bench/chapter.py --records build/bench/records.json --docs docs

A table is known by the first cell of its head. Its rows are written anew, and so is the line above it, which names the
commit of its figures. In the table of measures.md, whose rows are named by their figures, only the numbers are. A
table whose figures the report does not have stays as it is, and is named; a row that is not known here is an error.
When all tables are filled, what stands between <!-- older --> and <!-- /older --> is taken out.
Figures that sentences cite are not looked for: read what stands around a table that has changed.
"""

import argparse
import json
import os
import re
import sys

import chapter_rows as rows
import machine as machines

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMIT = re.compile(r"Commit [0-9a-f]{7,40}\b.*:")
# What the chapter says of figures that are older than those around them, until all tables are of one commit.
OLD = re.compile(r"<!-- older -->.*?<!-- /older -->\n*", re.DOTALL)
SEED = 1
MODES = {"`eager`": "eager", "`fault`": "fault", "`lend`, Intel": "lend-intel", "`lend`, AMD": "lend-amd",
         "`prefault`": "prefault", "`prefault=check`": "prefault-check"}
ALONE = "user_thread_bytes"  # figures of that name are of a machine that ran little before
WHOLE = "eager"  # the mode that others are compared with


class ChapterError(Exception):
    """The chapter has something that is not known here."""


class Missing(Exception):
    """The report does not have what a table needs."""


class Records:
    """The figures of a report with the first seed."""

    def __init__(self, report):
        self.commit = report["about"]["commit"]
        self.values = {}
        for row in report["records"]:
            if row["seed"] == SEED and row["accel"] == "tcg":
                single = row["patterns"] == machines.IPC_SINGLE
                key = row["name"], row["mode"], row["cpus"], row["memory_mib"], row["ipc"], single
                self.values[key] = row["value"]
        self.ran = {key[1:] for key in self.values}

    def find(self, name, mode, *, cpus=1, memory=machines.MEMORY_MIB, ipc="keep", single=False):
        """Returns a figure, or None if the machine ran and has none of that name. Raises Missing if it did not."""
        machine = mode, cpus, memory, ipc, single
        if machine not in self.ran:
            raise Missing(f"no figures of {mode}, ipc={ipc}, {cpus} CPUs, {memory} MiB")
        return self.values.get((name, *machine))

    def get(self, name, mode, **more):
        """Returns a figure. Raises Missing if there is none."""
        value = self.find(name, mode, **more)
        if value is None:
            raise Missing(f"no figure {name} of {mode}")
        return value


def number(value):
    """Returns the text of a figure, and nothing for none."""
    return "" if value is None else f"{value:,}"


def mode_of(column):
    """Returns the mode that a column is about."""
    if column not in MODES:
        raise ChapterError(f"there is no mode for the column '{column}'")
    return MODES[column]


def percent(value, whole):
    """Returns how much more a value is, in percent."""
    return (value - whole) * 100 / whole if whole else 0.0


def noted(value, whole):
    """Returns a figure with a note how much less or more than another one it is, if that can be seen."""
    more = round(percent(value, whole))
    return number(value) + (f" ({abs(more)} % {'less' if more < 0 else 'more'})" if more else "")


def single(names):
    """Returns what fills a table with a figure for each row, and a mode for each column. Some modes have no such
    operation, but one has."""
    def fill(records, label, columns):
        values = [records.find(names[label], mode_of(column)) for column in columns]
        if all(value is None for value in values):
            raise Missing(f"no figure {names[label]}")
        return [number(value) for value in values]
    return fill


def saved(suffix):
    """Returns what fills a table of scenarios: a figure, and how much less it is than with eager stacks."""
    def fill(records, label, columns):
        name = f"macro_{label.strip('`')}_{suffix}"
        whole = records.get(name, WHOLE)
        return [noted(records.get(name, mode_of(column)), whole) for column in columns]
    return fill


def against(records, label, columns):
    """Fills a row with the instructions of a scenario: of eager stacks, and how many percent more the others take."""
    name = f"macro_{label.strip('`')}_instructions"
    whole = records.get(name, WHOLE)
    return [number(whole) if mode_of(column) == WHOLE
            else f"{percent(records.get(name, mode_of(column)), whole):+.1f} %" for column in columns]


def by_scenario(records, label, columns):
    """Fills a row with one figure of stack=fault, a scenario for each column."""
    # Where nothing was created or refilled, there is no share of it.
    shares = ("cache_hit", "magazine_hit")
    return [number((records.find if rows.SCENARIO[label] in shares else records.get)(
        f"macro_{column.strip('`')}_{rows.SCENARIO[label]}", "fault")) for column in columns]


def little(records, label, columns):
    """Fills a row of the scenario that also runs where memory is short."""
    return [number(records.get(f"macro_blocked_{rows.LITTLE[label]}", mode_of(column), memory=machines.LITTLE_MIB))
            for column in columns]


def by_cpus(records, label, columns):
    """Fills a row with one figure, a number of CPUs for each column."""
    name, mode = rows.BY_CPUS[label]
    return [number(records.get(name, mode, cpus=int(column.split()[0]))) for column in columns]


def handoff(records, label, columns):
    """Fills a row with a figure with or without stack handoff, a mode for each column."""
    name, ipc = rows.HANDOFF[label]
    return [number(records.get(name, mode_of(column), ipc=ipc, single=True)) for column in columns]


def handoff_whole(records, label, columns):
    """Fills a row with a figure of stack=fault, without and with stack handoff."""
    name, compared = rows.HANDOFF_WHOLE[label]
    one = not name.startswith("macro_")
    values = [records.get(name, "fault", ipc=column.strip("`"), single=one) for column in columns]
    return [number(values[0]), *(noted(value, values[0]) if compared else number(value) for value in values[1:])]


def aim(records, label, columns):
    """Fills a row with what is aimed at, the figure of stack=fault, and whether it is reached."""
    name, wanted = rows.AIMS[label]
    value = records.get(name, "fault", single=name.startswith(ALONE))
    return [number(wanted), number(value), "yes" if (value >= wanted if name in rows.LEAST else value <= wanted) else "no"]


SCENARIOS = [f"`{name.removeprefix('macro_')}`" for name in machines.SCENARIOS]
# By the first cell of a table's head: what fills a row of it, and which rows there are.
TABLES = {
    "instructions, zeroing apart": (single(rows.SINGLE), rows.SINGLE),
    "instructions, one thread alone": (single(rows.BY_BYTES), rows.BY_BYTES),
    "instructions of programs": (single(rows.PROGRAMS), rows.PROGRAMS),
    "bytes of a blocked thread": (single(rows.BYTES), rows.BYTES),
    "most stack memory": (saved("stack_most"), SCENARIOS),
    "mean stack memory": (saved("stack_mean"), SCENARIOS),
    "instructions of the scenario": (against, SCENARIOS[1:]),  # idle has next to none
    "figure of `stack=fault`": (by_scenario, rows.SCENARIO),
    "`blocked` in 32 MiB": (little, rows.LITTLE),
    "figure": (by_cpus, rows.BY_CPUS),
    "with `keep` and `handoff`": (handoff, rows.HANDOFF),
    "with `stack=fault`": (handoff_whole, rows.HANDOFF_WHOLE),
}


MODES_TABLES = {
    "bytes for each of 1,000 threads": (single(rows.SLEEPERS), rows.SLEEPERS),
    "instructions, zeroing apart": (single(rows.WAKING), rows.WAKING),
    "in 100 wakes": (single(rows.BOUNCES), rows.BOUNCES),
}
MEASURES_TABLES = {
    "`BENCH` line": None,  # its rows are not of a list: lines_filled()
    "at most, with `stack=fault`": (aim, rows.AIMS),
}
PAGES = {"comparison.md": TABLES, "stack-modes.md": MODES_TABLES, "measures.md": MEASURES_TABLES}
NAME = re.compile(r"`(\w+)`")
NUMBERS = re.compile(r"[\d,]+(, [\d,]+)*")


def cells(line):
    """Returns the cells of a table's line."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def filled(records, lines, fill, labels):
    """Returns a table's lines with the figures of the records."""
    head = cells(lines[0])
    for line in lines[2:]:
        if cells(line)[0] not in labels:
            raise ChapterError(f"the table '{head[0]}' has the row '{cells(line)[0]}', which is not known here")
    return lines[:2] + ["| " + " | ".join([label, *fill(records, label, head[1:])]) + " |" for label in labels]


def lines_filled(records, lines):
    """Returns a table's lines with the figures of stack=fault and stack=eager, where its first cell names figures and
    the others have as many numbers. A cell with words stays, and so does one whose figure this report does not have:
    that is said."""
    found = lines[:2]
    for line in lines[2:]:
        row = cells(line)
        names = NAME.findall(row[0])
        for at, mode in ((1, "fault"), (2, "eager")):
            values = [records.find(name, mode, single=name.startswith(ALONE)) for name in names]
            if not NUMBERS.fullmatch(row[at]):
                continue
            if not values or None in values or len(row[at].split(", ")) != len(values):
                print(f"{row[0]} of {mode} stays: {row[at]}")
                continue
            row[at] = ", ".join(map(number, values))
        found.append("| " + " | ".join(row) + " |")
    return found


def table_lines(lines, at):
    """Returns how many lines of a table there are from one on."""
    end = at
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    return end - at


def fill_chapter(text, records, tables=None):
    """Returns the chapter with the figures of the records, the heads of the tables that it filled, and why it did not
    fill the others."""
    tables = TABLES if tables is None else tables
    lines, found, done, left, at = text.split("\n"), [], [], {}, 0
    while at < len(lines):
        count = table_lines(lines, at)
        head = cells(lines[at])[0] if count else None
        if head in tables:
            if len(found) < 2 or not COMMIT.fullmatch(found[-2]) or found[-1]:
                raise ChapterError(f"above the table '{head}' is no line 'Commit ...:'")
            try:
                part = lines[at:at + count]
                new = filled(records, part, *tables[head]) if tables[head] else lines_filled(records, part)
                found[-2] = f"Commit {records.commit[:7]}:"
                done.append(head)
            except Missing as error:
                new, left[head] = part, str(error)
            found += new
        else:
            found += lines[at:at + max(count, 1)]
        at += max(count, 1)
    absent = [head for head in tables if head not in done and head not in left]
    if absent:
        raise ChapterError(f"the chapter has no table '{absent[0]}'")
    return OLD.sub("", "\n".join(found)) if not left else "\n".join(found), done, left


def page_fill(path, records, tables):
    """Fills one page; says which tables it filled. Returns how many it left as they were."""
    with open(path, encoding="utf-8") as file:
        text, done, left = fill_chapter(file.read(), records, tables)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    name = os.path.basename(path)
    for head in done:
        print(f"filled: {name}, {head}")
    for head, why in left.items():
        print(f"left as it was: {name}, {head}: {why}")
    return len(left)


def main(arguments=None):
    """Fills the pages."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--records", default=os.path.join(ROOT, "build", "bench", "records.json"))
    parser.add_argument("--docs", default=os.path.join(ROOT, "docs"))
    options = parser.parse_args(arguments)
    try:
        with open(options.records, encoding="utf-8") as file:
            records = Records(json.load(file))
        if not re.fullmatch("[0-9a-f]{7,40}", records.commit):
            raise ChapterError(f"the report is of no commit, but of '{records.commit}'")
        left = sum(page_fill(os.path.join(options.docs, name), records, tables) for name, tables in PAGES.items())
    except (OSError, ChapterError) as error:
        print(f"bench-chapter: {error}", file=sys.stderr)
        return 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
