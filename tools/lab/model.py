"""Searches a Promela model that a student completed.

The whole search must be exhaustive and find nothing. Then, for each macro of the item, a search of the model with
that macro must find what the macro asks for: otherwise a model in which nothing happens would be right. Properties
are asserted by the given part of the model, so the student's text cannot leave them out.
"""

import os
import re
import shutil
import subprocess
import tempfile

from . import regions, result

MOST_SECONDS, MEMORY_MIB, DEPTH = 300, 1024, 2_000_000
FOUND = "was_reached"
# These would run code of the submission here, on the grader's machine.
FORBIDDEN = re.compile(r"\bc_(?:code|expr|decl|track|state)\b|^\s*#\s*(?!define\s+may_try_again\b)\w+", re.MULTILINE)


class Unusable(Exception):
    """The model cannot be searched. The text says why."""


def run(command, directory):
    """Runs a command and returns its output."""
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Unusable(f"{command[0]}: not over after {MOST_SECONDS} seconds: the model has too many states") from None
    except OSError:
        raise Unusable(f"{command[0]} is not installed (Debian: apt install spin gcc)") from None
    if done.returncode:
        raise Unusable(f"{command[0]}: " + " / ".join(done.stdout.strip().splitlines()[:3]))
    return done.stdout


def search(path, macro):
    """Returns the assertion that a search broke, or "". Raises Unusable if the search proves nothing."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(path, directory)
        name = os.path.basename(path)
        said = run(["spin", "-a", *([f"-D{macro}"] if macro else []), name], directory)
        if "error" in said.lower():
            raise Unusable("spin: " + " / ".join(said.strip().splitlines()[:3]))
        run(["gcc", "-w", "-O0" if macro else "-O1", "-DSAFETY", f"-DMEMLIM={MEMORY_MIB}", "-o", "pan", "pan.c"], directory)
        said = run(["./pan", f"-m{DEPTH}"], directory)
        broken = re.search(r"^pan:\d+: (?:assertion violated )?(.*?)(?: \(at depth|$)", said, re.MULTILINE)
        if broken:
            return broken.group(1)
        if "errors: 0" not in said or "Search not completed" in said or "max search depth too small" in said:
            raise Unusable("pan: the search is not complete")
        return ""


def judge(item, paths):
    """Returns what the model of an item earned."""
    path, why = os.path.join(paths.root, item.model), []
    try:
        with open(path, encoding="utf-8") as file:
            for region in regions.find(file.read(), path):
                if FORBIDDEN.search(region.body):
                    raise Unusable(f"{region.name} has C code or a directive, which is not allowed there")
        broken = search(path, "")
        if broken:
            why.append(f"expected: no assertion fails in any state; seen: {broken} fails")
        for macro in item.tests if not broken else ():
            found = search(path, macro)
            if FOUND not in found:
                why.append(f"{macro}: expected: it can happen; seen: {found or 'it happens in no state'}")
    except Unusable as reason:
        why.append(str(reason))
    return result.ItemResult(item.name, item.what, item.points, 0 if why else item.points, item.hidden, why,
                             item.reason if why else "", f"make grade ITEM={item.name}")
