"""The state of all kernel stacks, kept up to date by the events of a trace as they arrive.

The kernel writes the rings of the CPUs in turn, and the ring of a busy CPU may be far behind the others.
So an event waits here until those of all CPUs have been seen up to its time: a picture shows the moment
that all rings have reached, and rates are of the guest time up to it.
"""

import heapq
from dataclasses import dataclass

from events import KINDS, RECORD, STATES, Event, TraceError

PAGES_MOST = 4
KIB = 1024
CELL = 3  # columns: pages, depth, a space
KEY = "cells: pages (a-d: 1-4, and it faulted now; s: swapped out), then KiB in use (hexadecimal)"
MAGAZINE_SHOWN = 16
RATES = ("SWITCH", "WAKE", "FAULT", "REFILL", "GATE_WAIT", "SHOOTDOWN", "SWAP_OUT", "SWAP_IN")


@dataclass
class Stack:
    """What is known of one thread's stack."""

    pages: int = 1
    used: int = 0         # bytes at the last switch or fault
    swapped: bool = False
    fault: int = -1       # the number of the picture in which it last faulted

    def cell(self, since):
        """Returns its cell. The first character is its pages, a letter if it faulted since a picture of this
        number (a is one page), s if it is swapped out; the second the whole KiB of it in use."""
        pages = min(self.pages, 9)
        first = "s" if self.swapped else "0abcdefghi"[pages] if self.fault >= since else str(pages)
        return first + f"{min(self.used // KIB, 15):x}"


