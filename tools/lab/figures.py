#!/usr/bin/env python3
"""Prints the figures of the coursework: `make labs-figures`.

What there is comes from the tree; docs/teaching.md has the first table, and a test compares. What the submissions
earned comes from the last `make labs-check` of each lab (build/labs/check.json); "?" was not graded since then.
"""

import json
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tests", "tools/check")]

from lab import check, course, measure, regions, write  # noqa: E402  # pylint: disable=wrong-import-position
from runner import shown  # noqa: E402  # pylint: disable=wrong-import-position
import tree  # noqa: E402  # pylint: disable=wrong-import-position


def names_of(lab):
    """Returns (wrong solutions, attacks) of a lab, by name."""
    names = [os.path.basename(path)[:-len(".toml")] for path in check.planted_paths(lab)]
    return [name for name in names if not name.startswith("attack")], [name for name in names if name.startswith("attack")]


def table(titles, rows):
    """Returns the lines of a table in Markdown."""
    first, *others = ["| " + " | ".join(map(str, row)) + " |" for row in (titles, *rows)]
    return [first, "|---" * len(titles) + "|", *others]


def regions_of(root):
    """Returns {key: (path, Region)} of all solutions."""
    return regions.of_tree(write.read_texts(root, [name for name in tree.files(root, *regions.SUFFIXES)
                                                   if write.is_given(name)]))


def of_tree(root):
    """Returns the lines of the table of what there is."""
    labs, found = course.labs(root), regions_of(root)
    rows = []
    for number, lab in labs.items():
        places = [place for key, place in found.items() if key[0] == number and key[1] not in lab.unwritten]
        wrong, attacks = names_of(lab)
        rows.append((number, measure.lines_to_write(places) if lab.machine else "a report" if lab.report else "answers",
                     f"{measure.lines_to_read(root, lab.reading):,}", lab.total,
                     f"{len(lab.items)}, {sum(item.hidden for item in lab.items)}",
                     sum(len(item.tests) for item in lab.items) or "-", len(wrong), len(attacks)))
    return table(("lab", "lines to write", "lines to read", "points", "items, hidden", "tests", "wrong solutions",
                  "attacks"), rows)


def of_check(labs, graded):
    """Returns the lines of the table of what was earned, given {lab: {name: what check.py noted}}."""
    rows, attack_rows = [], []
    for number, lab in labs.items():
        wrong, attacks = names_of(lab)
        said = {name: one for name, one in graded.get(str(number), {}).items()
                if name in ("solution", "skeleton", *wrong, *attacks)}
        tried = [name for name in wrong if name in said]
        caught = sum(said[name]["right"] and said[name]["earned"] < said[name]["total"] for name in tried)
        rows.append((number, *(f"{said[name]['earned']} of {said[name]['total']}" if name in said else "?"
                               for name in ("solution", "skeleton")), f"{caught} of {len(tried)}, {len(wrong)} there",
                     *(seconds_of(said, word) for word in ("seconds", "processor"))))
        attack_rows += [(number, name[len("attack-"):].replace("-", " "), said[name]["earned"] if name in said else "?")
                        for name in attacks]
    return [*table(("lab", "solution", "skeleton", "wrong solutions that lost just the right points",
                    "grading of the solution, longest", "of a processor"), rows),
            "", *table(("attack", "lab: earned"), of_attacks(attack_rows))]


def seconds_of(said, word):
    """Returns how long it took to grade the solution, and the submission that took longest, given what was noted."""
    taken = {name: one[word] for name, one in said.items() if word in one}
    longest = max(taken, key=taken.get, default="")
    return f"{taken['solution']:.0f} s, {taken[longest]:.0f} s ({longest})" if "solution" in taken else "?"


def of_attacks(found):
    """Returns a row for each attack, given (lab, attack, what it earned)."""
    names = dict.fromkeys(name for _, name, _ in found)
    return [(name, ", ".join(f"{number}: {earned}" for number, other, earned in found if other == name)) for name in names]


def of_book(root):
    """Returns a line about the book."""
    pages = os.path.join(root, "build", "book", "html")
    made = sum(name.endswith(".html") for _, _, names in os.walk(pages) for name in names)
    chapters = [name for name in tree.files(root, ".md") if re.match(r"docs/[^/]*\.md$", name)]
    commands = sum(len(shown.of_book(root, prompt)) for prompt in shown.PROMPTS)
    return f"The book has {len(chapters)} chapters, {made or '?'} pages with those of code, and {commands} commands that are run."


def main():
    """Prints all."""
    try:
        with open(check.record_path(ROOT), encoding="utf-8") as file:
            graded = json.load(file)
    except FileNotFoundError:
        graded = {}
    print("\n".join([*of_tree(ROOT), "", *of_check(course.labs(ROOT), graded), "", of_book(ROOT)]))


if __name__ == "__main__":
    main()
