#!/usr/bin/env python3
"""Prints the figures of the coursework: `make labs-figures`. With --record, `make labs-record`, it writes two tables.

What there is comes from the tree, what was earned from labs/checked.json (tools/lab/checked.py). Those two tables
are in docs/teaching.md, and a test compares. What gradings took comes from the last `make labs-check` of each lab
(build/labs/check.json). "?" was not graded since the lab changed.
"""

import argparse
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tests", "tools/check")]

from lab import check, checked, course, measure, regions, write  # noqa: E402  # pylint: disable=wrong-import-position
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
    """Returns the lines of the table of labs."""
    labs, found = course.labs(root), regions_of(root)
    rows, earned = [], checked.read(root, labs)
    for number, lab in labs.items():
        places = [place for key, place in found.items() if key[0] == number and key[1] not in lab.unwritten]
        rows.append((number, measure.lines_to_write(places) if lab.machine else "a report" if lab.report else "answers",
                     f"{measure.lines_to_read(root, lab.reading):,}", lab.total,
                     f"{len(lab.items)}, {sum(item.hidden for item in lab.items)}",
                     f"{sum(len(item.tests) for item in lab.items)}, "
                     f"{sum(len(item.tests) for item in lab.items if item.hidden)}" if lab.machine else "-",
                     *earned_of(lab, earned.get(number))))
    return table(("lab", "lines to write", "lines to read", "points", "items, hidden", "tests, hidden", "solution",
                  "skeleton", "wrong solutions caught", "attacks"), rows)


def earned_of(lab, said):
    """Returns the cells of what was earned, given what labs/checked.json has of a lab, or None. A wrong solution is
    caught if it lost points, and just those that its file names."""
    wrong, attacks = names_of(lab)
    if said is None:
        return "?", "?", f"? of {len(wrong)}", len(attacks)
    caught = [name for name in wrong if name not in said["otherwise"] and said["earned"][name] < lab.total]
    return said["earned"]["solution"], said["earned"]["skeleton"], f"{len(caught)} of {len(wrong)}", len(attacks)


def of_attacks(root):
    """Returns the lines of the table of attacks, and what each earned in which lab."""
    labs = course.labs(root)
    said = checked.read(root, labs)
    found = {}
    for number, lab in labs.items():
        for name in names_of(lab)[1]:
            earned = said[number]["earned"][name] if number in said else "?"
            found.setdefault(name[len("attack-"):].replace("-", " "), {}).setdefault(earned, []).append(str(number))
    return table(("attack", "earned, in labs"), [
        (name, "; ".join(f"{earned} in {', '.join(numbers)}" for earned, numbers in by.items()))
        for name, by in sorted(found.items())])


def of_check(labs, graded):
    """Returns the lines of the table of what gradings took, given {lab: {name: what check.py noted}}."""
    rows = []
    for number, lab in labs.items():
        said = {name: one for name, one in graded.get(str(number), {}).items()
                if name in submissions_of(lab) and one.get("digest") == checked.digest_of(lab)}
        rows.append((number, f"{len(said)} of {len(submissions_of(lab))}",
                     *(seconds_of(said, word) for word in ("seconds", "processor"))))
    return table(("lab", "graded", "the solution, longest", "of a processor"), rows)


def submissions_of(lab):
    """Returns the names of all submissions that a lab is checked with."""
    wrong, attacks = names_of(lab)
    return ["solution", "skeleton", *wrong, *attacks]


def seconds_of(said, word):
    """Returns how long it took to grade the solution, and the submission that took longest, given what was noted."""
    taken = {name: one[word] for name, one in said.items() if word in one}
    longest = max(taken, key=taken.get, default="")
    return f"{taken['solution']:.0f} s, {taken[longest]:.0f} s ({longest})" if "solution" in taken else "?"


def of_book(root):
    """Returns a line about the book."""
    pages = os.path.join(root, "build", "book", "html")
    made = sum(name.endswith(".html") for _, _, names in os.walk(pages) for name in names)
    chapters = [name for name in tree.files(root, ".md") if re.match(r"docs/[^/]*\.md$", name)]
    commands = sum(len(shown.of_book(root, prompt)) for prompt in shown.PROMPTS)
    return f"The book has {len(chapters)} chapters, {made or '?'} pages with those of code, and {commands} commands that are run."


def with_tables(text, tables):
    """Returns a chapter's text with these tables in place of those whose heads begin with the same two cells. Raises
    ValueError if there is not one of each."""
    for made in tables:
        head = re.match(r"(\|[^|]*){2}\|", made[0]).group()
        old = re.findall(rf"^{re.escape(head)}.*\n(?:\|.*\n)*", text, re.MULTILINE)
        if len(old) != 1:
            raise ValueError(f"the chapter has {len(old)} tables that begin with {head}, not one")
        text = text.replace(old[0], "\n".join(made) + "\n")
    return text


def record(root):
    """Writes what the last `make labs-check` saw to labs/checked.json and docs/teaching.md. Returns the numbers of
    labs whose record is not of now, because a submission was not graded since the lab changed."""
    labs, graded = course.labs(root), check.noted(root)
    found = {number: checked.of_check(lab, graded.get(str(number), {}), submissions_of(lab))
             for number, lab in labs.items()}
    checked.write(root, {number: one for number, one in found.items() if one})
    chapter = os.path.join(root, "docs", "teaching.md")
    with open(chapter, encoding="utf-8") as file:
        text = file.read()
    with open(chapter, "w", encoding="utf-8") as file:
        file.write(with_tables(text, (of_tree(root), of_attacks(root))))
    return sorted(set(labs) - set(checked.read(root, labs)))


def main(arguments=None):
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--record", action="store_true", help="write labs/checked.json and the tables of the book")
    if parser.parse_args(arguments).record:
        missing = record(ROOT)
        print(f"Not graded since they changed: labs {', '.join(map(str, missing))}; make labs-check N= does it"
              if missing else "All labs are as they were graded.")
        return
    print("\n".join([*of_tree(ROOT), "", *of_attacks(ROOT), "", *of_check(course.labs(ROOT), check.noted(ROOT)), "",
                     of_book(ROOT)]))


if __name__ == "__main__":
    main()
