"""What debuggers must know of the kernel: the same for gdb (tools/stalactite-gdb.py) and for the
walks in Bochs (tools/bochs_fault.py, tools/bochs_lost.py)."""
