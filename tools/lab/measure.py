"""Measures a lab by its own solution: lines to write, lines to read. And compiles its interface."""

import os
import subprocess

from . import leaks

READING_MOST = 1500
WRITE_LEAST, WRITE_MOST = 50, 300


def lines_to_write(regions):
    """Returns the lines of code of the solution: without blank lines and comments."""
    total = 0
    for path, region in regions:
        code = leaks.without_comments(path, region.body)
        total += sum(1 for line in code.splitlines() if line.strip())
    return total


def lines_to_read(root, reading):
    """Returns the lines of the reading list. An entry is a file, or FILE#HEADING: one section."""
    total = 0
    for entry in reading:
        name, _, heading = entry.partition("#")
        with open(os.path.join(root, name), encoding="utf-8") as file:
            lines = file.read().splitlines()
        total += len(section(lines, heading) if heading else lines)
    return total


def section(lines, heading):
    """Returns the lines of the section with this heading, up to the next one of its level or above."""
    for start, line in enumerate(lines):
        if line.startswith("#") and line.lstrip("# ").strip() == heading:
            level = len(line) - len(line.lstrip("#"))
            for end in range(start + 1, len(lines)):
                other = lines[end]
                if other.startswith("#") and len(other) - len(other.lstrip("#")) <= level:
                    return lines[start:end]
            return lines[start:]
    raise ValueError(f"there is no heading {heading!r}")


COMPILE = ("gcc", "-std=gnu11", "-ffreestanding", "-mcmodel=kernel", "-mno-red-zone", "-mgeneral-regs-only", "-fno-pic", "-Wall",
           "-Wextra", "-Werror", "-I.", "-fsyntax-only", "-x", "c")


def interface_complaints(root, lab):
    """Returns what the compiler says of a lab's interface: each function that it declares must be one of the
    tree's, with the same type."""
    if not lab.header:
        return []
    prefix = subprocess.run(["tools/find-compiler"], cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
    compiler, *flags = (*COMPILE, "-include", os.path.join(lab.folder, lab.header))
    done = subprocess.run([prefix.strip() + compiler, *flags, "/dev/null"], cwd=root,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return [f"lab {lab.number}: {lab.header} does not compile: {done.stdout.strip()}"] if done.returncode else []


def complaints(root, lab, regions):
    """Returns what is wrong with the size of a lab, given [(path, Region)] of what is to be written."""
    found = []
    write, read = lines_to_write(regions), lines_to_read(root, lab.reading)
    if lab.machine and not WRITE_LEAST <= write <= WRITE_MOST:
        found.append(f"lab {lab.number}: {write} lines to write, not {WRITE_LEAST} to {WRITE_MOST}")
    if read > READING_MOST:
        found.append(f"lab {lab.number}: {read} lines to read, more than {READING_MOST}")
    return found
