"""Tests `make trace`: each scenario's trace is whole, is decoded by the schema, and keeps the rules."""

import argparse
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "trace"))
import timeline as tracing  # noqa: E402  pylint: disable=wrong-import-position

EVENTS = 20  # thousands of events, so that a scenario is short


def trace_of(start, scenario, words="", instead=None):
    """Runs a scenario, or what the words `instead` say. Returns its recording and its Perfetto trace, checked,
    and the folded stacks."""
    kernel = start.paths.kernel("release")
    base = os.path.join(start.paths.row_directory(start.row.name), scenario)
    options = argparse.Namespace(cpu="qemu64", smp=2, mem=256, kernel=kernel,
                                 archive=start.paths.archive, words=words)
    said = tracing.run(options, instead or tracing.SCENARIOS[scenario][0], EVENTS, base + ".bin")
    assert re.search(r"trace: \d+ events written", said), said[-1000:]
    with open(base + ".bin", "rb") as file:
        recording, checker = tracing.convert(file.read(), os.path.dirname(kernel), base, scenario)
    assert not checker.complaints, checker.complaints[:5]
    with open(base + ".folded", encoding="utf-8") as file:
        return recording, checker, file.read()


def kinds(recording):
    """Returns which kinds of events there are."""
    return {event.kind for event in recording.events}


def check_idle(start):
    """the trace of an idle kernel is not about the thread that writes it, which sleeps ten ticks at a time"""
    recording, _, _ = trace_of(start, "idle")
    writer, = (thread for thread, name in recording.names.items() if name == "trace")
    wakes = [event for event in recording.events if event.kind == "WAKE" and event.thread == writer]
    seconds = recording.ns(recording.events[-1].tsc) / 1e9
    assert seconds > 5 and 10 * seconds < len(wakes) < 30 * seconds, f"{len(wakes)} in {seconds} s"


def check_demo(start):
    """the demonstration's trace has each fault with the path of calls to it; faults lead to refills, and
    shootdowns to the other CPU's answers"""
    recording, checker, folded = trace_of(start, "demo")
    assert {"FAULT", "PATH", "REFILL", "REFILL_END", "SWITCH", "WAKE"} <= kinds(recording)
    assert "trace" in recording.names.values()
    assert checker.flows_between("stack fault", "refill") > 10
    asked = sum(event.kind == "SHOOTDOWN_END" and event.a != 0 for event in recording.events)
    assert 0 < checker.flows_between("shootdown", "shootdown answered") <= asked
    assert re.search(r"^page 4;.*;diver_main;.*buffer_fill \d+$", folded, re.MULTILINE), folded


def check_lend(start):
    """with stack=lend a switch lends the pages and is traced, in both of its forms"""
    for words in ("stack=lend", "stack=lend cpus=1"):
        recording, _, _ = trace_of(start, "demo", words)
        assert {"SWITCH", "WAKE", "REFILL"} <= kinds(recording)


def check_prefault(start):
    """with stack=prefault, where sites lie below the jumps of a trace, the kernel boots and is traced"""
    recording, _, _ = trace_of(start, "demo", "stack=prefault")
    assert {"SWITCH", "WAKE"} <= kinds(recording)


def check_ipc(start):
    """calls between programs are spans that end, and their messages are flows"""
    recording, checker, _ = trace_of(start, "ipc")
    assert {"IPC", "IPC_END"} <= kinds(recording)
    assert len(checker.flows) > 1000
    begun, ended = (sum(event.kind == kind for event in recording.events) for kind in ("IPC", "IPC_END"))
    assert begun - ended < 20, f"{begun} calls began, {ended} ended"  # the last ones are under way


def check_swap(start):
    """each stack that is swapped out and comes back has a flow between the two"""
    recording, checker, _ = trace_of(start, "swap", instead="bench=swap_in")
    begun = sum(event.kind == "SWAP_IN" for event in recording.events)
    assert checker.flows_between("swapped out", "swap in") == begun > 100


def check_gate(start):
    """each thread that waits for memory and has it in the end has a flow to the run that ends its wait"""
    recording, checker, _ = trace_of(start, "gate", instead="test=GAT0002")
    ended = sum(event.kind == "GATE_WAIT_END" for event in recording.events)
    assert checker.flows_between("waits for memory", "") == ended > 10


def check_build(start):
    """trees of threads that create threads leave a whole trace with faults of many of them"""
    recording, checker, folded = trace_of(start, "build")
    assert len(recording.events) == EVENTS * 1000
    assert checker.flows_between("stack fault", "refill") > 10
    assert re.search(r"^page 2;.*;tree_node;", folded, re.MULTILINE), folded


def check_churn(start):
    """threads that are created and end on all CPUs leave a whole trace, which ends at its limit"""
    recording, _, _ = trace_of(start, "churn")
    assert len(recording.events) == EVENTS * 1000
    assert {event.cpu for event in recording.events} == {0, 1}


def check_watch(start):
    """make watch prints pictures where there is no terminal, and ends with the machine"""
    directory = start.paths.row_directory(start.row.name)
    done = subprocess.run(
        [sys.executable, os.path.join(ROOT, "tools", "trace", "watch.py"), "demo", "--kernel",
         start.paths.kernel("release"), "--archive", start.paths.archive, "--console",
         os.path.join(directory, "console.txt")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=start.row.limit_seconds)
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.search(r"\d+ stacks, \d+ pages of \d+ \(\d+ % saved\)", done.stdout), done.stdout
    assert re.search(r"^magazines  CPU 0 #+ \d+  CPU 1 #+ \d+   reserve 32$", done.stdout, re.MULTILINE)
    assert re.search(r"^([1-4a-ds][0-9a-f] ){19,}[1-4a-ds][0-9a-f]$", done.stdout, re.MULTILINE), done.stdout
    assert done.stdout.endswith("\nover\n"), done.stdout[-200:]


def read_until(master, wanted, seconds):
    """Reads a terminal's output until it has all of these patterns, and returns it."""
    seen, end = b"", time.monotonic() + seconds
    while not all(re.search(pattern, seen) for pattern in wanted):
        assert time.monotonic() < end, seen[-2000:]
        if select.select([master], [], [], 1)[0]:
            seen += os.read(master, 65536)
    return seen


def check_watch_terminal(start):
    """on a terminal make watch shows the stacks in place with their rates, and q leaves while the machine runs"""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 110, 0, 0))
    process = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, "tools", "trace", "watch.py"), "churn", "--kernel",
         start.paths.kernel("release"), "--archive", start.paths.archive, "--console",
         os.path.join(start.paths.row_directory(start.row.name), "console.txt")],
        stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm"})
    try:
        read_until(master, (rb"magazines", rb"CPU 0 #+ \d", rb"switch \d", rb"q leaves", rb"10 40 10"),
                   start.row.limit_seconds)
        os.write(master, b"q")
        end = time.monotonic() + start.row.limit_seconds
        while process.poll() is None and time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                os.read(master, 65536)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
