"""Loads Stalactite's gdb commands for a kernel.

The build copies this file beside each kernel.elf as kernel.elf-gdb.py, the name that gdb loads."""

import os
import runpy

import gdb  # pylint: disable=import-error  # gdb's own


def commands_find(directory):
    """Returns the path of stalactite-gdb.py in the tree that built the kernel."""
    while True:
        path = os.path.join(directory, "tools", "debug", "stalactite-gdb.py")
        if os.path.exists(path):
            return path
        above = os.path.dirname(directory)
        if above == directory:
            raise gdb.GdbError("tools/debug/stalactite-gdb.py is nowhere above this kernel")
        directory = above


runpy.run_path(commands_find(os.path.dirname(os.path.realpath(gdb.current_objfile().filename))))
