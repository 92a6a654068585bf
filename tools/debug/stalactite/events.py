"""Finds the frame of an event when the processor's registers do not give its address.

The frame lies below the top of an entry stack, or near RSP while the entry code builds or removes
it. Events enter by the interrupt table or by FRED (docs/fred.md). The place of the frame differs
between the two.
"""

from .stacks import Processors

# What fred_entry.asm pushes and pops, by its bytes: (first bytes, length, words on the stack).
CLI, PUSH_EVENT_DATA, ADD_RSP_8 = b"\xfa", b"\xff\x74\x24", b"\x48\x83\xc4\x08"
RETURNS = (b"\xf2\x0f\x01\xca", b"\xf3\x0f\x01\xca")  # ERETS, ERETU
PUSHES = ((CLI, 1, 0), (PUSH_EVENT_DATA, 4, 1),
          *((bytes((0x50 + register,)), 1, 1) for register in range(8)),
          *((bytes((0x41, 0x50 + register)), 2, 1) for register in range(8)))
POPS = ((ADD_RSP_8, 4, 1),
        *((bytes((0x58 + register,)), 1, 1) for register in range(8)),
        *((bytes((0x41, 0x58 + register)), 2, 1) for register in range(8)))
EXIT_BYTES = 64       # more than all pops and the return take
WORDS_OF_A_FRAME = 16   # what the entry pushes below the CPU's frame
WORDS_OF_A_DESCENT = 6  # what the entry pushes below its frame to go down to level 0


class Events:
    """Frames of events in one machine's memory."""

    def __init__(self, memory):
        self.memory = memory
        self.facts = memory.facts
        self.processors = Processors(memory)

    def by_fred(self):
        """Returns whether events enter by FRED. Kernels without FRED give False."""
        at = self.facts.variables.get("fred_active")
        return at is not None and self.memory.read(at, 1) != b"\0"

    def first_on(self, address):
        """Returns the trap frame of the first event on the entry stack that holds an address, or
        None. By the table each event begins at the top of an area. By FRED a later event of one
        level lies below the earlier one, so the first event is at the top of the stack. Above it
        are two words of the CPU's frame that a trap frame does not have."""
        size = self.facts.structure("trap_frame")["size"]
        if not self.by_fred():
            place = self.processors.entry_stack_of(address)
            return place[3] - size if place else None
        top = self.processors.entry_stack_top_of(address)
        return None if top is None else \
            self._around(top - self.facts.structure("fred_frame")["size"])

    def in_entry(self, rip, rsp, rbp):
        """Returns whether this is entry code in which RBP does not mark the event's frame."""
        if not self.by_fred():
            return not rbp & 1 and (
                self._between(rip, "entry_path_begin", "entry_path_end")
                or self._between(rip, "stack_fault_path", "stack_fault_path_end"))
        if not self._between(rip, "fred_entry_user", "fred_level_leave"):
            return False
        # The mark of an earlier, interrupted event is further away.
        return not rbp & 1 or not -8 * WORDS_OF_A_FRAME <= (rbp & ~1) - rsp <= \
            8 * WORDS_OF_A_DESCENT

    def frame_in_entry(self, rip, rsp):
        """Returns the trap frame of the event whose entry code is at RIP. Only its words above the
        vector are valid. Returns None before the frame is on an entry stack."""
        if not self.by_fred():
            return self.first_on(rsp)
        for name in ("fred_entry_kernel", "fred_entry_user"):
            start = self.facts.address(name)
            if start <= rip:
                at, words = _walk(self.memory.read(start, rip - start), PUSHES)
                if at == rip - start:
                    return self._around(rsp + 8 * words)
                break
        code = self.memory.read(rip, EXIT_BYTES)
        at, words = _walk(code, POPS)
        if code[at:at + 4] in RETURNS:
            return self._around(rsp + 8 * words)
        return rsp

    def _between(self, rip, begin, end):
        return self.facts.variables.get(begin) is not None and \
            self.facts.address(begin) <= rip < self.facts.address(end)

    def _around(self, pushed):
        """Returns the trap frame whose CPU part begins at `pushed`."""
        return pushed - self.facts.structure("trap_frame")["fields"]["error"]["offset"]


def _walk(code, known):
    """Returns (bytes, words): the length of known instructions, and their pushes or pops."""
    at = words = 0
    while at < len(code):
        for first, length, moved in known:
            if code.startswith(first, at) and at + length <= len(code):
                at, words = at + length, words + moved
                break
        else:
            break
    return at, words
