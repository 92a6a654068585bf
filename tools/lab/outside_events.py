"""What the grader sees for itself of events: the processor's tables, and the registers of interrupted code."""

import re
import struct

from .outside import DIRECT_MAP_BASE, ENTRY_STACK_BASE, FRAME, PRESENT, WORD

KINDS, THREAD, PAGE_FAULT, INTERRUPT, NMI, MACHINE_CHECK, DEBUG, DOUBLE_FAULT = 7, 0, 1, 2, 3, 4, 5, 6
STACK_OF_VECTOR = {1: DEBUG, 2: NMI, 8: DOUBLE_FAULT, 14: PAGE_FAULT, 18: MACHINE_CHECK}
EXCEPTIONS, VECTORS, BREAKPOINT = 32, 256, 3
STRIDE, STACK_BYTES, PAGE_BYTES = 0x10000, 0x3000, 4096
CODE, GATE, GATE_OPEN, TASK_SELECTOR, TASK_BYTES = 8, 0x8e, 0xee, 0x28, 104
GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
CHANGED_BY_CPU = 1 << 16  # RF


def entry_stack_of(address):
    """Returns the kind of CPU 0's entry stack in which a stack pointer lies, or 0."""
    kind, offset = divmod(address - ENTRY_STACK_BASE, STRIDE)
    return kind if 0 < kind < KINDS and 0 < offset <= STACK_BYTES else 0


class Descriptors:
    """Looks at the tables that the processor's own registers name, before each test: gates, segments, the task
    state, and the pages of the entry stacks with their guards."""

    function = None

    def __init__(self, machine):
        self.machine, self.right, self.wrong = machine, 0, []

    def look(self):
        """A test begins: no event is being handled."""
        complaint = self._gates() or self._task() or self._stacks()
        if complaint:
            self.wrong.append(complaint)
        else:
            self.right += 1

    def _table(self, name):
        line = re.search(rf"^{name} *= *(?:[0-9a-f]{{4}} )?([0-9a-f]{{16}}) ([0-9a-f]{{8}})",
                         self.machine.processor(), re.MULTILINE)
        return int(line.group(1), 16), int(line.group(2), 16)

    def _gates(self):
        base, limit = self._table("IDT")
        if limit != VECTORS * 16 - 1:
            return f"expected an IDT of {VECTORS * 16} bytes; its limit is {limit:#x}"
        table = self.machine.gdb.read(base, VECTORS * 16)
        stubs = struct.unpack(f"<{VECTORS}Q", self.machine.image.data_at(
            self.machine.image.address["entry_stubs"], VECTORS * 8))
        for vector in range(VECTORS):
            low, selector, stack, kind, middle, high, _ = struct.unpack_from("<HHBBHII", table, vector * 16)
            wanted = STACK_OF_VECTOR.get(vector, THREAD) if vector < EXCEPTIONS else INTERRUPT
            found = low | middle << 16 | high << 32, selector, stack, kind
            expected = stubs[vector], CODE, wanted, GATE_OPEN if vector == BREAKPOINT else GATE
            if found != expected:
                return "gate of vector {}: expected stub {:#x}, selector {:#x}, IST {}, type {:#x}; found " \
                    "{:#x}, {:#x}, {}, {:#x}".format(vector, *expected, *found)
        return ""

    def _task(self):
        base, _ = self._table("GDT")
        task, limit = self._table("TR")
        low, high = self.machine.words(base + TASK_SELECTOR, 2)
        named = low >> 16 & 0xffffff | (low >> 56 & 0xff) << 24 | (high & 0xffffffff) << 32
        if limit < TASK_BYTES - 1 or named != task or task != self.machine.own("cpu_task_state"):
            return f"expected a task state of {TASK_BYTES} bytes at {self.machine.own('cpu_task_state'):#x}; the " \
                f"descriptor names {named:#x}, the processor has {task:#x} with limit {limit:#x}"
        pointers = self.machine.words(task + 36, KINDS - 1)
        for kind, pointer in enumerate(pointers, 1):
            top = ENTRY_STACK_BASE + kind * STRIDE + STACK_BYTES
            if pointer != top:
                return f"expected IST {kind} to be {top:#x}, the top of its stack; it is {pointer:#x}"
        return ""

    def _stacks(self):
        for kind in range(1, KINDS):
            bottom = ENTRY_STACK_BASE + kind * STRIDE
            for page in range(bottom - PAGE_BYTES, bottom + STACK_BYTES + PAGE_BYTES, PAGE_BYTES):
                inside = bottom <= page < bottom + STACK_BYTES
                if self.machine.is_mapped(page) != inside:
                    return f"page {page:#x} of entry stack {kind}: expected {'a frame' if inside else 'a guard'}"
        return ""


