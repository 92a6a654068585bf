#!/usr/bin/env python3
"""Runs cppcheck over the kernel's C files.

False reports are listed, with the reason, in tools/check/cppcheck.suppressions or beside the line
as `cppcheck-suppress`.
"""

import os
import shutil
import subprocess

import tree

DIRECTORIES = ("lib/", "arch/", "boot/", "mm/", "sched/", "kernel/", "tests/")
OPTIONS = ("--enable=warning,portability", "--std=c11", "--platform=unix64", "--inline-suppr",
           "--quiet", "--error-exitcode=1", "-D__x86_64__=1", "-D__GNUC__=12", "-D__CPPCHECK__=1", "-I.",
           "--template={file}:{line}: {severity}: {message} [{id}]")


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    path = shutil.which("cppcheck")
    if not path:
        tree.skip("cppcheck is missing; Debian has it in the package cppcheck")
    names = [name for name in tree.files(root, ".c") if name.startswith(DIRECTORIES)]
    if not names:
        tree.finish([])
    command = [path, *OPTIONS, f"-j{os.cpu_count() or 1}"]
    suppressions = os.path.join(root, "tools", "check", "cppcheck.suppressions")
    if os.path.exists(suppressions):
        command.append(f"--suppressions-list={suppressions}")
    done = subprocess.run(command + names, cwd=root, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    tree.finish([line for line in done.stdout.splitlines() if line.strip()]
                or ([f"cppcheck ended with status {done.returncode}"] if done.returncode else []))


if __name__ == "__main__":
    main()
