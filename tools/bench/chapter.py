#!/usr/bin/env python3
"""Puts the figures of a report into the tables of docs/comparison.md.

    tools/bench/chapter.py --records build/bench/records.json --chapter docs/comparison.md

A table is known by the first cell of its head. Its rows are written anew, and so is the line above it, which names the
commit of its figures. A table whose figures the report does not have stays as it is, and is named; a row that is not
known here is an error. When all tables are filled, what stands between <!-- older --> and <!-- /older --> is taken out.
Figures that sentences cite are not looked for: read what stands around a table that has changed.
"""

import argparse
import json
import os
import re
import sys

import machine as machines

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMIT = re.compile(r"Commit [0-9a-f]{7,40}\b.*:")
# What the chapter says of figures that are older than those around them, until all tables are of one commit.
OLD = re.compile(r"<!-- older -->.*?<!-- /older -->\n*", re.DOTALL)
SEED = 1
MODES = {"`eager`": "eager", "`fault`": "fault", "`lend`, Intel": "lend-intel", "`lend`, AMD": "lend-amd",
         "`prefault`": "prefault", "`prefault=check`": "prefault-check"}
WHOLE = "eager"  # the mode that others are compared with

SINGLE = {
    "a stack fault of one page": "stack_fault_1", "of two pages": "stack_fault_2", "of three pages": "stack_fault_3",
    "a page fault that moves to the thread's stack": "fault_moved",
    "the same event without a stack of its own": "fault_direct", "switch": "switch",
    "timer tick, the thread goes on": "tick", "timer tick that preempts": "tick_preempt", "gate, no refill": "gate",
    "refill of one page, from the allocator": "refill", "from a page of a swapped stack": "refill_reclaim",
    "from the reserve": "refill_reserve", "create to join, cached": "thread_cycle_cached",
    "create to join, new stack": "thread_cycle_cold", "create to join, batched": "thread_cycle_batched",
    "`stack_ensure()`, a page": "ensure", "swap in": "swap_in", "a spinlock taken and released": "lock_spin",
    "a mutex taken and released": "lock_mutex", "allocate and free 8 objects and a frame": "alloc_free",
    "shootdown of a page, 1 CPU": "shootdown"}
BY_BYTES = {f"swapped {way}, {bytes_} bytes of variables": f"swap_{way}_one_{bytes_}"
            for way in ("out", "in") for bytes_ in (16, 256, 512, 896)}
PROGRAMS = {
    "a system call that does nothing": "syscall_null", "a message of six words and its answer": "ipc_roundtrip",
    "a message of 4,096 bytes and its answer": "ipc_roundtrip_4k",
    "a signal, and a wait for the one that answers it": "notify_roundtrip",
    "a page fault that the kernel serves, a page zeroed": "user_fault",
    "that a pager serves, with a page that is there": "pager_fault",
    "that a pager serves, a page zeroed": "pager_fault_fresh",
    "the kernel copies a word from a page that is not there, a page zeroed": "user_copy_fault",
    "a thread, create to join": "user_thread_cycle", "a task, created, run, awaited": "task_cycle"}
BYTES = {"since its creation": "idle_thread_bytes", "swapped out": "blocked_thread_bytes"}
SCENARIO = {
    "threads created": "threads", "stack faults": "faults", "faults a second of guest time": "faults_per_second",
    "waits at the gate": "gate_waits", "stacks from the cache, percent": "cache_hit",
    "least pages in the magazine at a refill, of 8": "magazine_low_water", "refills": "magazine_refills",
    "refills that found their frames, percent": "magazine_hit", "shootdowns of the swapper": "swapper_rounds"}
LITTLE = {"threads that could be created, of 5,000": "threads", "most stack memory, KiB": "stack_most",
          "waits at the gate": "gate_waits"}
BY_CPUS = {"shootdown of a page, instructions": ("shootdown", "fault"),
           "`churn`: threads created": ("macro_churn_threads", "fault"),
           "`churn`: instructions, `fault`": ("macro_churn_instructions", "fault"),
           "`churn`: instructions, `eager`": ("macro_churn_instructions", "eager"),
           "`churn`: stacks from the cache, percent": ("macro_churn_cache_hit", "fault"),
           "`churn`: most stack memory, KiB": ("macro_churn_stack_most", "fault")}
HANDOFF = {f"{words}, `{ipc}`": (name, ipc) for words, name in (
    ("bytes at once", "user_thread_bytes_before"), ("bytes after swapping", "user_thread_bytes"),
    ("`ipc_roundtrip`", "ipc_roundtrip")) for ipc in ("keep", "handoff")}
