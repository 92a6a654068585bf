"""Computes the bound of each stack of one kernel, from the call graph and the cost of events.

Before its handler runs, an event uses these bytes of the stack: up to 8 bytes, because the CPU
aligns RSP to 16 (the top of an entry stack is aligned already); the CPU's frame and the stub's
word; the general registers. Entry code then calls the handler.
"""

import re
from dataclasses import dataclass, field

from . import depth
from .bounds import Depth

CPU_FRAME_BYTES = 48   # SS, RSP, RFLAGS, CS, RIP, and the word of error code and vector
ALIGNMENT_BYTES = 8
FRED_ALIGNMENT_BYTES = 56  # RSP goes down to a multiple of 64
# The emulator with FRED may accept an interrupt before an entry's first instruction. At most one of
# each of the 14 priority classes can nest in this way. Each one adds only the CPU's frame.
FRED_EARLY_INTERRUPTS = 14
DEFINE = re.compile(r"%define (\w+) (-?\d+)$", re.MULTILINE)
NOT_KINDS = ("ENTRY_THREAD", "ENTRY_AREA_BYTES", "ENTRY_INTERRUPT_ASYNCHRONOUS",
             "ENTRY_STACK_AREAS", "ENTRY_CONTINUE_BYTES")


@dataclass
class Stack:
    """One stack's bounds. `ordinary` has no panic, `bound` has one, `nested` a fault in it."""

    name: str
    limit: int
    ordinary: int = 0
    bound: int = 0
    nested: int = 0
    nested_limit: int = 0
    path: list = field(default_factory=list)
    parts: list = field(default_factory=list)
    used: bool = True
    entry: bool = False

    def complaints(self):
        """Returns complaints about bounds that do not fit."""
        found = []
        if self.used and self.bound > self.limit:
            found.append(f"{self.name}: {self.bound} bytes may be needed, and there are"
                         f" {self.limit}")
        if self.used and self.nested > self.nested_limit:
            found.append(f"{self.name}: {self.nested} bytes may be needed when code faults at the"
                         f" deepest point, and there are {self.nested_limit}")
        return found


def constants(offsets, symbols):
    """Returns named numbers from offsets.inc and from the kernel's symbols (`nm`)."""
    found = {name: int(value) for name, value in DEFINE.findall(offsets)}
    places = {parts[2]: int(parts[0], 16) for parts in map(str.split, symbols.splitlines())
              if len(parts) == 3}
    if "__boot_stack_top" in places:
        found["BOOT_STACK_BYTES"] = places["__boot_stack_top"] - places["__boot_stack_bottom"]
    return found


def kinds(values):
    """Returns the kinds of entry stack by name: (number, whether any vector enters there)."""
    vectors = {value for name, value in values.items()
               if re.match(r"VECTOR_\d+_STACK$|ENTRY_INTERRUPT_ASYNCHRONOUS$", name)}
    return {name[len("ENTRY_"):].lower().replace("_", "-"): (value, value in vectors)
            for name, value in values.items()
            if name.startswith("ENTRY_") and name not in NOT_KINDS}


