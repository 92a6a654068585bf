"""Reads and replaces the regions of the sources that a lab takes out.

Two comments mark a region. They are comments of C or of NASM, so nothing else reads them:

    /* LAB 5 BEGIN pages-fill: fill the pages from the lowest backed one down to the touched one */
    ...
    /* LAB 5 END pages-fill */
"""

import re
from dataclasses import dataclass

BEGIN = re.compile(r"[ \t]*(?:/\*|;) LAB (\d+) BEGIN ([a-z0-9-]+): (.+?)(?: \*/)?[ \t]*$")
END = re.compile(r"[ \t]*(?:/\*|;) LAB (\d+) END ([a-z0-9-]+)(?: \*/)?[ \t]*$")
MARK = re.compile(r"(?:/\*|;)\s*LAB\b")
SUFFIXES = (".c", ".h", ".asm", ".inc", ".pml")


class Malformed(Exception):
    """Marks that do not fit together. The text says where."""


@dataclass(frozen=True)
class Region:
    """One region: its lab and name, what is to be written there, and the lines between the marks."""

    lab: int
    name: str
    hint: str
    body: str

    @property
    def key(self):
        """Returns what identifies the region in all trees."""
        return self.lab, self.name


def pieces(text, path="?"):
    """Yields the text in order: lines outside of regions as str, and each Region. The marks themselves
    are outside."""
    begin, body = None, []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        opened, closed = BEGIN.match(line.rstrip("\n")), END.match(line.rstrip("\n"))
        if opened and begin:
            raise Malformed(f"{path}:{number}: a region begins inside {begin.group(2)}")
        if closed and (not begin or closed.groups() != begin.groups()[:2]):
            raise Malformed(f"{path}:{number}: nothing ends here with this lab and name")
        if not opened and not closed and MARK.match(line.strip()):
            raise Malformed(f"{path}:{number}: a mark that is neither BEGIN with a hint nor END")
        if closed:
            yield Region(int(begin.group(1)), begin.group(2), begin.group(3), "".join(body))
            begin, body = None, []
        if begin:
            body.append(line)
        else:
            yield line
        if opened:
            begin = opened
    if begin:
        raise Malformed(f"{path}: the region {begin.group(2)} does not end")


def find(text, path="?"):
    """Returns the regions of a text, in order."""
    return [piece for piece in pieces(text, path) if isinstance(piece, Region)]


def replaced(text, bodies, path="?"):
    """Returns the text with other bodies for the regions whose keys are in `bodies`."""
    return "".join(piece if isinstance(piece, str) else bodies.get(piece.key, piece.body)
                   for piece in pieces(text, path))


def of_tree(texts):
    """Returns {key: (path, Region)} of {path: text}. A key stands once in a tree."""
    found = {}
    for path, text in texts.items():
        if path.endswith(SUFFIXES) and " LAB " in text:
            for region in find(text, path):
                if region.key in found:
                    raise Malformed(f"{path}: lab {region.lab} has two regions {region.name}")
                found[region.key] = (path, region)
    return found
