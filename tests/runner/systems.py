"""Compares docs/systems.md with the results: a row called done needs tests that passed."""

import re

from .result import FAILED, PASSED, Group

STATES = ("done", "partly", "open")
COLUMNS = 8
ROWS = [f"A{n}" for n in range(1, 26)] + [f"B{n}" for n in range(1, 11)]


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


def complaints(text, groups):
    """Returns the errors of the document, as lines."""
    try:
        rows = parse(text)
    except ValueError as error:
        return [str(error)]
    passed, failed = outcomes(groups)
    lines = []
    for row, (state, names) in rows.items():
        if state == "open" and names:
            lines.append(f"{row} is open, and yet names what shows it")
        if state != "open" and not names:
            lines.append(f"{row} is {state}, and nothing shows it")
        for name in names:
            if name in failed:
                lines.append(f"{row}: {name} failed")
            elif name not in passed:
                lines.append(f"{row}: {name} did not run and pass")
    return lines


def check_systems(text, groups):
    """Returns the last group of `make test`, with one case for the whole document."""
    group = Group("systems")
    lines = complaints(text, groups)
    group.add("docs/systems.md", FAILED if lines else PASSED, "\n".join(lines))
    return group
