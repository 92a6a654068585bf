"""Debuggers' knowledge of the kernel, shared by gdb (tools/debug/stalactite-gdb.py) and the walks
in Bochs (tools/debug/bochs_fault.py, tools/debug/bochs_lost.py)."""
