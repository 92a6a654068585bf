"""The labs of the course, as the folders labs/NN-NAME/ describe them.

A folder holds lab.toml (what the lab is, what its skeleton scores), points.toml (what is graded),
handout.md, design.md, stubs/ (one file for each region, named as the region), and wrong/ (wrong
solutions, for the graders' own tests). The last two never reach a student, nor does labs/attacks/, which
has the attacks that every lab of code is tried with.
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
    death: str = ""  # words in which the kernel must end; the item has one test
    death_stack: int = -1  # the kind of entry stack on which it must end; 0: none; -1: any
    death_names: str = ""  # what the line must name as well: "rip", "address", of the last event
    fails: bool = False  # the tests must end with failed checks: the grader breaks the machine for them
    model: str = ""  # a Promela model that is searched; `tests` then name what must be found (tools/lab/model.py)
    answers: str = ""  # the group of written answers that must be right


@dataclass(frozen=True)
class Lab:
    """One lab."""

    number: int
    folder: str
    title: str
    cmdline: str
    hours: str
    difficulty: str
    reading: tuple
    header: str
    hidden_files: tuple
    items: tuple = field(default=())
    skeleton_points: int = 0  # what the untouched skeleton earns, by points.toml
    attacked: str = ""  # the region where attacks that all labs are tried with begin
    unwritten: tuple = ()  # regions that stay stubs when a submission is graded
    budget: int = 70_000_000  # guest instructions of one machine: at least twice what the solution takes
    needs: tuple = ()  # later labs whose solutions its tree has: without them nothing would run
    seed: str = ""  # of the questions, in a lab of written answers
    machine: bool = True  # items boot machines
    report: bool = False  # without machine: figures and a text, not answers of questions from a seed

    @property
    def total(self):
        """Returns the points that there are."""
        return sum(item.points for item in self.items)

    def budget_of(self, item):
        """Returns after how many instructions the machine of an item is taken for hung."""
        return item.budget or self.budget


def read_toml(path):
    """Returns the contents of a TOML file."""
    with open(path, "rb") as file:
        return tomllib.load(file)


def read_points(path):
    """Returns (items, what the untouched skeleton earns) of a points file."""
    said = read_toml(path)
    return tuple(Item(**{**item, "tests": tuple(item.get("tests", "").split())})
                 for item in said["item"]), said["skeleton"]


def read_lab(folder):
    """Returns the lab of a folder."""
    said = read_toml(os.path.join(folder, "lab.toml"))
    for word in ("reading", "hidden_files", "unwritten", "needs"):
        said[word] = tuple(said.get(word, ()))
    items, skeleton = read_points(os.path.join(folder, "points.toml"))
    return Lab(folder=folder, items=items, skeleton_points=skeleton, **said)


def labs(root):
    """Returns {number: Lab} of a tree."""
    top = os.path.join(root, "labs")
    names = sorted(name for name in os.listdir(top) if FOLDER.match(name)) \
        if os.path.isdir(top) else []
    found = [read_lab(os.path.join(top, name)) for name in names]
    return {lab.number: lab for lab in found}


def missing(root, number):
    """Returns "", or which labs there are if a tree has no lab of this number."""
    found = labs(root)
    return "" if number in found else f"there is no lab {number}; there are: {', '.join(map(str, found))}"


def stub(lab, name):
    """Returns the stub of a region."""
    with open(os.path.join(lab.folder, "stubs", f"{name}.stub"), encoding="utf-8") as file:
        return file.read()
