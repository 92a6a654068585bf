"""What debuggers must know of the kernel: the same for gdb (tools/debug/stalactite-gdb.py) and for the
walks in Bochs (tools/debug/bochs_fault.py, tools/debug/bochs_lost.py)."""