class State:
    """All stacks, magazines and rates."""

    def __init__(self):
        self.hz, self.cpus, self.over, self.full = 0, 0, False, False
        self.first = self.now = 0
        self.stacks, self.running, self.magazines, self.reserve = {}, {}, {}, None
        self.picture, self.counts, self.shown, self.shown_at = 0, dict.fromkeys(RATES, 0), {}, 0
        self.said = ""  # the rates of the last picture
        self.totals = {"threads": 0, "pages filled": 0}
        self.rest = b""
        self.waiting, self.number = [], 0  # a heap of (time, number, event)
        self.reached = {}  # {cpu: the time up to which its events have been seen}

    def feed(self, data):
        """Takes bytes as they come from the port."""
        data = self.rest + data
        whole = len(data) - len(data) % RECORD.size
        self.rest = data[whole:]
        for tsc, kind, cpu, small, thread, a, b in RECORD.iter_unpack(data[:whole]):
            if kind not in KINDS:
                raise TraceError(f"there is no kind {kind}")
            self.take(Event(tsc, KINDS[kind], cpu, small, thread, a, b))
        self.catch_up()

    def take(self, event):
        """Takes an event in the order in which it was written."""
        if event.kind == "HEADER":
            self.apply(event)
            self.reached = dict.fromkeys(range(self.cpus), event.tsc)
        elif event.kind == "REACHED":
            for cpu in range(self.cpus):
                if event.a >> cpu & 1:
                    self.reached[cpu] = max(self.reached[cpu], event.tsc)
        else:
            heapq.heappush(self.waiting, (event.tsc, self.number, event))
            self.number += 1
            if event.kind == "END":
                self.reached = dict.fromkeys(self.reached, event.tsc)
            else:
                self.reached[event.cpu] = max(self.reached.get(event.cpu, 0), event.tsc)

    def catch_up(self):
        """Applies the events up to the time that all CPUs have reached."""
        limit = min(self.reached.values(), default=0)
        while self.waiting and self.waiting[0][0] <= limit:
            self.apply(heapq.heappop(self.waiting)[2])
        self.now = max(self.now, limit)

    def stack(self, thread):
        """Returns a thread's stack."""
        if thread not in self.stacks:
            self.totals["threads"] += 1
        return self.stacks.setdefault(thread, Stack())

    def apply(self, event):
        """Takes one event; all before it have been taken."""
        if event.kind == "HEADER":
            self.hz, self.cpus, self.first, self.now = event.a, event.b, event.tsc, event.tsc
            return
        if event.kind == "END":
            self.over, self.full = True, bool(event.small & 1)
            return
        self.now = max(self.now, event.tsc)
        if event.kind in self.counts:
            self.counts[event.kind] += 1
        handler = getattr(self, "on_" + event.kind.lower(), None)
        if handler:
            handler(event)

    def on_name(self, event):
        """A thread exists."""
        self.stack(event.thread)

    def on_switch(self, event):
        """A thread leaves a CPU, for good or for a while."""
        if STATES[event.small & 0xff] == "DEAD":
            self.stacks.pop(event.thread, None)
        else:
            left = self.stack(event.thread)
            left.pages, left.used = event.small >> 8, event.a >> 32
        self.running[event.cpu] = event.a & 0xffffffff
        self.magazines[event.cpu] = event.b

    def on_fault(self, event):
        """The thread that runs on this CPU goes deeper."""
        pages = event.small & 0xff
        self.totals["pages filled"] += pages
        self.magazines[event.cpu] = event.small >> 8
        if event.cpu in self.running:
            stack = self.stack(self.running[event.cpu])
            stack.pages, stack.used, stack.fault = stack.pages + pages, event.a, self.picture

    def on_refill_end(self, event):
        """A magazine was filled."""
        self.magazines[event.cpu], self.reserve = event.b & 0xffffffff, event.b >> 32

    def on_swap_out(self, event):
        """The swapper took pages."""
        stack = self.stack(event.thread)
        stack.pages, stack.swapped = max(0, stack.pages - event.a), bool(event.small)

    def on_swap_in_end(self, event):
        """They are back."""
        stack = self.stack(event.thread)
        stack.pages, stack.swapped = max(1, stack.pages), False

    def seconds(self):
        """Returns the guest time since the trace began."""
        return (self.now - self.first) / self.hz if self.hz else 0.0

    def rates(self):
        """Returns the events a second of guest time since the last picture, as text."""
        took = self.seconds() - self.shown_at
        parts = [f"{kind.lower()} {(count - self.shown.get(kind, 0)) / took:,.0f}"
                 for kind, count in self.counts.items() if took > 0 and count != self.shown.get(kind, 0)]
        return ", ".join(parts) or "nothing"

    def end(self):
        """Returns how the trace ended, in words."""
        if not self.over:
            return "the machine ended before its trace"
        return "over before the scenario, as a ring was full" if self.full else "over"

    def lines(self, width, height, begin=True):
        """Returns the picture as lines of text, and begins the next one; or shows the one that has begun in progress,
        with the rates of the last one and with what grew since that began."""
        if begin:
            self.said = self.rates()
        pages = sum(stack.pages for stack in self.stacks.values())
        whole = max(1, PAGES_MOST * len(self.stacks))
        deepest = max((stack.used for stack in self.stacks.values()), default=0)
        found = [f"{self.seconds():10.3f} s   {len(self.stacks)} stacks, {pages} pages of {whole} "
                 f"({100 - pages * 100 // whole} % saved), deepest {deepest} bytes",
                 "magazines  " + "  ".join(
                     f"CPU {cpu} {'#' * min(rounds, MAGAZINE_SHOWN)} {rounds}"
                     for cpu, rounds in sorted(self.magazines.items()))
                 + ("" if self.reserve is None else f"   reserve {self.reserve}"),
                 "a second   " + self.said]
        cells = [stack.cell(self.picture if begin else self.picture - 1) for _, stack in sorted(self.stacks.items())]
        columns = max(1, (width + 1) // CELL)
        rows = [" ".join(cells[at:at + columns]) for at in range(0, len(cells), columns)]
        room = max(1, height - len(found))
        found += rows[:room] if len(rows) <= room else rows[:room - 1] + [
            f"and {len(cells) - (room - 1) * columns} more"]
        if begin:
            self.picture, self.shown, self.shown_at = self.picture + 1, dict(self.counts), self.seconds()
        return found
