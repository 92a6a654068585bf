"""What the submissions of each lab earned in the last `make labs-check`, as labs/checked.json remembers it.

`make labs-record` writes that file from build/labs/check.json, and the tables of docs/teaching.md with it
(tools/lab/figures.py). A lab counts as checked while its points, stubs and planted submissions are as they were then.
A change of the kernel, its tests or the graders does not unmark it: the row `labs` grades some of each lab by turns,
and compares that with the file.
"""

import hashlib
import json
import os

NAME = os.path.join("labs", "checked.json")
LAB_FILES = ("points.toml", "stubs", "wrong", "report.md", "solution.md")


def files_below(path):
    """Returns the files of a folder, or the file itself, in order."""
    if not os.path.isdir(path):
        return [path] * os.path.exists(path)
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)


def digest_of(lab):
    """Returns a digest of a lab's points, stubs, planted submissions, and the settings that grading depends on."""
    labs = os.path.dirname(lab.folder)
    paths = [path for name in LAB_FILES for path in files_below(os.path.join(lab.folder, name))]
    paths += files_below(os.path.join(labs, "attacks")) if lab.attacked else []
    said = hashlib.sha256(repr((lab.cmdline, lab.budget, lab.unwritten, lab.needs, lab.seed, lab.attacked)).encode())
    for path in paths:
        with open(path, "rb") as file:
            said.update(os.path.relpath(path, labs).encode() + b"\0" + file.read() + b"\0")
    return said.hexdigest()[:16]


def read(root, labs):
    """Returns {number: {"earned": {submission: points}, "otherwise": submissions that did not earn what their files
    say}} of the labs that are as they were when they were checked."""
    try:
        with open(os.path.join(root, NAME), encoding="utf-8") as file:
            said = json.load(file)
    except FileNotFoundError:
        return {}
    return {int(number): one for number, one in said.items()
            if int(number) in labs and one["digest"] == digest_of(labs[int(number)])}


def of_check(lab, graded, names):
    """Returns what the file has of one lab, given {submission: what check.py noted}; or None if a submission of
    `names` was not graded since the lab changed."""
    digest = digest_of(lab)
    fresh = {name: graded[name] for name in names if graded.get(name, {}).get("digest") == digest}
    if set(fresh) != set(names):
        return None
    return {"digest": digest, "earned": {name: one["earned"] for name, one in fresh.items()},
            "otherwise": [name for name, one in fresh.items() if not one["right"]]}


def write(root, found):
    """Writes what of_check() found, {number: what the file has of a lab}. Other labs stay as they are there."""
    path, said = os.path.join(root, NAME), {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
    said.update({str(number): one for number, one in found.items()})
    with open(path, "w", encoding="utf-8") as file:
        json.dump(dict(sorted(said.items(), key=lambda one: int(one[0]))), file, indent=1)
        file.write("\n")
