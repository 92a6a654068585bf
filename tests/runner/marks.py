"""How deep the entry stacks were used, as the suite prints it, beside what `make stack-bounds`
computed for the same kernel: a mark above its bound means that the computation is wrong.
"""

import json
import os
import re

LINE = re.compile(r"# entry stack high water: (.+)$")
FRED = "fred-"  # of the stacks that are used where events enter by FRED, and of no others
MARK = re.compile(r"([\w-]+) (\d+) of (\d+)$")


def read_bounds(path):
    """The bounds of one build by the name of the stack, or None if none were computed."""
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_marks(lines):
    """{name: (bytes, size)} from the kernel's line, the last one; empty if there is none."""
    marks = {}
    for line in lines:
        match = LINE.match(line)
        if match:
            found = [MARK.match(part) for part in match.group(1).split(", ")]
            marks = {one.group(1).lower(): (int(one.group(2)), int(one.group(3)))
                     for one in found if one}
    return marks


def compare(marks, bounds):
    """Returns (complaints, one line with each mark beside its bound). Only a run that did not panic
    prints marks, so it is the bound without a panic that holds."""
    if not marks:
        return ["the kernel printed no marks of its entry stacks"], ""
    complaints, words = [], []
    fred = any(name.startswith(FRED) for name in marks)
    bounds = {name: bound for name, bound in bounds.items() if name.startswith(FRED) == fred}
    for name, (mark, _) in marks.items():
        bound = bounds.get(name, {}).get("ordinary")
        if bound is None:
            if mark:
                complaints.append(f"{name}: {mark} bytes were used of a stack without a bound")
            continue
        words.append(f"{name} {mark} of {bound}")
        if mark > bound:
            complaints.append(f"{name}: {mark} bytes were used, and {bound} are the bound")
    for name in sorted(set(bounds) - set(marks)):
        if bounds[name].get("entry"):
            complaints.append(f"{name}: an entry stack without a mark")
    return complaints, "measured of computed bytes: " + ", ".join(words)
