"""Defines a mutant: a change to the sources, and the test that must fail, where and how."""

import os
import re
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase

INVARIANTS = {
    "I1": "code on an entry stack never faults, and no entry destroys another's frame",
    "I2": "no event is pushed onto a page that may be missing, and none is lost",
    "I3": "the magazine covers the thread that runs, and both sides of a switch",
    "I4": "a stack has one hole, between what is backed and the guard",
    "I5": "the leaf entry is the truth about a page",
    "I6": "no frame is used again, and no address gets another frame, before its shootdown is "
          "acknowledged",
    "I7": "no frame is in a magazine and mapped; frames are conserved, and come zeroed",
    "I8": "no mapping is writable and executable; guards are unmapped",
    "I10": "a handle gives exactly its rights",
    "I11": "work comes in short sections and slices, and each job gets its turn",
}
THIRDS = 3
# Each mode's stack= and CPU model. The model matters for lent pages (docs/stack-modes.md).
MODES = {
    "fault": ("fault", "max"),
    "eager": ("eager", "max"),
    "lend-amd": ("lend", "max"),
    "lend-intel": ("lend", "max,vendor=GenuineIntel"),
    "prefault": ("prefault", "max"),
}
FAULT_AND_EAGER = ("fault", "eager")
FAULT_AND_LEND = ("fault", "lend-amd", "lend-intel")
BUT_EAGER = (*FAULT_AND_LEND, "prefault")
ALL_MODES = (*BUT_EAGER, "eager")


class Refused(Exception):
    """The mutant is invalid or survives. The text gives the reason."""


@dataclass(frozen=True)
class Place:
    """A build and a machine on which a mutant must be killed."""

    build: str
    mode: str
    cpus: int
    cmdline: str
    nodes: int

    @property
    def options(self):
        """Returns the kernel's command line without the tests."""
        return f"stack={MODES[self.mode][0]} {self.cmdline}".strip()

    @property
    def model(self):
        """Returns the CPU model."""
        return MODES[self.mode][1]

    def __str__(self):
        nodes = f" in {self.nodes} nodes" if self.nodes > 1 else ""
        return f"{self.build}, {self.cpus} CPU{'s' if self.cpus > 1 else ''}{nodes}, " \
            f"{self.mode} {self.cmdline}".strip()


@dataclass(frozen=True)
class Mutant:
    """One mutant. An edit is (file, old code, new code). The old code appears exactly once in its
    file; comments and white space do not count. `test` is the id of the test that must fail in each
    mode and build. `words` is a regular expression for the message of the test or its panic."""

    name: str
    invariant: str
    test: str
    words: str
    edits: tuple
    modes: tuple = ("fault",)
    builds: tuple = ("release",)
    cpus: int = 1
    cmdline: str = ""
    nodes: int = 1

    @property
    def places(self):
        """Returns each build and machine on which the mutant must be killed."""
        return [Place(build, mode, self.cpus, self.cmdline, self.nodes)
                for build in self.builds for mode in self.modes]

    @property
    def lives_in(self):
        """Returns the mutant's modes and builds in words."""
        return f"{'|'.join(self.modes)} {'|'.join(self.builds)}"


COMMENTS = {
    True: re.compile(r"""(;[^\n]*)|"[^"\n]*"|'[^'\n]*'"""),
    False: re.compile(r"""(//[^\n]*|/\*.*?\*/)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL),
}


def without_comments(path, text):
    """Returns the text with spaces for comments. The file's name decides between C and NASM."""
    pattern = COMMENTS[path.endswith((".asm", ".inc"))]
    return pattern.sub(lambda match: " " * len(match.group(0)) if match.group(1) else match.group(0),
                       text)


def places_of(path, text, old):
    """Returns the (start, end) of each place in the text that has the code `old`. Comments, line
    ends and the width of white space do not count."""
    words = [re.escape(word) for word in old.split()]
    pattern = re.compile(r"\s+".join(words))
    return [match.span() for match in pattern.finditer(without_comments(path, text))] if words else []


def edited(root, edits):
    """Returns the files that the edits change, with their new text."""
    texts = {}
    for path, old, new in edits:
        if path not in texts:
            try:
                with open(os.path.join(root, path), encoding="utf-8") as file:
                    texts[path] = file.read()
            except OSError as error:
                raise Refused(f"{path} cannot be read: {error.strerror}") from error
        places = places_of(path, texts[path], old)
        if len(places) != 1:
            raise Refused(f"{path} has its code {len(places)} times, not once: {old.strip()!r}")
        (start, end), = places
        texts[path] = texts[path][:start] + new.strip() + texts[path][end:]
    return texts


def apply_edits(root, edits):
    """Applies the edits to the files below `root`."""
    for path, text in edited(root, edits).items():
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def edits_complaints(root, mutants):
    """Returns complaints about mutants that no longer fit the sources."""
    found = []
    for mutant in mutants:
        try:
            edited(root, mutant.edits)
        except Refused as refused:
            found.append(f"{mutant.name}: {refused}")
    return found


def table_complaints(mutants):
    """Returns complaints about the table of mutants."""
    found = [f"{key} has no mutant" for key in INVARIANTS
             if not any(mutant.invariant == key for mutant in mutants)]
    found += [f"{mutant.name}: there is no {mutant.invariant}" for mutant in mutants
              if mutant.invariant not in INVARIANTS]
    found += [f"{mutant.name}: {mutant.test} is not the id of one test" for mutant in mutants
              if not re.fullmatch(r"[A-Z]{3}\d{4}", mutant.test)]
    found += [f"{mutant.name}: nothing says where or of what it dies" for mutant in mutants
              if not (mutant.modes and mutant.builds and mutant.words)]
    found += [f"{mutant.name}: there is no mode {mode}" for mutant in mutants
              for mode in mutant.modes if mode not in MODES]
    found += [f"{mutant.name}: a comment in the code that it changes in {path}" for mutant in mutants
              for path, *codes in mutant.edits
              if any(without_comments(path, code) != code for code in codes)]
    names = [mutant.name for mutant in mutants]
    return found + [f"{name} stands there twice" for name in sorted(set(names))
                    if names.count(name) > 1]


def choose(mutants, patterns="", third=None):
    """Returns mutants whose name or invariant matches, or every third one from `third` on."""
    chosen = mutants if third is None else mutants[third::THIRDS]
    return [mutant for mutant in chosen
            if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns.split(",")
                                   for name in (mutant.name, mutant.invariant))]


def _git_number(root, *arguments):
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True,
                              check=False)
        return int(done.stdout.strip())
    except (OSError, ValueError):
        return 0


def of_turn(mutants, turn):
    """Returns (third, part, mutants): a run of all tests tries every third one of a third, so nine
    commits in a row try all."""
    third, part = turn % THIRDS, turn // THIRDS % THIRDS
    return third, part, choose(mutants, third=third)[part::THIRDS]


def commit_turn(root):
    """Returns the number by which parts of the tests take turns, or 0 without git: it is the count of
    commits, so that the next commit has the next part. The day of the commit is added, so that the
    parts rotate in a shallow clone, too. A commit always has one number."""
    count = _git_number(root, "rev-list", "--count", "HEAD")
    day = _git_number(root, "log", "-1", "--format=%ct", "HEAD") // 86400
    return count + day
