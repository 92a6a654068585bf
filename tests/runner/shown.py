"""Commands that the book shows with what they print, in blocks marked as such:

    <!-- run -->
    ```
    stalactite> fault 2000
    ...
    ```

They are run, and what they print is compared by shape: numbers may be others. A line `...` stands for any lines.
The prompt says where a command is run: `stalactite> ` in the monitor, `stalactite$ ` in the shell, `$ ` here.
"""

import os
import re
from dataclasses import dataclass, field

BLOCK = re.compile(r"^<!-- run -->\n```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROMPTS = ("stalactite> ", "stalactite$ ", "$ ")
ANY = "..."


@dataclass
class Command:
    """One command of a chapter, and what the chapter shows of its output."""

    chapter: str
    prompt: str
    text: str
    shown: list = field(default_factory=list)


def of_text(text, chapter):
    """Returns the commands of a chapter's text. Raises ValueError for a block that does not begin with one."""
    found = []
    for block in BLOCK.findall(text):
        first = len(found)
        for line in block.splitlines():
            prompt = next((one for one in PROMPTS if line.startswith(one)), None)
            if prompt:
                found.append(Command(chapter, prompt, line[len(prompt):]))
            elif len(found) == first:
                raise ValueError(f"{chapter}: a block to be run begins with {line!r}, not with a command")
            else:
                found[-1].shown.append(line)
    return found


def of_book(root, prompt):
    """Returns the commands of all chapters that are typed at a prompt."""
    found = []
    for name in ["README.md", *(f"docs/{one}" for one in sorted(os.listdir(os.path.join(root, "docs"))))]:
        if name.endswith(".md"):
            with open(os.path.join(root, name), encoding="utf-8") as file:
                found += of_text(file.read(), name)
    return [command for command in found if command.prompt == prompt]


def shape(line):
    """Returns a line without what differs from run to run: numbers, times, maps of pages, and spaces."""
    line = re.sub(r"\[[#. c0-9]+\]", "[map]", line)
    line = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b", "0x", line)
    line = re.sub(r"\d[\d,.]*", "0", line)
    return re.sub(r"\s+", " ", line).strip()


def difference(shown, seen):
    """Returns "", or the first line that is shown and not seen, or seen and not shown."""
    wanted, lines, at = [shape(line) for line in shown], [shape(line) for line in seen], 0
    free = False
    for line in wanted:
        if line == ANY:
            free = True
            continue
        while free and at < len(lines) and lines[at] != line:
            at += 1
        if at >= len(lines) or lines[at] != line:
            return f"the book shows {line!r}, the command printed {lines[at] if at < len(lines) else 'no more'!r}"
        at, free = at + 1, False
    return "" if free or at == len(lines) else f"the command also printed {lines[at]!r}, which the book does not show"
