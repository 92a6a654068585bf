"""What the grader sees for itself of guards, overflows, backtraces and high-water marks."""

from .outside import ENTRY_BYTES, HOLE, PAGE_BYTES, PRESENT, SLOT_BYTES, STACK_PAGES, WORD, state_of
from .outside import ENTRY_STACK_BASE
from .outside_events import STACK_BYTES as ENTRY_STACK_BYTES
from .outside_events import STRIDE, entry_stack_of

GUARD, SLOT_SHIFT, FRAME_BITS = 3, 12, 0x000ffffffffff000
SMALL_SLOTS = 1 << 20  # slots of 16 KiB stacks; the numbers of larger ones begin above
MARK, SHORT, STEPS_MOST, STEP_BYTES = 1, 1 << 31, 28, 24
AREA_BYTES, PATTERN = 4096, 0x6b6e756475736564
INTERRUPTS_ON, DIRECTION, KERNEL_CODE = 1 << 9, 1 << 10, 8
USER_RING = 3


def bottom_of(machine, slot):
    """Returns the lowest address of the pages of a 16 KiB stack."""
    return machine.constants["STACK_OBJECT_BASE"] + slot * SLOT_BYTES + SLOT_BYTES // 2


def leaves_of(machine, address):
    """Returns the address at which the recursive mapping shows the leaf entry of a stack page."""
    offset = address - machine.constants["STACK_OBJECT_BASE"]
    return (machine.constants["STACK_LEAVES"] + offset // PAGE_BYTES * ENTRY_BYTES) & WORD


class Guards:
    """Looks at each slot that is handed out: four pages of guard that name it, then four holes."""

    function = "stack_slot_allocate"

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._result = machine, 0, [], 0

    def begin(self):
        """The function begins. Returns whether the stack has 16 KiB."""
        registers = self.machine.gdb.registers()
        self._result = registers["rsi"]
        return registers["rdi"] & 0xffffffff == 0

    def end(self):
        """The function returns."""
        if self.machine.gdb.register("rax") & 0xffffffff:
            return
        slot = int.from_bytes(self.machine.gdb.read(self._result, 4), "little")
        if slot >= SMALL_SLOTS:
            self.wrong.append(f"a stack of 16 KiB got slot {slot}")
            return
        first = bottom_of(self.machine, slot) - SLOT_BYTES // 2
        entries = self.machine.words(leaves_of(self.machine, first), 2 * STACK_PAGES)
        for page, entry in enumerate(entries):
            wanted = GUARD if page < STACK_PAGES else HOLE
            named = (entry ^ FRAME_BITS) >> SLOT_SHIFT
            if entry & PRESENT or state_of(entry) != wanted or named != slot:
                self.wrong.append(f"page {page} of slot {slot}: expected {'guard' if wanted == GUARD else 'a hole'} "
                                  f"of this slot; its entry is {entry:#x}")
                return
        self.right += 1


class Chain:
    """The backtrace as it must be, read from the frames in memory."""

    def __init__(self, machine):
        self.machine, self.steps, self.broken = machine, [], False  # (address, event), or None: one call, perhaps

    def _words(self, address, count):
        if address % 8 or not all(self.machine.is_mapped(address + 8 * i) for i in range(count)):
            return None
        return self.machine.words(address, count)

    def event(self, frame):
        """Adds the context that an event interrupted. Returns its frame pointer, or 0 if it ends there."""
        constants = self.machine.constants
        words = self._words(frame, constants["FRAME_BYTES"] // 8)
        if words is None:
            self.broken = True
            return 0

        def word(name):
            return words[constants[name] // 8]
        self.steps.append((word("FRAME_RIP"), (word("FRAME_ERROR") >> 32 & ~SHORT) + 1))
        if word("FRAME_CS") & USER_RING:
            return 0
        self.steps.append(None)  # the caller of a function that has no frame yet
        return word("FRAME_RBP")

    def follow(self, pointer):
        """Adds what the frame pointers tell."""
        while pointer and len(self.steps) < 4096:
            if pointer & MARK:
                pointer = self.event(pointer - MARK)
                continue
            pair = self._words(pointer, 2)
            if pair is None:
                self.broken = True
                return
            following, address = pair
            if address == 0:
                return
            self.steps.append((address, 0))
            if following and not following & MARK and following <= pointer:
                self.broken = True
                return
            pointer = following

    def complaint(self, at):
        """Returns what is wrong with the kernel's struct backtrace at an address, or ""."""
        head, = self.machine.words(at, 1)
        count, full = head & 0xffffffff, head >> 32 & 0xff
        if count > STEPS_MOST:
            return f"a backtrace of {count} steps"
        found = []
        for i in range(count):
            address, _, event, = self.machine.words(at + 8 + i * STEP_BYTES, 3)
            found += [(address, event & 0xffff)] * (1 + (event >> 32))
            if len(found) > 8192:
                return f"step {i} is said to repeat {event >> 32} times"
        return self._compare(found, full)

    def _compare(self, found, full):
        wanted, at = self.steps, 0
        for i, step in enumerate(wanted):
            following = wanted[i + 1] if i + 1 < len(wanted) else None
            if step is None:
                # The interrupted function's caller stands there, unless what comes next stands there already.
                if at < len(found) and found[at][1] == 0 and following is not None and \
                        (found[at] != following or self._repeats(found, at) > self._repeats(wanted, i + 1)):
                    at += 1
                continue
            if at == len(found) and full:
                return ""
            if at == len(found) or found[at] != step:
                seen = f"{found[at][0]:#x}" if at < len(found) else "its end"
                return f"expected {step[0]:#x} as step {at} of the backtrace, every repeat counted; found {seen}"
            at += 1
        return "" if at == len(found) else f"expected the backtrace to end after {at} steps; it has {len(found)}"

    @staticmethod
    def _repeats(steps, at):
        end = at
        while end < len(steps) and steps[end] == steps[at]:
            end += 1
        return end - at


class Overflows:
    """Looks at each overflow that ends its thread: the frame leads to overflow_exit() with interrupts on, on the
    top page of the thread's stack, and the record there has the backtrace."""

    function = "overflow_handle"

    def __init__(self, machine):
        self.machine, self.right, self.wrong = machine, 0, []
        self._frame = self._address = self._slot = 0
        self._rip = self._rsp = self._chain = None

    def begin(self):
        """The function begins."""
        registers = self.machine.gdb.registers()
        self._frame, self._address, self._slot = registers["rdi"], registers["rsi"], registers["rdx"] & 0xffffffff
        if self._slot >= SMALL_SLOTS:
            return False
        self._rip, self._rsp = self._word("FRAME_RIP"), self._word("FRAME_RSP")
        self._chain = Chain(self.machine)
        self._chain.follow(self._chain.event(self._frame))
        return True

    def _word(self, name):
        return self.machine.gdb.word(self._frame + self.machine.constants[name])

    def end(self):
        """The function returns: the thread can be ended."""
        complaint = self._compare()
        if complaint:
            self.wrong.append(f"overflow at {self._address:#x}: {complaint}")
        else:
            self.right += 1

    def _compare(self):
        top = bottom_of(self.machine, self._slot) + STACK_PAGES * PAGE_BYTES
        rip, record, rsp, flags = (self._word(name) for name in
                                   ("FRAME_RIP", "FRAME_RDI", "FRAME_RSP", "FRAME_RFLAGS"))
        function = self.machine.image.function_at(rip)
        if function.split(".", maxsplit=1)[0] != "overflow_exit" or rip != self.machine.image.address[function]:
            return f"expected the thread to go on in overflow_exit(); it goes on at {rip:#x} ({function or '?'})"
        if not top - PAGE_BYTES <= rsp < record < top or rsp % 16 != 8:
            return f"expected RSP below the record, in the top page below {top:#x}, as after a call; RSP is " \
                f"{rsp:#x}, the record is at {record:#x}"
        if self._word("FRAME_CS") & 0xffff != KERNEL_CODE or flags & (INTERRUPTS_ON | DIRECTION) != INTERRUPTS_ON:
            return f"expected the kernel's code segment, interrupts on, DF clear; RFLAGS will be {flags:#x}"
        found = self.machine.words(record, 3)
        if found != [self._address, self._rip, self._rsp]:
            return f"expected a record of address {self._address:#x}, RIP {self._rip:#x}, RSP {self._rsp:#x}; " \
                f"found {', '.join(map(hex, found))}"
        return self._chain.complaint(record + 24)


class Backtraces:
    """Looks at each backtrace that a function takes of itself."""

    function = "backtrace_from_here"

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._trace, self._chain = machine, 0, [], 0, None

    def begin(self):
        """The function begins: its return address is the first step."""
        registers = self.machine.gdb.registers()
        self._trace, self._chain = registers["rdi"], Chain(self.machine)
        self._chain.steps.append((self.machine.gdb.word(registers["rsp"]), 0))
        self._chain.follow(registers["rbp"])
        return True

    def end(self):
        """The function returns."""
        complaint = self._chain.complaint(self._trace)
        if complaint:
            self.wrong.append(complaint)
        else:
            self.right += 1


class EntryMarks:
    """Looks at each high-water mark that is read of CPU 0's entry stacks."""

    function = "watermark_read"

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._kind, self._mark = machine, 0, [], 0, 0

    def begin(self):
        """The function begins. Returns whether there is such a stack."""
        registers = self.machine.gdb.registers()
        self._kind, self._mark = registers["rdi"] & 0xffffffff, registers["rsi"]
        bottom = ENTRY_STACK_BASE + self._kind * STRIDE
        return entry_stack_of(bottom + 8) == self._kind != 0

    def end(self):
        """The function returns."""
        bottom, deepest = ENTRY_STACK_BASE + self._kind * STRIDE, 0
        for area in range(bottom, bottom + ENTRY_STACK_BYTES, AREA_BYTES):
            words = self.machine.words(area, AREA_BYTES // 8)
            used = [i for i, word in enumerate(words) if word != PATTERN]
            deepest = max(deepest, AREA_BYTES - used[0] * 8) if used else deepest
        told = self.machine.gdb.word(self._mark + 8)
        if told != deepest:
            self.wrong.append(f"entry stack {self._kind}: expected a mark of {deepest} bytes; it says {told}")
        else:
            self.right += 1


class Depths:
    """Looks at each search for the deepest word of a thread's stack."""

    function = "stack_depth_scan"

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._slot, self._before = machine, 0, [], 0, None

    def begin(self):
        """The function begins."""
        self._slot = self.machine.gdb.register("rdi") & 0xffffffff
        if self._slot >= SMALL_SLOTS:
            return False
        self._before = self._entries()
        return True

    def _entries(self):
        return [entry & ~0x60 for entry in
                self.machine.words(leaves_of(self.machine, bottom_of(self.machine, self._slot)), STACK_PAGES)]

    def end(self):
        """The function returns."""
        bottom, deepest = bottom_of(self.machine, self._slot), 0
        for page, entry in enumerate(self._before):
            if entry & PRESENT and not deepest:
                words = self.machine.words(bottom + page * PAGE_BYTES, PAGE_BYTES // 8)
                used = [i for i, word in enumerate(words) if word]
                deepest = (STACK_PAGES - page) * PAGE_BYTES - used[0] * 8 if used else 0
        told = self.machine.gdb.register("rax")
        if self._entries() != self._before:
            self.wrong.append(f"slot {self._slot}: the search brought a page in")
        elif told != deepest:
            self.wrong.append(f"slot {self._slot}: expected a depth of {deepest} bytes; it says {told}")
        else:
            self.right += 1


class Dispatches:
    """Looks at each switch between two threads: the magazine has a round for each hole of both stacks. Counts
    those where there is a hole."""

    function, looks_most = "thread_switch", 400

    def __init__(self, machine):
        self.machine, self.right, self.wrong = machine, 0, []

    def begin(self):
        """The function begins: both stacks are in use. Its end is of no interest."""
        use = self.machine.words(self.machine.own("stack_use"), 2)
        slots = {(entry ^ FRAME_BITS) >> SLOT_SHIFT for entry in use if entry}
        holes = sum(self._holes(slot) for slot in slots if slot < SMALL_SLOTS)
        taken, capacity, _ = self.machine.magazine()
        if capacity - taken < holes:
            self.wrong.append(f"switch between the stacks of slots {', '.join(map(str, sorted(slots)))}, which miss "
                              f"{holes} pages: expected as many rounds; the magazine has {capacity - taken}")
        elif holes:
            self.right += 1
        return False

    def _holes(self, slot):
        entries = self.machine.words(leaves_of(self.machine, bottom_of(self.machine, slot)), STACK_PAGES)
        return sum(not entry & PRESENT and state_of(entry) == HOLE for entry in entries)
