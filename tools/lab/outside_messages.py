"""What the grader sees of threads, messages and paged memory: more observers for outside.py. A member's place in
its structure comes from the kernel's file (tests/support/layout.c)."""

PRESENT, FRAME, PAGE_BYTES = 1, 0x000ffffffffff000, 4096
WORD = 0xffffffffffffffff


class RunQueue:
    """Looks at CPU 0's run queue at ticks: each list holds ready threads of its priority, linked both ways, the
    bits say which lists hold any, and `runnable` counts them and the thread that runs."""

    function = "schedule_tick"
    PRIORITIES, READY, RUNNING, THREADS_MOST = 32, 0, 1, 2000

    def __init__(self, machine):
        self.machine, self.right, self.wrong = machine, 0, []

    def begin(self):
        """The function begins: no CPU is inside of the queue, because interrupts were on."""
        complaint = self._complaint()
        if complaint:
            self.wrong.append("run queue: " + complaint)
        else:
            self.right += 1
        return False

    def _complaint(self):
        machine = self.machine
        queue = machine.own("run_queue")
        lists, bits = queue + machine.place("queue_lists"), machine.number(queue + machine.place("queue_bits"))
        current, = machine.words(queue + machine.place("queue_current"), 1)
        idle, = machine.words(queue + machine.place("queue_idle"), 1)
        total = int(current != idle)
        for priority in range(self.PRIORITIES):
            head = (lists + 16 * priority) & WORD
            before, (node, _) = head, machine.words(head, 2)
            if (node != head) != bool(bits >> priority & 1):
                return f"expected bit {priority} to say whether threads of that priority are ready; the bits are {bits:#x}"
            while node != head:
                total += 1
                thread = node - machine.place("thread_node")
                state = machine.number(thread + machine.place("thread_state"), 1)
                own = machine.number(thread + machine.place("thread_priority"), 1)
                following, previous = machine.words(node, 2)
                if (state, own, previous) != (self.READY, priority, before) or total > self.THREADS_MOST:
                    return f"expected a ready thread of priority {priority}, linked both ways; found state {state}, " \
                        f"priority {own}"
                before, node = node, following
        runnable = machine.number(queue + machine.place("queue_runnable"))
        return "" if runnable == total else f"expected {total} runnable threads; the queue says {runnable}"


class Messages:
    """Looks at each receive that finds a caller: the message arrives word for word, with the right to answer
    just this call, and the caller has left the queue and waits for the answer."""

    function = "ipc_receive"
    AWAITS_REPLY, MESSAGE_WORDS = 2, 8  # six words, tag, badge

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._before = machine, 0, [], None

    def begin(self):
        """The function begins. Returns whether a caller waits already."""
        machine = self.machine
        registers = machine.gdb.registers()
        callers = registers["rsi"] + machine.place("endpoint_callers")
        bits = machine.number(callers)
        if bits == 0:
            return False
        head = callers + machine.place("callers_lists") + 16 * (bits.bit_length() - 1)
        caller = machine.words(head, 1)[0] - machine.place("ipc_node")
        self._before = registers["rdi"], caller, self._message(caller), self._call(caller)
        return True

    def end(self):
        """The function returns."""
        complaint = self._compare(self.machine.gdb.register("rax") & 0xffffffff)
        if complaint:
            self.wrong.append("receive: " + complaint)
        else:
            self.right += 1

    def _message(self, state):
        return self.machine.words(state + self.machine.place("ipc_message"), self.MESSAGE_WORDS)

    def _call(self, state):
        return self.machine.words(state + self.machine.place("ipc_call"), 1)[0]

    def _compare(self, error):
        receiver, caller, sent, call = self._before
        if error:
            return f"expected the message of the caller that waited; the result is {error - (1 << 32)}"
        got = self._message(receiver)
        if got != sent:
            return f"expected the words, tag and badge {', '.join(map(hex, sent))}; got {', '.join(map(hex, got))}"
        right = self.machine.words(receiver + self.machine.place("ipc_right"), 2)
        if right != [caller, call]:
            return f"expected the right to answer call {call} of {caller:#x}; it is for call {right[1]} of {right[0]:#x}"
        phase = self.machine.number(caller + self.machine.place("ipc_phase"), 1)
        node = caller + self.machine.place("ipc_node")
        if phase != self.AWAITS_REPLY or self.machine.words(node, 1)[0] != node & WORD:
            return f"expected the caller to have left the queue and to await the answer; its phase is {phase}"
        return ""


class PagedFaults:
    """Looks at each fault in the region of the tests' pager: when it is resolved, the tables that CR3 names
    have the page for user mode, with the right that the access needs, and it is one that the pager gave."""

    function = "address_space_fault"
    FIRST, BYTES = 0x20000000, 256 * PAGE_BYTES  # tests/task/pager_fixture.h
    WRITE, WRITABLE, USER = 2, 2, 4

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._call = machine, 0, [], None

    def begin(self):
        """The function begins. Returns whether it is such a fault, and of a page that is missing."""
        registers = self.machine.gdb.registers()
        self._call = registers["rsi"], registers["rdx"] & 0xffffffff
        return self.FIRST <= registers["rsi"] < self.FIRST + self.BYTES

    def end(self):
        """The function returns."""
        address, access = self._call
        entry = self._leaf(address)
        wanted = PRESENT | self.USER | (self.WRITABLE if access & self.WRITE else 0)
        there = entry & wanted == wanted
        if self.machine.gdb.register("rax") & 0xffffffff:
            return  # the tests say whether it may be refused
        if there:
            self.right += 1
        else:
            self.wrong.append(f"fault at {address:#x}: expected the page to be there for the access; its entry is "
                              f"{entry:#x}")

    def _leaf(self, address):
        entry = self.machine.gdb.root()
        for shift in (39, 30, 21, 12):
            table = entry & FRAME
            entry = int.from_bytes(self.machine.gdb.read_physical(table + 8 * (address >> shift & 511), 8), "little")
            if not entry & PRESENT:
                return 0
        return entry


OBSERVERS = {"run-queue": RunQueue, "messages": Messages, "paged-faults": PagedFaults}
