"""Stalactite's commands for gdb: `help st` lists them. gdb loads this file by itself together with
a kernel, if it may (docs/debugging.md); else: source tools/debug/stalactite-gdb.py
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

# pylint: disable=wrong-import-position
from stalactite import gdb_commands, gdb_printers  # noqa: E402

gdb_commands.register_commands()
gdb_printers.register_printers(None)