class Returns:
    """Looks at events of one vector: the interrupted code goes on with all registers, flags and GS bases as they
    were. Not at timer ticks: while the machine is stopped its clock goes to the next one, and that would be all
    that is seen."""

    kind, vector, function = INTERRUPT, 0xe8, "entry_stub_232"

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._before = machine, 0, [], None

    def _state(self):
        registers = self.machine.gdb.registers()
        return [registers[name] for name in GENERAL] + list(self.machine.gdb.gs_bases())

    def begin(self):
        """The stub begins, at what the processor pushed."""
        rsp = self.machine.gdb.register("rsp")
        rip, code, flags, stack, _ = self.machine.words(rsp, 5)
        if code & 3:
            return False
        if entry_stack_of(rsp) != self.kind:
            self.wrong.append(f"vector {self.vector}: expected its frame on entry stack {self.kind}; it is at {rsp:#x}")
            return False
        self._before = rip, stack, flags, self._state()
        return True

    def back(self):
        """Returns where the event returns to."""
        return self._before[0]

    def end(self):
        """The interrupted instruction is next, or other code at its address."""
        rip, stack, flags, before = self._before
        if self.machine.gdb.register("rsp") != stack:
            return  # another thread runs meanwhile
        names = (*GENERAL, "GS base", "kernel GS base")
        wrong = [f"{name} was {old:#x} and is {new:#x}" for name, old, new in zip(names, before, self._state())
                 if old != new]
        now = self.machine.gdb.flags()
        if (now ^ flags) & ~CHANGED_BY_CPU:
            wrong.append(f"RFLAGS were {flags:#x} and are {now:#x}")
        if wrong:
            self.wrong.append(f"vector {self.vector}, return to {rip:#x}: {'; '.join(wrong[:3])}")
        else:
            self.right += 1


class NmiReturns(Returns):
    """The same for NMIs, which must take the GS base from their stack."""

    kind, vector, function = NMI, 2, "entry_stub_2"


class Sweep:
    """Looks at each event of a sweep: it arrived once, and its frame touched no missing page. Counts the bytes of
    RSP around the edge where it saw that."""

    function, looks_most = "event_sweep_interrupt", 160
    FROM, TO = -16, 128

    def __init__(self, machine):
        self.machine, self.seen, self.wrong, self._call = machine, set(), [], None

    @property
    def right(self):
        """Returns at how many bytes it was right."""
        return len(self.seen)

    def begin(self):
        """The function begins, before RSP is put anywhere."""
        registers = self.machine.gdb.registers()
        offset = (registers["rdi"] + PAGE_BYTES // 2) % PAGE_BYTES - PAGE_BYTES // 2
        self._call = offset, registers["rsi"], registers["rdx"]
        return self.FROM <= offset <= self.TO

    def end(self):
        """The function returns."""
        offset, count, leaf = self._call
        arrived = self.machine.gdb.word(count) & 0xffffffff
        touched = self.machine.gdb.word(leaf) & PRESENT
        if arrived != 1 or touched:
            self.wrong.append(f"RSP {offset} above the edge: expected one event and no touch of the page below; "
                              f"{arrived} arrived, page {'touched' if touched else 'not touched'}")
        else:
            self.seen.add(offset)


class NmiSweep(Sweep):
    """The same for NMIs."""

    function = "event_sweep_nmi_memory"


class WriteSweep(Sweep):
    """The same for data breakpoints."""

    function = "event_sweep_write"


class Losses:
    """Takes the entry stack away from the vector of tests before the test begins. Then looks at each round that
    the sweep judges: at the lethal offsets the event is lost and stays in service, elsewhere it arrives."""

    function, looks_most = "round_judge", 600
    VECTOR, LETHAL = 0xe8, 48
    FROM, TO = Sweep.FROM, Sweep.TO

    def __init__(self, machine):
        self.machine, self.seen, self.wrong = machine, set(), []

    @property
    def right(self):
        """Returns at how many bytes the round was right."""
        return len(self.seen)

    def look(self):
        """The test begins."""
        line = re.search(r"^IDT *= *([0-9a-f]{16})", self.machine.processor(), re.MULTILINE)
        self.machine.gdb.write(int(line.group(1), 16) + self.VECTOR * 16 + 4, b"\0")

    def begin(self):
        """A round is judged. Its end is of no interest."""
        registers = self.machine.gdb.registers()
        offset = struct.unpack("<q", struct.pack("<Q", registers["rdi"]))[0]
        arrived, touched, service, after = struct.unpack("<IB3xii", self.machine.gdb.read(registers["rsi"], 16))
        lethal = offset < self.LETHAL
        # Where the event arrives its handler runs on this stack, too, and may go below the edge.
        found = arrived, bool(touched & 1) or not lethal, max(service, -1), max(after, -1)
        expected = (0, True, self.VECTOR, -1) if lethal else (1, True, -1, -1)
        if found != expected:
            self.wrong.append(f"RSP {offset} above the edge, on the thread's stack: expected (arrived, page touched, "
                              f"in service, in service after the end) to be {expected}; the sweep says {found}")
        elif self.FROM <= offset <= self.TO:
            self.seen.add(offset)
        return False


class Moves:
    """Looks at each frame that is moved: the copy has every word, below the interrupted stack pointer, on pages
    that are there."""

    function = "entry_move_frame"

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._frame, self._words = machine, 0, [], 0, None

    def begin(self):
        """The function begins."""
        self._frame = self.machine.gdb.register("rdi")
        self._words = self.machine.words(self._frame, self.machine.constants["FRAME_BYTES"] // 8)
        return not self._word("FRAME_CS") & 3

    def _word(self, name):
        return self._words[self.machine.constants[name] // 8]

    def end(self):
        """The function returns."""
        copy, size = self.machine.gdb.register("rax"), self.machine.constants["FRAME_BYTES"]
        wanted = self._word("FRAME_RSP") & ~15
        if copy == 0:
            return  # there was no room: an overflow
        if copy != wanted - size:
            self.wrong.append(f"expected the copy at {wanted - size:#x}, right below RSP; it is at {copy:#x}")
        elif not self.machine.is_mapped(copy) or not self.machine.is_mapped(copy + size - 1):
            self.wrong.append(f"the copy at {copy:#x} lies on a page that is missing")
        elif self.machine.words(copy, size // 8) != self._words:
            self.wrong.append(f"the copy at {copy:#x} differs from the frame at {self._frame:#x}")
        else:
            self.right += 1
