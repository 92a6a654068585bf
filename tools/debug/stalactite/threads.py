"""Reads the list of threads, their states and their backtraces."""

from .events import Events
from .memory import Memory, MemoryFault
from .stacks import Stacks

FRAMES_MOST = 400
PUSH_RBP, RET = 0x55, 0xc3
MOV_RBP_RSP = bytes((0x48, 0x89, 0xe5))

KERNEL_IMAGE = 0xffffffff80000000  # KERNEL_BASE of arch/x86_64/cpu/layout.h
USER_END = 1 << 47
VECTOR_SYSCALL = 256  # arch/x86_64/entry/user_context.h


class Frame:
    """One line of a backtrace: an address of code and a remark."""

    def __init__(self, address, returns, note=""):
        self.address = address
        self.returns = returns  # a return address: the call lies before it
        self.note = note


def listed(memory, head, name):
    """Returns the structures of the kernel's list of all of them. A node in the kernel's image is the
    bookmark of a walk."""
    offset = memory.facts.structure(name)["fields"]["all_node.next"]["offset"]
    found, node = [], memory.word(head)
    while node not in (head, 0):
        if node < KERNEL_IMAGE:
            found.append(memory.structure(name, node - offset))
        node = memory.word(node)
    return found


def called(structures, text):
    """Returns the first of these structures with this id or name, or None."""
    return next((one for one in structures
                 if text == one.name or text.isdigit() and int(text) == one.id), None)


class Threads:
    """All threads of the kernel."""

    def __init__(self, memory):
        self.memory = memory
        self.facts = memory.facts

    def all(self):
        """Returns every thread of the kernel's list."""
        return listed(self.memory, self.facts.address("threads"), "thread")

    def at(self, address):
        """Returns the thread at an address."""
        return self.memory.structure("thread", address)

    def state(self, thread):
        """Returns a thread's state in a word."""
        return self.facts.word("thread_state", thread.state, "THREAD_").replace(" ", "-")

    def find(self, text):
        """Returns the thread with this id or name, or None."""
        return called(self.all(), text)

    def is_swapped(self, thread):
        """Returns whether the live bytes of its stack lie in a separate object."""
        return bool(thread.pending & self.facts.constant("THREAD_PENDING_SWAPPED"))

    def memory_of(self, thread):
        """Returns memory as the thread sees it when it runs, with its stack in place."""
        if not self.is_swapped(thread):
            return self.memory
        end = Stacks(self.memory).range_of(thread.slot)[2]
        return SwappedIn(self.memory, thread.saved_rsp, end, thread.stack_saved)

    def saved(self, thread):
        """Returns the (rip, rsp, rbp) at which a thread that does not run will continue."""
        fields, memory = self.facts.structure("first_frame")["fields"], self.memory_of(thread)
        back = thread.saved_rsp + fields["return_address"]["offset"]
        return (memory.word(back), back + 8,
                memory.word(thread.saved_rsp + fields["rbp"]["offset"]))


class SwappedIn(Memory):
    """Memory with the live bytes of one stack, [first, end), at their own addresses."""

    def __init__(self, memory, first, end, saved):
        super().__init__(memory.facts)
        self._memory, self._first, self._end, self._saved = memory, first, end, saved

    def read(self, address, count):
        if self._first <= address and address + count <= self._end:
            return self._memory.read(self._saved + address - self._first, count)
        return self._memory.read(address, count)

    def read_physical(self, address, count):
        return self._memory.read_physical(address, count)

    def cr3(self):
        return self._memory.cr3()


