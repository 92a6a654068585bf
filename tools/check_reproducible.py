#!/usr/bin/env python3
"""Builds kernel and ISO twice, in two directories of different names and at different times of the
file system, and compares them byte by byte.
"""

import os
import shutil
import subprocess
import tempfile

import tree

RESULTS = ("build/kernel.elf", "build/stalactite.iso")
TOOLS = (("nasm", "nasm"), ("xorriso", "xorriso"), ("mformat", "mtools"),
         ("grub-mkimage", "grub-common"))


def build(root, copy):
    """Copies the tree's own files and builds them; returns complaints."""
    for name in tree.files(root):
        target = os.path.join(copy, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.join(root, name), target)
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("MAKE", "MFLAGS")) and key not in ("CMDLINE", "ISO",
                                                                             "VARIANT")}
    done = subprocess.run(["make", f"-j{os.cpu_count() or 1}", "kernel", "iso"], cwd=copy,
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        return ["the build failed:", *done.stdout.splitlines()[-15:]]
    return [f"{name} was not built" for name in RESULTS
            if not os.path.exists(os.path.join(copy, name))]


def compare(first, second):
    """Complaints about results that differ."""
    complaints = []
    for name in RESULTS:
        with open(os.path.join(first, name), "rb") as one, \
                open(os.path.join(second, name), "rb") as other:
            one_data, other_data = one.read(), other.read()
        if one_data != other_data:
            place = next((i for i, pair in enumerate(zip(one_data, other_data))
                          if pair[0] != pair[1]), min(len(one_data), len(other_data)))
            complaints.append(f"{name} differs between two builds, first at byte {place:#x}")
    return complaints


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    for tool, package in TOOLS:
        if not shutil.which(tool):
            tree.skip(f"{tool} is missing; Debian has it in the package {package}")
    with tempfile.TemporaryDirectory(prefix="stalactite-") as directory:
        first = os.path.join(directory, "one")
        second = os.path.join(directory, "another", "place")
        complaints = build(root, first) or build(root, second) or compare(first, second)
    tree.finish(complaints)


if __name__ == "__main__":
    main()