# The label of a row, its figure, and whether the second column says how much more it is.
HANDOFF_WHOLE = {
    "`crowd`: stack memory in KiB, once all sleep": ("macro_crowd_stack_now", False),
    "`crowd`: its mean over a minute, in which the swapper works": ("macro_crowd_stack_mean", False),
    "`crowd`: instructions": ("macro_crowd_instructions", True),
    "`service`: stack memory in KiB, at most": ("macro_service_stack_most", False),
    "`service`: its mean": ("macro_service_stack_mean", False),
    "`service`: stack faults": ("macro_service_faults", False),
    "`service`: instructions": ("macro_service_instructions", True),
    "`build`: stack memory in KiB, at most": ("macro_build_stack_most", False),
    "`build`: instructions": ("macro_build_instructions", True),
    "`pager_fault`": ("pager_fault", False), "`ipc_roundtrip_4k`": ("ipc_roundtrip_4k", False)}


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
    return [number((records.find if SCENARIO[label] in shares else records.get)(
        f"macro_{column.strip('`')}_{SCENARIO[label]}", "fault")) for column in columns]


def little(records, label, columns):
    """Fills a row of the scenario that also runs where memory is short."""
    return [number(records.get(f"macro_blocked_{LITTLE[label]}", mode_of(column), memory=machines.LITTLE_MIB))
            for column in columns]


def by_cpus(records, label, columns):
    """Fills a row with one figure, a number of CPUs for each column."""
    name, mode = BY_CPUS[label]
    return [number(records.get(name, mode, cpus=int(column.split()[0]))) for column in columns]


def handoff(records, label, columns):
    """Fills a row with a figure with or without stack handoff, a mode for each column."""
    name, ipc = HANDOFF[label]
    return [number(records.get(name, mode_of(column), ipc=ipc, single=True)) for column in columns]


def handoff_whole(records, label, columns):
    """Fills a row with a figure of stack=fault, without and with stack handoff."""
    name, compared = HANDOFF_WHOLE[label]
    one = not name.startswith("macro_")
    values = [records.get(name, "fault", ipc=column.strip("`"), single=one) for column in columns]
    return [number(values[0]), *(noted(value, values[0]) if compared else number(value) for value in values[1:])]


SCENARIOS = [f"`{name.removeprefix('macro_')}`" for name in machines.SCENARIOS]
# By the first cell of a table's head: what fills a row of it, and which rows there are.
TABLES = {
    "instructions, zeroing apart": (single(SINGLE), SINGLE),
    "instructions, one thread alone": (single(BY_BYTES), BY_BYTES),
    "instructions of programs": (single(PROGRAMS), PROGRAMS),
    "bytes of a blocked thread": (single(BYTES), BYTES),
    "most stack memory": (saved("stack_most"), SCENARIOS),
    "mean stack memory": (saved("stack_mean"), SCENARIOS),
    "instructions of the scenario": (against, SCENARIOS[1:]),  # idle has next to none
    "figure of `stack=fault`": (by_scenario, SCENARIO),
    "`blocked` in 32 MiB": (little, LITTLE),
    "figure": (by_cpus, BY_CPUS),
    "with `keep` and `handoff`": (handoff, HANDOFF),
    "with `stack=fault`": (handoff_whole, HANDOFF_WHOLE),
}


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


def table_lines(lines, at):
    """Returns how many lines of a table there are from one on."""
    end = at
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    return end - at


def fill_chapter(text, records):
    """Returns the chapter with the figures of the records, the heads of the tables that it filled, and why it did not
    fill the others."""
    lines, found, done, left, at = text.split("\n"), [], [], {}, 0
    while at < len(lines):
        count = table_lines(lines, at)
        head = cells(lines[at])[0] if count else None
        if head in TABLES:
            if len(found) < 2 or not COMMIT.fullmatch(found[-2]) or found[-1]:
                raise ChapterError(f"above the table '{head}' is no line 'Commit ...:'")
            try:
                new = filled(records, lines[at:at + count], *TABLES[head])
                found[-2] = f"Commit {records.commit[:7]}:"
                done.append(head)
            except Missing as error:
                new, left[head] = lines[at:at + count], str(error)
            found += new
        else:
            found += lines[at:at + max(count, 1)]
        at += max(count, 1)
    absent = [head for head in TABLES if head not in done and head not in left]
    if absent:
        raise ChapterError(f"the chapter has no table '{absent[0]}'")
    return OLD.sub("", "\n".join(found)) if not left else "\n".join(found), done, left


def main(arguments=None):
    """Fills the chapter."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--records", default=os.path.join(ROOT, "build", "bench", "records.json"))
    parser.add_argument("--chapter", default=os.path.join(ROOT, "docs", "comparison.md"))
    options = parser.parse_args(arguments)
    try:
        with open(options.records, encoding="utf-8") as file:
            records = Records(json.load(file))
        if not re.fullmatch("[0-9a-f]{7,40}", records.commit):
            raise ChapterError(f"the report is of no commit, but of '{records.commit}'")
        with open(options.chapter, encoding="utf-8") as file:
            text, done, left = fill_chapter(file.read(), records)
    except (OSError, ChapterError) as error:
        print(f"bench-chapter: {error}", file=sys.stderr)
        return 1
    with open(options.chapter, "w", encoding="utf-8") as file:
        file.write(text)
    for head in done:
        print(f"filled: {head}")
    for head, why in left.items():
        print(f"left as it was: {head}: {why}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
