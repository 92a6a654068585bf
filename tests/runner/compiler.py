"""Rows whose kernel another compiler builds: in a copy of the tree, since a build directory holds what
one compiler made.
"""

import os
import shutil

from .paths import Paths

# Paths below the root that no kernel is built from. The last two come and go while other tests run.
NOT_COPIED = (".git", "build", "docs", "tests/host", "tests/self", "compile_commands.json",
              "compile_commands.json.new")


def copy_sources(root, target):
    """Copies what a kernel is built from, with its times, so that make builds only what changed."""
    left_out = {os.path.join(root, name) for name in NOT_COPIED}
    os.makedirs(target, exist_ok=True)
    for name in os.listdir(target):
        path = os.path.join(target, name)
        if name != "build":
            (shutil.rmtree if os.path.isdir(path) else os.unlink)(path)
    shutil.copytree(root, target, symlinks=True, dirs_exist_ok=True,
                    ignore=lambda directory, names: [
                        name for name in names
                        if name == "__pycache__" or os.path.join(directory, name) in left_out])


def why_not(row):
    """Why this row's kernel cannot be built here, or ""."""
    if row.compiler and not shutil.which(row.compiler):
        return f"{row.compiler} is missing; Debian has it in the package {row.compiler}"
    return ""


def paths_for(paths, row):
    """Where the row's kernel lies: here, or in a copy of the tree that its compiler builds."""
    if not row.compiler:
        return paths
    target = os.path.join(paths.build, "compiler", row.compiler)
    copy_sources(paths.root, target)
    # CI= makes warnings errors; those of a compiler that few use are no failure.
    words = [word for word in paths.words if not word.startswith(("CI=", "CC="))]
    private = Paths(target, jobs=paths.jobs, words=[*words, f"CC={row.compiler}"])
    private.results, private.qemu, private.bochs = paths.results, paths.qemu, paths.bochs
    private.make_files([private.kernel(row.build)])
    return private