class Backtrace:
    """Follows frame pointers, also from an event's context to the interrupted one, and into user mode
    if `user` is the thread's memory there. `function` returns the first address of the function that
    holds an address, or None."""

    def __init__(self, memory, function, vector_name, user=None):
        self.memory = memory
        self.user = user
        self.facts = memory.facts
        self.function = function
        self.vector_name = vector_name

    def of_registers(self, rip, rsp, rbp):
        """Returns the backtrace of a processor's registers at any instruction."""
        frames = [Frame(rip, False)]
        if rip < USER_END:
            return self._follow_user(frames, rbp)
        events = Events(self.memory)
        if events.in_entry(rip, rsp, rbp):
            frames[0].note = "in the entry code"
            trap = events.frame_in_entry(rip, rsp)
            if trap is None:
                frames[0].note += ", before its frame is whole"
                return frames
            interrupted = self.memory.structure("trap_frame", trap)
            place = events.processors.entry_stack_of(rsp)
            frames.append(Frame(interrupted.rip, False, "interrupted" + (
                f"; on the {place[2]} stack since" if place else "")))
            self._frameless(frames, interrupted.rip, interrupted.rsp)
            return self._follow(frames, rbp)
        self._frameless(frames, rip, rsp)
        return self._follow(frames, rbp)

    def of_saved(self, rip, rbp):
        """Returns the backtrace of a thread that does not run."""
        return self._follow([Frame(rip, not self.is_first(rip))], rbp)

    def is_first(self, rip):
        """Returns whether a new thread begins here. Then no call lies before it."""
        return rip == self.facts.address("thread_trampoline")

    def _follow(self, frames, pointer):
        try:
            while pointer and len(frames) < FRAMES_MOST:
                if pointer & self.facts.constant("TRAP_FRAME_MARK"):
                    trap = self.memory.structure("trap_frame", pointer & ~1)
                    if trap.rip < USER_END:
                        frames.append(Frame(trap.rip, False, "user mode, left by "
                                            + self._way(trap.vector)))
                        return self._follow_user(frames, trap.rbp)
                    frames.append(Frame(trap.rip, False,
                                        f"interrupted by {self.vector_name(trap.vector & 0xff)}"))
                    self._frameless(frames, trap.rip, trap.rsp)
                    pointer = trap.rbp
                    continue
                below, address = self.memory.word(pointer), self.memory.word(pointer + 8)
                if not address:
                    break
                frames.append(Frame(address, True))
                if below and not below & 1 and below <= pointer:
                    frames.append(Frame(0, False, "the chain of frame pointers breaks off here"))
                    break
                pointer = below
            if len(frames) == FRAMES_MOST:
                frames.append(Frame(0, False, "and more"))
        except MemoryFault:
            frames.append(Frame(0, False, "the chain of frame pointers leads to nowhere"))
        return frames

    def _way(self, vector):
        """Returns by what a thread left user mode."""
        return "a system call" if vector == VECTOR_SYSCALL else self.vector_name(vector & 0xff)

    def _follow_user(self, frames, pointer):
        """Follows the frame pointers of a program, which may be anything."""
        try:
            while self.user is not None and pointer and len(frames) < FRAMES_MOST:
                below, address = self.user.word(pointer), self.user.word(pointer + 8)
                if not address:
                    break
                frames.append(Frame(address, True))
                pointer = below if below > pointer else 0
        except MemoryFault:
            pass  # the program had no frame there
        return frames

    def _frameless(self, frames, rip, rsp):
        """Handles a function that was stopped before it set up its frame. Its caller's address lies
        at RSP or above the pushed RBP, as in arch/x86_64/entry/unwind_prologue.c."""
        start = self.function(rip)
        try:
            if start is not None and start != rip:
                code = self.memory.read(start, rip - start + 4)
                at = code.find(bytes((PUSH_RBP,)) + MOV_RBP_RSP)
                at = at if 0 <= at < rip - start else rip - start
                if at < rip - start and code[rip - start] != RET:
                    if rip - start != at + 1:
                        return
                    rsp += 8
            address = self.memory.word(rsp)
        except MemoryFault:
            return
        if address and self.function(address - 1) is not None:
            frames.append(Frame(address, True))


def interrupted_rsp(memory, rsp):
    """Returns the stack pointer on a thread's stack. On an entry stack, this is the one that the
    event interrupted."""
    events = Events(memory)
    for _ in range(memory.facts.constant("ENTRY_KINDS")):
        trap = events.first_on(rsp)
        if trap is None:
            break
        rsp = memory.structure("trap_frame", trap).rsp
    return rsp


def depth(memory, thread, rsp):
    """Returns the bytes from a stack's top down to RSP, or None if RSP lies elsewhere."""
    _, bottom, end = Stacks(memory).range_of(thread.slot)
    return end - rsp if bottom <= rsp <= end else None
