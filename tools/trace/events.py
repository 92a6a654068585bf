"""Reads the events that the kernel wrote to its second serial port.

arch/x86_64/cpu/trace.h describes them; the kinds are read from trace_list.h, and the states of a
thread from sched/core/thread.h, so there is no second list.
"""

import os
import re
import struct
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECORD = struct.Struct("<QBBHIQQ")
VERSION = 1


class TraceError(Exception):
    """The bytes are no whole trace."""


def source(*parts):
    """Returns the text of a file of the tree."""
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


KINDS = {int(number): name for number, name in
         re.findall(r"KIND\((\d+), (\w+),", source("arch", "x86_64", "cpu", "trace_list.h"))}
STATES = re.findall(r"THREAD_(\w+),", re.search(r"enum thread_state \{(.*?)\};", source(
    "sched", "core", "thread.h"), re.DOTALL)[1])


@dataclass
class Event:
    """One event."""

    tsc: int
    kind: str
    cpu: int
    small: int
    thread: int
    a: int
    b: int


@dataclass
class Recording:
    """A whole trace: its events in the order of time, and what its first and last event say."""

    tsc_hz: int
    cpus: int
    full: bool
    events: list
    names: dict  # {thread: name}

    def ns(self, tsc):
        """Returns the nanoseconds from the first event to a time."""
        return (tsc - self.events[0].tsc) * 10**9 // self.tsc_hz


def records(data):
    """Returns the events of the bytes, in the order in which they were written."""
    if len(data) % RECORD.size:
        raise TraceError(f"{len(data)} bytes: not a whole number of events")
    found = []
    for tsc, kind, cpu, small, thread, a, b in RECORD.iter_unpack(data):
        if kind not in KINDS:
            raise TraceError(f"event {len(found)}: there is no kind {kind}")
        found.append(Event(tsc, KINDS[kind], cpu, small, thread, a, b))
    return found


def name_part(event):
    """Returns the bytes of a name that an event has."""
    return struct.pack("<QQ", event.a, event.b).rstrip(b"\0").decode("ascii", "replace")


def read(data):
    """Returns the Recording that these bytes are. Raises TraceError if it is not whole, or if the clock
    of a CPU goes back."""
    found = records(data)
    if not found or found[0].kind != "HEADER" or found[-1].kind != "END":
        raise TraceError("the trace has no beginning or no end: did the kernel leave by exit=1?")
    head, end = found[0], found[-1]
    found = [event for event in found[1:-1] if event.kind != "REACHED"]  # for one who follows (live.py)
    if head.small != VERSION:
        raise TraceError(f"version {head.small} of the format, and this reads {VERSION}")
    if end.a != len(found) or not found:
        raise TraceError(f"{len(found)} events of {end.a}")
    last, names = {}, {}
    for event in found:
        if event.cpu >= head.b:
            raise TraceError(f"an event of CPU {event.cpu}, and there are {head.b}")
        if event.tsc < last.get(event.cpu, 0):
            raise TraceError(f"the clock of CPU {event.cpu} goes back at {event.tsc}")
        last[event.cpu] = event.tsc
        if event.kind == "NAME":
            before = names.get(event.thread, "") if event.small else ""
            names[event.thread] = before + name_part(event)
    found.sort(key=lambda event: event.tsc)  # stable: events of one CPU keep their order
    return Recording(head.a, head.b, bool(end.small & 1), found, names)
