#!/usr/bin/env python3
"""Carries a student's work from one tree to another: to the next lab, or to an update of this one.

A student's tree remembers in lab/manifest.json how each file was when it was written. So what the
student changed is known: the bodies of regions, which move to the same regions of the new tree, other
changes, and new files. Where both the student and the new tree changed a file outside of regions, the
new one is kept, and the student's stands beside it with the ending .mine.

In a student's tree `make update NEW=dir` copies this tree's work into `dir`, a fresh tree of the
teachers.
"""

import hashlib
import json
import os
import sys
from dataclasses import dataclass, field

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import regions  # noqa: E402  # pylint: disable=wrong-import-position

MANIFEST = "lab/manifest.json"
OWN = ("lab/design.md", "lab/answers.toml", "lab/report.md")  # what students write in lab/
MADE = ("build", ".git", "__pycache__", "compile_commands.json", ".cache")


@dataclass
class Work:
    """What a student did in a tree."""

    bodies: dict = field(default_factory=dict)  # {region key: what the student wrote}
    changed: dict = field(default_factory=dict)  # {path: text}, outside of regions
    added: dict = field(default_factory=dict)  # {path: text}
    base: dict = field(default_factory=dict)  # {path: digest outside of regions}, as it was given


def outside_digest(path, text):
    """Returns a digest of a file's text outside of regions."""
    if path.endswith(regions.SUFFIXES):
        text = "".join(piece if isinstance(piece, str) else f"\0{piece.key}\0"
                       for piece in regions.pieces(text, path))
    return hashlib.sha256(text.encode()).hexdigest()


def body_digest(body):
    """Returns a digest of a region's body."""
    return hashlib.sha256(body.encode()).hexdigest()


def tree_texts(root):
    """Returns {path: text} of a student's tree, without what was built there, links and other data."""
    texts = {}
    for directory, below, names in os.walk(root):
        below[:] = [name for name in below if name not in MADE
                    and not os.path.islink(os.path.join(directory, name))]
        for name in names:
            path = os.path.join(directory, name)
            if name in MADE or os.path.islink(path) or not os.path.isfile(path):
                continue
            try:
                with open(path, encoding="utf-8", newline="") as file:
                    texts[os.path.relpath(path, root)] = file.read()
            except UnicodeDecodeError:
                continue
    return texts


def must_be_tree(root):
    """Raises FileNotFoundError if a folder is no tree of a lab."""
    if not os.path.isfile(os.path.join(root, MANIFEST)):
        raise FileNotFoundError(f"{root} is no tree of a lab: it has no {MANIFEST}")


def read_work(root):
    """Returns the Work in a student's tree. A manifest that lacks there is a reason to refuse."""
    must_be_tree(root)
    with open(os.path.join(root, MANIFEST), encoding="utf-8") as file:
        manifest = json.load(file)
    texts = tree_texts(root)
    texts.pop(MANIFEST, None)
    work = Work(base=manifest["files"])
    for key, (_, region) in regions.of_tree(texts).items():
        if manifest["regions"].get(f"{key[0]} {key[1]}") != body_digest(region.body):
            work.bodies[key] = region.body
    for path, text in texts.items():
        if path not in work.base:
            work.added[path] = text
        elif outside_digest(path, text) != work.base[path]:
            work.changed[path] = text
    return work


def merge(texts, work):
    """Puts the student's other changes and new files into the new tree's {path: text}. Returns notes."""
    notes = []
    for path, text in sorted(work.changed.items()):
        if path.startswith("lab/") and path not in OWN:
            notes.append(f"{path}: the change is not taken over")
        elif path in texts and outside_digest(path, texts[path]) == work.base[path]:
            texts[path] = text if path in OWN else \
                regions.replaced(text, {key: region.body for key, (_, region)
                                        in regions.of_tree({path: texts[path]}).items()}, path)
        else:
            texts[path + ".mine"] = text
            notes.append(f"{path}: changed in both trees outside of regions; yours is in {path}.mine")
    for path, text in sorted(work.added.items()):
        if path in texts:
            texts[path + ".mine"] = text
            notes.append(f"{path}: new in both trees; yours is in {path}.mine")
        else:
            texts[path] = text
    return notes


def write_manifest(out, texts, work=None):
    """Writes how each file and region of a new tree is. What the student wrote before is not in it, so
    that it is carried on again."""
    mine = work or Work()
    manifest = {"files": {path: outside_digest(path, text) for path, text in texts.items()
                          if path not in mine.added and not path.endswith(".mine")},
                "regions": {f"{key[0]} {key[1]}": body_digest(region.body)
                            for key, (_, region) in regions.of_tree(texts).items()
                            if key not in mine.bodies}}
    os.makedirs(os.path.join(out, "lab"), exist_ok=True)
    with open(os.path.join(out, MANIFEST), "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1, sort_keys=True)


def main(arguments):
    """Puts the work of one student's tree into a fresh one."""
    if len(arguments) != 2 or not arguments[1]:
        print("make update NEW=dir: dir is the fresh tree that your teachers gave you", file=sys.stderr)
        return 2
    mine, new = arguments
    try:
        must_be_tree(new)
        work, texts = read_work(mine), tree_texts(new)
    except FileNotFoundError as error:
        print(f"Nothing was taken over. {error}", file=sys.stderr)
        return 2
    texts.pop(MANIFEST, None)
    before = dict(texts)
    texts = {path: regions.replaced(text, work.bodies, path) if path.endswith(regions.SUFFIXES) else text
             for path, text in texts.items()}
    notes = merge(texts, work)
    for path, text in texts.items():
        if before.get(path) != text:
            target = os.path.join(new, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            notes.append(f"{path}: yours")
    print("\n".join(notes) or "There was nothing to take over.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
