"""Builds the kernels of rows that use another compiler.

Such a kernel is built in a copy of the tree, because a build directory holds the output of one
compiler only.
"""

import os
import shutil

from .paths import Paths

# Paths below the root that no build needs. The last two appear and vanish while other tests run.
NOT_COPIED = (".git", "build", "docs", "tests/host", "tests/self", "compile_commands.json",
              "compile_commands.json.new")


def copy_sources(root, target):
    """Copies the sources and keeps their times, so that make rebuilds only changed files."""
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
    """Returns the reason why this row's kernel cannot be built here, or ""."""
    if row.compiler and not shutil.which(row.compiler):
        return f"{row.compiler} is missing; Debian has it in the package {row.compiler}"
    return ""


def paths_for(paths, row):
    """Returns the row's paths: these ones, or those of the tree's copy for its compiler."""
    if not row.compiler:
        return paths
    target = os.path.join(paths.build, "compiler", row.compiler)
    copy_sources(paths.root, target)
    # CI= turns warnings into errors. Warnings of a rarely used compiler do not count as failures.
    words = [word for word in paths.words if not word.startswith(("CI=", "CC="))]
    private = Paths(target, jobs=paths.jobs, words=[*words, f"CC={row.compiler}"])
    private.results, private.qemu, private.bochs = paths.results, paths.qemu, paths.bochs
    private.make_files([private.kernel(row.build), private.archive])
    return private
