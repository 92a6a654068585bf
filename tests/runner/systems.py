"""Compares docs/systems.md with the results: a row called done needs tests that passed.

Of the rows of the matrix that rotate a run takes one. What only the others show is reported as
skipped, by name: it was not shown to be wrong, and it was not shown to be right.
"""

import re

from .result import FAILED, PASSED, SKIPPED, Group

STATES = ("done", "partly", "open")
COLUMNS = 8
ROWS = [f"A{n}" for n in range(1, 26)] + [f"B{n}" for n in range(1, 17)]


def parse(text):
    """Returns {row: (state, [names])}, or raises ValueError with the error."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not re.fullmatch(r"[AB]\d+", cells[0]):
            continue
        if len(cells) != COLUMNS:
            raise ValueError(f"row {cells[0]} has {len(cells)} columns instead of {COLUMNS}")
        if cells[0] in rows:
            raise ValueError(f"row {cells[0]} stands there twice")
        if cells[3] not in STATES:
            raise ValueError(f"row {cells[0]}: there is no state '{cells[3]}'")
        rows[cells[0]] = (cells[3], cells[4].split())
    missing = [row for row in ROWS if row not in rows]
    if missing:
        raise ValueError("missing: " + ", ".join(missing))
    return rows


def outcomes(groups):
    """Returns the names that passed somewhere, and those that failed anywhere."""
    passed, failed = set(), set()
    for group in groups:
        (failed if group.failed else passed).add("row:" + group.name)
        for case in group.cases:
            name = case.name.split(" ")[0].rstrip(":")
            if case.outcome == PASSED:
                passed.add(name)
            elif case.outcome == FAILED:
                failed.add(name)
    return passed, failed


def is_absent(name, absent):
    """Returns whether only a row that this run leaves to other runs could show what has this name."""
    return any(name == "row:" + row.name or (row.kind == "suite" and name in row.tests.split(","))
               for row in absent)


def complaints(text, groups, absent=()):
    """Returns the errors of the document, and what the absent rows would have to show."""
    try:
        rows = parse(text)
    except ValueError as error:
        return [str(error)], []
    passed, failed = outcomes(groups)
    lines, left = [], []
    for row, (state, names) in rows.items():
        if state == "open" and names:
            lines.append(f"{row} is open, and yet names what shows it")
        if state != "open" and not names:
            lines.append(f"{row} is {state}, and nothing shows it")
        for name in names:
            if name in failed:
                lines.append(f"{row}: {name} failed")
            elif name not in passed:
                (left if is_absent(name, absent) else lines).append(f"{row}: {name} did not run and pass")
    return lines, left


def check_systems(text, groups, absent=()):
    """Returns the last group of `make test`: one case for the document, and one for each name that
    this run could not show."""
    group = Group("systems")
    lines, left = complaints(text, groups, absent)
    group.add("docs/systems.md", FAILED if lines else PASSED, "\n".join(lines))
    for line in left:
        group.add(line, SKIPPED, "its row rotates, and had no turn")
    return group
