"""Stalactite's commands for gdb, which `help st` lists.

gdb loads this file together with a kernel, if it is allowed to (docs/debugging.md). Otherwise use:
source tools/debug/stalactite-gdb.py
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

# pylint: disable=wrong-import-position
from stalactite import gdb_commands, gdb_printers  # noqa: E402

gdb_commands.register_commands()
gdb_printers.register_printers(None)
