"""Compares the measured depth of stacks with their computed bounds.

The suite prints how deep each stack was used (its mark). `make stack-bounds` computes the bounds
for the same kernel. A mark above its bound means that the computation is wrong. The deepest marks
of each build are stored beside its kernel, where `make stack-bounds` finds them.
"""

import hashlib
import json
import os
import re
import threading

LINE = re.compile(r"# (entry|thread) stack high water: (.+)$")
FRED = "fred-"  # prefix of the stacks that only FRED uses
THREAD = "thread "  # prefix of threads' names; all threads' stacks share one bound
MARK = re.compile(r"(.+) (\d+) of (\d+)$")
FILE = "stack-marks.json"
_lock = threading.Lock()


def read_bounds(path):
    """Returns a build's bounds by the name of the stack, or None if there are none."""
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_marks(lines):
    """Returns {name: (bytes, size)} from the kernel's lines. The last line of a name counts."""
    found = {}
    for line in lines:
        match = LINE.match(line)
        if match:
            parts = [MARK.match(part) for part in match.group(2).split(", ")]
            before = THREAD if match.group(1) == "thread" else ""
            found[match.group(1)] = {
                before + (one.group(1) if before else one.group(1).lower()):
                (int(one.group(2)), int(one.group(3))) for one in parts if one}
    return {name: mark for marks in found.values() for name, mark in marks.items()}


def compare(marks, bounds):
    """Returns (complaints, one line with each mark beside its bound). Only a run without a panic
    prints marks, so the bound without a panic applies."""
    if not marks:
        return ["the kernel printed no marks of its stacks"], ""
    complaints, words = [], []
    fred = any(name.startswith(FRED) for name in marks)
    bounds = {name: bound for name, bound in bounds.items() if name.startswith(FRED) == fred
              or not bound.get("entry")}
    for name, (mark, _) in marks.items():
        thread = name.startswith(THREAD)
        bound = bounds.get(THREAD.strip() if thread else name, {}).get("ordinary")
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
    if THREAD.strip() in bounds and not any(name.startswith(THREAD) for name in marks):
        complaints.append("the kernel printed no marks of its threads' stacks")
    return complaints, "measured of computed bytes: " + ", ".join(words)


def digest(kernel):
    """Returns a digest that identifies a kernel."""
    with open(kernel, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def record(kernel, marks):
    """Stores the deepest marks of all runs of this kernel in a file beside it."""
    path = os.path.join(os.path.dirname(kernel), FILE)
    with _lock:
        kept, own = {}, digest(kernel)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
        if kept.get("kernel") != own:
            kept = {"kernel": own, "runs": 0, "marks": {}}
        kept["runs"] += 1
        for name, (mark, _) in marks.items():
            kept["marks"][name] = max(mark, kept["marks"].get(name, 0))
        with open(path, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
            file.write("\n")