class Calculation:
    """Computes the bounds of all stacks of one kernel."""

    def __init__(self, graph, bounds, values):
        self.graph = graph
        self.bounds = bounds
        self.values = values
        self.panic, self.panic_twice = bounds.panic_depth()
        self.thread_event = values["ENTRY_THREAD"]

    def _event(self, path_label, end):
        """Returns the depth of an event through one path of entry.asm: frame and handler."""
        function = self.graph.functions.get(path_label)
        if function is None:
            self.graph.complain(f"no assembly annotation for {path_label}")
            return Depth()
        deepest = Depth()
        pushed = 0
        for target in sorted(function.calls):
            at = function.call_depths.get(target)
            if at is None:  # a call through a pointer
                at = max(function.call_depths.values(), default=0)
            pushed = max(pushed, at)
            if target in self.bounds.names["excluded"] or target not in self.graph.functions:
                continue
            found = self.bounds.depth(target, True, end)
            if at + found.bytes > deepest.bytes:
                deepest = Depth(at + found.bytes, found.path)
        if pushed + CPU_FRAME_BYTES != self.values["FRAME_BYTES"]:
            self.graph.complain(f"{path_label}: {pushed} bytes pushed and {CPU_FRAME_BYTES} by the"
                                f" CPU and the stub are not a trap frame of"
                                f" {self.values['FRAME_BYTES']}")
        total = CPU_FRAME_BYTES + max(deepest.bytes, function.bytes - 8)
        return Depth(total, [("trap frame", CPU_FRAME_BYTES + pushed)] + deepest.path)

    def _fault(self, end):
        """Returns the depth of an exception that has no entry stack, raised on any stack."""
        found = self._event("entry_path_begin", end)
        idt = Depth(ALIGNMENT_BYTES + found.bytes,
                    [("alignment", ALIGNMENT_BYTES)] + found.path)
        return max(idt, self._fred_nested("entry_thread", end), key=lambda depth: depth.bytes)

    def _fred_event(self, handler, end):
        """Returns the depth of a FRED event on an aligned stack: its frame and its handler."""
        function = self.graph.functions.get("fred_entry_kernel")
        if function is None:
            return Depth()
        pushed = max(function.call_depths.values(), default=0)
        frame = self.values["FRED_FRAME_BYTES"]
        if pushed + CPU_FRAME_BYTES != self.values["FRAME_BYTES"]:
            self.graph.complain(f"fred_entry_kernel: {pushed} bytes pushed and {CPU_FRAME_BYTES} of"
                                f" the CPU's are not a trap frame of {self.values['FRAME_BYTES']}")
        found = self.bounds.depth(handler, True, end)
        return Depth(frame + max(pushed + found.bytes, function.bytes - 8),
                     [("FRED and trap frame", frame + pushed)] + found.path)

    def _fred_nested(self, handler, end):
        """Returns the depth of a FRED event on a stack in use, which may need alignment."""
        found = self._fred_event(handler, end)
        if not found.bytes:
            return found
        return Depth(FRED_ALIGNMENT_BYTES + found.bytes,
                     [("alignment", FRED_ALIGNMENT_BYTES)] + found.path)

    def fred_levels(self):
        """Yields the stacks of FRED's levels 1 to 3. Events that interrupt one another share one
        stack without areas, so their depths add up."""
        if "fred_entry_kernel" not in self.graph.functions:
            return
        early = ("interrupts before an entry's first instruction",
                 FRED_EARLY_INTERRUPTS * self.values["FRED_FRAME_BYTES"])
        interrupt = self._fred_event("entry_interrupt", None).bytes
        levels = ((("stack_fault_fred", "entry_interrupt"),),
                  (("entry_nmi",), ("entry_debug",), ("entry_machine_check",)),
                  (("entry_double_fault",),))
        for level, groups in enumerate(levels, 1):
            size = self.values["ENTRY_AREA_BYTES"] * self.values["ENTRY_STACK_AREAS"]
            stack = Stack(f"fred-level-{level}", size, nested_limit=size, entry=True)
            stack.parts = [early]
            deeper, panics = 0, Depth()
            for group in groups:  # one of each group may lie on the stack at once
                once = max([self._fred_nested(one, None).bytes for one in group] + [interrupt])
                full = max((self._fred_nested(one, self.panic) for one in group),
                           key=lambda depth: depth.bytes)
                stack.parts.append((" or ".join(group) + ", or an early interrupt", once))
                deeper += once
                if full.bytes - once > panics.bytes:
                    panics = Depth(full.bytes - once, full.path)
            stack.ordinary = early[1] + deeper
            stack.bound, stack.path = stack.ordinary + panics.bytes, panics.path
            fault = max((self._fred_nested(one, self.panic_twice)
                         for one in ("stack_fault_fred", "entry_thread")),
                        key=lambda depth: depth.bytes)
            stack.nested = stack.bound + fault.bytes
            stack.parts += [("a panic on top", panics.bytes),
                            ("a fault of the code there, and a panic in the panic", fault.bytes)]
            yield stack

    def entry_stacks(self):
        """Yields every kind of entry stack."""
        area = self.values["ENTRY_AREA_BYTES"]
        areas = self.values["ENTRY_STACK_AREAS"]
        for name, (number, used) in sorted(kinds(self.values).items(), key=lambda one: one[1]):
            stack = Stack(name, area, nested_limit=area * (areas - 1), used=used,
                          entry=True)
            if used:
                label = f"entry_path_{number}"
                stack.ordinary = self._event(label, None).bytes
                full = self._event(label, self.panic)
                stack.bound, stack.path = full.bytes, full.path
                fault = self._fault(self.panic_twice)
                stack.nested = full.bytes + fault.bytes
                stack.parts = [("deepest way, a panic included", full.bytes),
                               ("a fault of the code there, and a panic in the panic", fault.bytes)]
            yield stack

    def room_after_move(self):
        """Returns a Stack for the calls after a frame's move, with interrupts off. They must fit
        into the room that the mover requests below the frame. Otherwise a thread that is preempted
        near its stack's end could overflow where that is a panic and does not end the thread."""
        found = self.bounds.depth("entry_continue", True)
        limit = self.values["ENTRY_CONTINUE_BYTES"]
        return Stack("after-a-move", limit, ordinary=found.bytes, bound=found.bytes,
                     nested=found.bytes, nested_limit=limit, path=found.path,
                     parts=[("preemption, interrupts off", found.bytes)])

    def preemption_bytes(self):
        """Returns what a preemption asks for below a thread's stack pointer: its trap frame, aligned
        to 16, and the room for what follows."""
        return (self.values["FRAME_BYTES"] + 2 * ALIGNMENT_BYTES
                + self.values["ENTRY_CONTINUE_BYTES"])

    def depth_complaints(self):
        """Returns complaints about depth sections that touch too little. In the lost kernel, whose
        events lie on the thread's stack, none is checked."""
        if self._lost_build():
            return []
        return list(depth.complaints(self.graph, self.bounds, self.preemption_bytes()))

    def section(self, statement):
        """Returns a Stack for a section with interrupts or preemption off. Its depth runs from the
        first of some functions down to the last, plus the last one's own need, without events and
        panics. It must fit into the pages that are filled in advance where the section begins.
        Nothing reschedules in a section, so the need is that of code with interrupts off. A function
        where such a path ends, because it runs with interrupts on, may begin a section of its own."""
        *way, size = statement.names
        names = [(self.graph.one(one, statement.line, "section from") or [None])[0] for one in way]
        limit = self.values.get(size, 0)
        stack = Stack(statement.key, limit, nested_limit=limit)
        if None in names or size not in self.values:
            self.graph.complain(f"annotations, line {statement.line}: no {' or '.join(way)} or no"
                                f" {size}")
            return stack
        for above, below in zip(names, names[1:]):
            if below not in self.graph.functions[above].calls:
                self.graph.complain(f"annotations, line {statement.line}: {above} does not call"
                                    f" {below}")
            stack.path.append((above, self.graph.functions[above].bytes))
        begun = self.bounds.after_off_ends() if len(names) == 1 else ()
        found = max([self.bounds.depth(names[-1], True), *begun],
                    key=lambda one: one.bytes)
        stack.path += found.path
        stack.ordinary = stack.bound = stack.nested = sum(count for _, count in stack.path)
        stack.parts = [("deepest way that returns", stack.ordinary)]
        return stack

    def _lost_build(self):
        return not any(used for _, used in kinds(self.values).values()
                       if _ == self.values["ENTRY_INTERRUPT"])

    def _events_on_thread(self):
        """Returns (words, bytes) of asynchronous events on a thread's stack, without panics."""
        moved = self.bounds.depth("entry_continue", True)
        frame = ALIGNMENT_BYTES + self.values["FRAME_BYTES"]
        if not self._lost_build():
            return [("frame moved from an entry stack, and what follows it", frame + moved.bytes)]
        once = self._fault(None).bytes
        return [("interrupt on the thread's stack", once), ("NMI on top of it", once),
                ("debug trap on top of it", once)]

    def other_stack(self, statement):
        """Returns a stack that the annotations name."""
        root, size = statement.names
        limit = self.values.get(size, 0)
        events = bool(statement.then)
        stack = Stack(statement.key, limit, nested_limit=limit)
        names = self.graph.one(root, statement.line, "stack from")
        if not names or size not in self.values:
            self.graph.complain(f"annotations, line {statement.line}: no {root} or no {size}")
            return stack
        ordinary = self.bounds.depth(names[0], not events)
        touched = self.bounds.depth(names[0], not events, reaches=True)
        full = self.bounds.depth(names[0], not events, self.panic)
        added = self._events_on_thread() if events else []
        room = [("taken above the first frame", statement.number)] if statement.number else []
        fixed = sum(count for _, count in room)
        stack.ordinary = fixed + ordinary.bytes + sum(count for _, count in added)
        fault = self._fault(self.panic)
        moved = self.bounds.depth("entry_continue", True, self.panic) if events else Depth()
        frame = ALIGNMENT_BYTES + self.values["FRAME_BYTES"]
        stack.bound = max(fixed + full.bytes, fixed + ordinary.bytes + frame + moved.bytes,
                          stack.ordinary)
        stack.nested = max(stack.bound, stack.ordinary + fault.bytes)
        if events and not self._lost_build():
            stack.bound = max(stack.bound, fixed + touched.bytes + self.preemption_bytes())
        stack.path = ordinary.path
        stack.parts = room + [("longest way that returns", ordinary.bytes)] + added + [
            ("a fault of the code there, with its panic", fault.bytes)]
        return stack
