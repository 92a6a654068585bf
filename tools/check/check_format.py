#!/usr/bin/env python3
"""Checks that C files have the format that clang-format gives them with .clang-format.

Debian 12 has clang-format 14 and Debian 13 has 19. The tree is written so that both accept it:
where they differ, mostly in macros with braces or casts, the code avoids the form or turns the
format off. Other major versions may differ elsewhere. With them the check compares nothing and is
skipped. `clang-format -i FILE...` repairs a file.
"""

import os
import re
import shutil
import subprocess

import tree

MAJORS = ("14", "19")


def find_tool():
    """Returns (path, major version) of the clang-format to use, or (None, "")."""
    found = []
    for name in ("clang-format", *(f"clang-format-{major}" for major in MAJORS)):
        path = shutil.which(name)
        if path:
            done = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True,
                                  check=False)
            match = re.search(r"version (\d+)", done.stdout)
            found.append((path, match.group(1) if match else "unknown"))
    return next((tool for tool in found if tool[1] in MAJORS), found[0] if found else (None, ""))


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    path, major = find_tool()
    if not path:
        tree.skip("clang-format is missing; Debian has it in the package clang-format")
    if major not in MAJORS:
        tree.skip(f"clang-format {major} is here; only {' and '.join(MAJORS)} are compared with,"
                  " because versions differ")
    names = tree.files(root, ".c", ".h")
    if not names:
        tree.finish([])
    done = subprocess.run([path, "--dry-run", "-Werror", "--ferror-limit=3", *names], cwd=root,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.findall(r"^(\S+?):(\d+):\d+: error: (.*)$", done.stdout, re.MULTILINE)
    complaints = [f"{os.path.relpath(os.path.join(root, name), root)}:{line}: {text}"
                  for name, line, text in found]
    if done.returncode and not complaints:
        complaints = [done.stdout]
    tree.finish(complaints)


if __name__ == "__main__":
    main()
