"""The build puts a copy of this beside each kernel.elf, under the name that gdb looks for:
kernel.elf-gdb.py. It loads Stalactite's commands from where they are kept."""

import os
import runpy

import gdb  # pylint: disable=import-error  # gdb's own


def commands_find(directory):
    """The path of stalactite-gdb.py, in the tree that the kernel was built in."""
    while True:
        path = os.path.join(directory, "tools", "debug", "stalactite-gdb.py")
        if os.path.exists(path):
            return path
        above = os.path.dirname(directory)
        if above == directory:
            raise gdb.GdbError("tools/debug/stalactite-gdb.py is nowhere above this kernel")
        directory = above


runpy.run_path(commands_find(os.path.dirname(os.path.realpath(gdb.current_objfile().filename))))
