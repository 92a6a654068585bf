"""Makes spans, instants, counters and flows of a recording: what happened on which track.

Each CPU has a track, whose spans are the threads that it ran, one after the other; inside of them
lie refills of its magazine, stack faults and pages that are brought back. Each thread has a track
with its message calls, shootdowns, and the times when it did not run. A flow leads from each cause to
its effect, on another track or later:

- from a wake-up to the next run of the thread that was woken; so does the message of a fast call,
  which switches to the other thread directly
- from a stack fault to the refill after which the magazine is as full as it was before the fault
- from the time when a thread begins to wait for memory to the run with which that ends
- from where the live bytes of a stack are swapped out to where they are brought back
- from a shootdown to the answer of each other CPU to the round that this thread's CPU ran
"""

from dataclasses import dataclass, field

from events import STATES

ON_FAST_PATH = 256


@dataclass
class Item:
    """A begin, end, instant or counter value on a track."""

    ns: int
    track: tuple  # ("cpu", n), ("thread", id), ("reserve", 0) or (..., a counter)
    kind: str     # begin, end, instant, counter
    name: str = ""
    value: int = 0
    notes: dict = field(default_factory=dict)
    starts: list = field(default_factory=list)  # flows
    ends: list = field(default_factory=list)


class Model:
    """The items of a recording, in the order of time."""

    def __init__(self, recording, calls):
        self.recording, self.calls = recording, calls
        self.items, self.open = [], {}  # {track: names of open spans}
        self.running, self.woken = {}, {}
        self.flows = 0
        # Where flows may begin whose ends are not seen yet.
        self.taken, self.refills = {}, {}  # {cpu: [(rounds before a fault, item)]}, {cpu: (rounds, item)}
        self.waiting, self.granted = {}, {}  # {thread: item}, {cpu: (thread, item)}
        self.swapped, self.requests, self.answers = {}, {}, {}  # {thread: item}, {track: item}, {round: [item]}
        for event in recording.events:
            if event.kind == "SWITCH" and event.cpu not in self.running:
                self.running[event.cpu] = event.thread
        for cpu, thread in sorted(self.running.items()):
            self.begin(0, ("cpu", cpu), self.name(thread))
        for event in recording.events:
            handler = getattr(self, "on_" + event.kind.lower(), None)
            if handler:
                handler(recording.ns(event.tsc), event)
        for track in list(self.open):
            self.close(recording.ns(recording.events[-1].tsc), track)

    def name(self, thread):
        """Returns the name of a thread with its id."""
        return f"{self.recording.names.get(thread, 'thread')} {thread}"

    def add(self, *arguments, **more):
        """Adds an item and returns it."""
        item = Item(*arguments, **more)
        self.items.append(item)
        return item

    def begin(self, ns, track, name, **more):
        """Opens a span."""
        self.open.setdefault(track, []).append(name)
        return self.add(ns, track, "begin", name, **more)

    def end(self, ns, track, name):
        """Closes a span, and those inside of it that were left open. One that began before the trace is
        no span of it."""
        spans = self.open.get(track, [])
        while name in spans:
            self.add(ns, track, "end", spans[-1])
            if spans.pop() == name:
                return

    def close(self, ns, track):
        """Closes all spans of a track."""
        spans = self.open.pop(track, [])
        while spans:
            self.add(ns, track, "end", spans.pop())

    def place(self, event):
        """Returns the track of the thread that runs on the CPU of an event, or that CPU's."""
        thread = self.running.get(event.cpu)
        return ("cpu", event.cpu) if thread is None else ("thread", thread)

    def flow(self, cause, effect):
        """Adds a flow from one item to a later one. A cause of which no effect is seen has none."""
        self.flows += 1
        cause.starts.append(self.flows)
        effect.ends.append(self.flows)

    def on_switch(self, ns, event):
        """A CPU goes from one thread to another."""
        state, pages = event.small & 0xff, event.small >> 8
        to, used = event.a & 0xffffffff, event.a >> 32
        cpu, left = ("cpu", event.cpu), ("thread", event.thread)
        self.running[event.cpu] = to
        spans = self.open.setdefault(left, [])
        message = None
        if spans and spans[-1].endswith(" (fast)"):
            message = self.add(ns, left, "instant", "message to " + self.name(to))
        if STATES[state] == "DEAD":
            self.close(ns, left)
            for kept in (self.waiting, self.swapped):
                kept.pop(event.thread, None)
        else:
            self.begin(ns, left, "off: " + STATES[state].lower().replace("_", " "))
        self.add(ns, (*left, "stack depth"), "counter", value=used)
        self.add(ns, (*left, "stack pages"), "counter", value=pages)
        self.add(ns, (*cpu, "magazine"), "counter", value=event.b)
        self.end(ns, cpu, self.name(event.thread))
        for name in [name for name in self.open.get(("thread", to), []) if name.startswith("off: ")]:
            self.end(ns, ("thread", to), name)
        run = self.begin(ns, cpu, self.name(to))
        cause = self.woken.pop(to, None) or message
        if cause is not None:
            self.flow(cause, run)
        thread, wait = self.granted.pop(event.cpu, (None, None))
        if thread == to and wait is not None:
            self.flow(wait, run)

    def on_wake(self, ns, event):
        """A thread is made ready."""
        track = self.place(event)
        in_call = any(name in self.calls.values() for name in self.open.get(track, []))
        what = "message to " if in_call else "wakes "
        item = self.add(ns, track, "instant", what + self.name(event.thread))
        self.woken.setdefault(event.thread, item)

    def on_fault(self, ns, event):
        """A stack fault was served."""
        notes = {"pages": event.small & 0xff, "instruction": hex(event.b)}
        fault = self.add(ns, ("cpu", event.cpu), "instant", "stack fault", notes=notes)
        before = (event.small >> 8) + (event.small & 0xff)
        self.taken.setdefault(event.cpu, []).append((before, fault))
        self.add(ns, (*self.place(event), "stack depth"), "counter", value=event.a)
        self.add(ns, ("cpu", event.cpu, "magazine"), "counter", value=event.small >> 8)

    def on_refill(self, ns, event):
        """A magazine is refilled."""
        refill = self.begin(ns, ("cpu", event.cpu), "refill", notes={"needed": event.a, "rounds": event.b})
        self.refills[event.cpu] = event.b, refill

    def on_refill_end(self, ns, event):
        """The refill is over. It may have found fewer frames than were needed. Pages of a fault that were
        back before it began are no work of this refill."""
        rounds = event.b & 0xffffffff
        self.end(ns, ("cpu", event.cpu), "refill")
        self.add(ns, ("cpu", event.cpu, "magazine"), "counter", value=rounds)
        before, refill = self.refills.pop(event.cpu, (rounds, None))
        for level, fault in self.taken.get(event.cpu, []):
            if before < level <= rounds:
                self.flow(fault, refill)
        self.taken[event.cpu] = [one for one in self.taken.get(event.cpu, []) if one[0] > rounds]
        self.add(ns, ("reserve", 0, "reserve"), "counter", value=event.b >> 32)

    def on_swap_in(self, ns, event):
        """The bytes of a stack are brought back."""
        back = self.begin(ns, ("cpu", event.cpu), "swap in", notes={"thread": self.name(event.thread)})
        out = self.swapped.pop(event.thread, None)
        if out is not None:
            self.flow(out, back)

    def on_swap_in_end(self, ns, event):
        """They are back."""
        self.end(ns, ("cpu", event.cpu), "swap in")

    def on_swap_out(self, ns, event):
        """The swapper takes pages of a thread."""
        item = self.add(ns, ("thread", event.thread), "instant", "swapped out" if event.small else "shrunk",
                        notes={"pages": event.a})
        if event.small:  # the last one counts: one before it may have been called off
            self.swapped[event.thread] = item

    def on_gate_wait(self, ns, event):
        """A thread waits for memory; it may try in vain in between."""
        track = ("thread", event.thread)
        if "waits for memory" not in self.open.get(track, []):
            self.waiting[event.thread] = self.begin(ns, track, "waits for memory", notes={"missing": event.a})

    def on_gate_wait_end(self, ns, event):
        """It has its pages, and this CPU switches to it, unless it never left."""
        self.end(ns, ("thread", event.thread), "waits for memory")
        self.granted[event.cpu] = event.thread, self.waiting.pop(event.thread, None)

    def on_shootdown(self, ns, event):
        """Other CPUs are asked to forget translations."""
        place = self.place(event)
        self.requests[place] = self.begin(ns, place, "shootdown",
                                          notes={"address": hex(event.a), "bytes": event.b})

    def on_shootdown_ack(self, ns, event):
        """A CPU has forgotten what a round asks of it."""
        answer = self.add(ns, ("cpu", event.cpu), "instant", "shootdown answered", notes={"round": event.a})
        self.answers.setdefault(event.a, []).append(answer)

    def on_shootdown_end(self, ns, event):
        """They have. The round is 0 if another CPU served this request with its own."""
        place = self.place(event)
        self.end(ns, place, "shootdown")
        request = self.requests.pop(place, None)
        for answer in self.answers.pop(event.a, []) if event.a and request else []:
            self.flow(request, answer)

    def call_name(self, event):
        """Returns the name of a message call, on its fast path or not."""
        return self.calls[event.small & ~ON_FAST_PATH] + (" (fast)" if event.small & ON_FAST_PATH else "")

    def on_ipc(self, ns, event):
        """A message call begins."""
        self.begin(ns, self.place(event), self.call_name(event))

    def on_ipc_end(self, ns, event):
        """It ends; the fast path may have left it to the other form, which follows."""
        self.end(ns, self.place(event), self.call_name(event))
