"""Tests a machine check that is broadcast to all processors, including unused ones. Each must
accept it. Otherwise the machine shuts down without a message."""

import re
import time

BROADCAST = "mce -b 0 9 0xbd00000000000000 0x4 0 0"
CR4_MCE = 1 << 6
CPUS = 4


def monitor_command(qmp, text):
    return qmp.execute("human-monitor-command", **{"command-line": text})


def cr4_values(qmp):
    """Returns CR4 of each processor."""
    values = [int(value, 16) for value in
              re.findall(r"CR4=([0-9a-f]+)", monitor_command(qmp, "info registers -a"))]
    assert len(values) == CPUS, values
    return values


def check_broadcast(start):
    """with two of four processors in use all four have CR4.MCE, and a broadcast check is a panic"""
    machine = start(cmdline="cpus=2 monitor=1 panic=exit", cpus=CPUS)
    machine.wait_prompt()
    qmp = machine.qmp()
    end = time.monotonic() + machine.row.limit_seconds
    values = cr4_values(qmp)
    while not all(value & CR4_MCE for value in values) and time.monotonic() < end:
        time.sleep(0.1)  # the host may not have run a parked processor yet
        values = cr4_values(qmp)
    assert all(value & CR4_MCE for value in values), [hex(value) for value in values]
    answer = qmp.execute_last("human-monitor-command", **{"command-line": BROADCAST})
    assert not answer, answer
    machine.expect(r"PANIC: #MC machine check in the kernel at 0x")
    assert machine.wait_end(machine.row.limit_seconds) == 37
