"""The labs of the course, as the folders labs/NN-NAME/ describe them.

A folder holds lab.toml (what the lab is, what its skeleton scores), points.toml (what is graded),
handout.md, design.md, stubs/ (one file for each region, named as the region), and wrong/ (wrong
solutions, for the graders' own tests). The last two never reach a student.
"""

import os
import re
import tomllib
from dataclasses import dataclass, field

FOLDER = re.compile(r"(\d\d)-[a-z0-9-]+$")


@dataclass(frozen=True)
class Item:
    """One line of a points file. `tests` are ids of kernel tests; `outside` names what the grader
    looks at from outside of the machine (tools/lab/outside.py), at least `least` times."""

    name: str
    points: int
    what: str
    tests: tuple = ()
    reason: str = ""
    hidden: bool = False
    outside: str = ""
    least: int = 1
    cmdline: str = ""
    budget: int = 0
    answers: str = ""  # the group of written answers that must be right


@dataclass(frozen=True)
class Lab:
    """One lab."""

    number: int
    folder: str
    title: str
    cmdline: str
    skeleton_points: int
    hours: str
    difficulty: str
    reading: tuple
    header: str
    hidden_files: tuple
    items: tuple = field(default=())
    unwritten: tuple = ()  # regions that stay stubs when a submission is graded
    budget: int = 2_000_000_000  # guest instructions of one machine
    seed: str = ""  # of the questions, in a lab of written answers
    machine: bool = True  # items boot machines

    @property
    def total(self):
        """Returns the points that there are."""
        return sum(item.points for item in self.items)


def read_toml(path):
    """Returns the contents of a TOML file."""
    with open(path, "rb") as file:
        return tomllib.load(file)


def read_items(path):
    """Returns the items of a points file."""
    return tuple(Item(**{**item, "tests": tuple(item.get("tests", "").split())})
                 for item in read_toml(path)["item"])


def read_lab(folder):
    """Returns the lab of a folder."""
    said = read_toml(os.path.join(folder, "lab.toml"))
    for word in ("reading", "hidden_files", "unwritten"):
        said[word] = tuple(said.get(word, ()))
    return Lab(folder=folder, items=read_items(os.path.join(folder, "points.toml")), **said)


def labs(root):
    """Returns {number: Lab} of a tree."""
    top = os.path.join(root, "labs")
    names = sorted(name for name in os.listdir(top) if FOLDER.match(name)) \
        if os.path.isdir(top) else []
    found = [read_lab(os.path.join(top, name)) for name in names]
    return {lab.number: lab for lab in found}


def stub(lab, name):
    """Returns the stub of a region."""
    with open(os.path.join(lab.folder, "stubs", f"{name}.stub"), encoding="utf-8") as file:
        return file.read()
