"""Reads tools/build/stack_bounds.annotations, which holds facts that the compiler cannot know.

That file describes its grammar. Every annotation notes whether it was used, so that the program
refuses an annotation that is no longer needed.
"""

import re
from dataclasses import dataclass, field

WORDS = ("assembly", "indirect", "recursion", "end", "off", "off-ends", "excluded", "stack",
         "uncovered", "under", "address", "section")
ASSEMBLY = re.compile(r"(\S+):(\S+) (\d+)(?: calls (.+?))?(?: then (.+))?$")


class AnnotationError(Exception):
    """The file is not well formed. The text names the line."""


@dataclass
class Annotation:
    """One statement. `names` are functions or targets. `key` is the statement's subject."""

    word: str
    key: str
    names: list = field(default_factory=list)
    number: int = 0
    then: list = field(default_factory=list)
    reason: str = ""
    line: int = 0
    used: bool = False


class Annotations:
    """All statements of one file, by kind."""

    def __init__(self, statements=()):
        self.statements = list(statements)

    def of(self, word):
        """Returns the statements that begin with this word."""
        return [statement for statement in self.statements if statement.word == word]

    def find(self, word, key):
        """Returns the statement of this kind about `key` and notes it as used, or returns None."""
        for statement in self.of(word):
            if statement.key == key:
                statement.used = True
                return statement
        return None


def parse(text):
    """Reads the text of an annotation file."""
    statements = []
    for number, line in _logical_lines(text):
        word, _, rest = line.partition(" ")
        if word not in WORDS:
            raise AnnotationError(f"line {number}: there is no statement {word!r}")
        body, _, reason = (" " + rest).partition(" : ")
        statement = _statement(word, body.strip(), reason.strip())
        if statement is None:
            raise AnnotationError(f"line {number}: malformed: {line}")
        statement.line = number
        if any(other.word == word and other.key == statement.key for other in statements):
            raise AnnotationError(f"line {number}: a second {word} of {statement.key}")
        statements.append(statement)
    return Annotations(statements)


def _logical_lines(text):
    """Returns lines without comments. An indented line continues the line before it."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*", "", line).rstrip()
        if line[:1].isspace() and lines:
            lines[-1] = (lines[-1][0], lines[-1][1] + " " + line.strip())
        elif line:
            lines.append((number, line))
    return lines


def _statement(word, body, reason):
    """Returns the statement, or None if malformed. Only assembly and indirect need no reason."""
    if word == "assembly":
        match = ASSEMBLY.match(body)
        if match:
            path, label, number, calls, then = match.groups()
            return Annotation(word, f"{path}:{label}", (calls or "").split(), int(number),
                              (then or "").split(), reason)
    elif word == "indirect":
        key, _, targets = body.partition(" = ")
        if ":" in key and targets.split():
            key = key.strip()
            return Annotation(word, key.lstrip("?"), targets.split(), reason=reason,
                              used=key.startswith("?"))
    elif word == "recursion":
        match = re.match(r"(\S+) (\d+)$", body)
        if match and reason:
            return Annotation(word, match.group(1), [match.group(1)], int(match.group(2)),
                              reason=reason)
    elif word == "stack":
        match = re.match(r"(\S+) from (\S+) size (\S+)(?: room (\d+))?(?: (events))?$", body)
        if match and reason:
            name, root, size, room, events = match.groups()
            return Annotation(word, name, [root, size], int(room or 0), [events] if events else [],
                              reason=reason)
    elif word == "section":
        match = re.match(r"(\S+) from (.+) size (\S+)$", body)
        if match and reason:
            return Annotation(word, match.group(1), [*match.group(2).split(), match.group(3)],
                              reason=reason)
    elif word == "under":
        match = re.match(r"(\S+) never (.+)$", body)
        if match and reason:
            return Annotation(word, match.group(1), match.group(2).split(), reason=reason)
    elif word == "address":
        match = re.match(r"(\S+)(?: unless (\S+))?$", body)
        if match and reason:
            return Annotation(word, match.group(1), [match.group(2)] if match.group(2) else [],
                              reason=reason)
    elif word == "uncovered":
        return Annotation(word, reason, reason=reason, used=True)
    elif body and " " not in body and reason:
        return Annotation(word, body, [body], reason=reason)
    return None
