"""What the grader sees for itself, in page tables, magazines and memory, through QEMU's gdb stub.

Nothing here asks the kernel. An observer stops the machine where a function begins and where it
returns, reads the machine's state at both moments, and compares the second with what the first one
demands. The machine has one CPU, so nothing else runs meanwhile.
"""

PRESENT, LARGE, FRAME = 1, 1 << 7, 0x000ffffffffff000
RIGHTS = ~(FRAME | 0x60)  # Accessed and Dirty are the processor's
KERNEL_DATA = 1 << 63 | 0x103  # present, writable, global, not executable
DIRECT_MAP_BASE = 0xffff800000000000
STACK_PAGES, PAGE_BYTES, ENTRY_BYTES = 4, 4096, 8
HOLE = 2
ENTRY_STACK_BASE, ENTRY_STACKS_BYTES = 0xffffe00000000000, 32 << 20
SLOT_BYTES = 0x8000
ROUNDS_MOST = 64
WORD = 0xffffffffffffffff


def state_of(entry):
    """Returns the state of a leaf entry that is not present (mm/stack/stack_entry.h)."""
    return (entry & 0x1f) >> 1


def frame_of(entry):
    """Returns the frame that an entry names."""
    return (entry if entry & PRESENT else entry ^ FRAME) & FRAME


class Machine:
    """Reads the state of the stopped machine."""

    def __init__(self, gdb, image, constants):
        self.gdb, self.image, self.constants = gdb, image, constants
        self.processor = lambda: ""  # what QEMU says of the processor's registers

    def own(self, name, offset=0):
        """Returns the address of CPU 0's copy of a variable."""
        return (self.image.address[name] + self.gdb.word(self.image.address["percpu_offset"])
                + offset) & WORD

    def words(self, address, count):
        """Returns 64-bit words from the machine's memory."""
        data = self.gdb.read(address, count * 8)
        return [int.from_bytes(data[i * 8:i * 8 + 8], "little") for i in range(count)]

    def entry(self, table, index):
        """Returns an entry of the page table at a physical address."""
        return int.from_bytes(self.gdb.read_physical(table + 8 * index, 8), "little")

    def is_mapped(self, address):
        """Returns whether the tables that CR3 names map an address."""
        table = self.gdb.root()
        for shift in (39, 30, 21, 12):
            entry = self.entry(table, address >> shift & 511)
            if not entry & PRESENT:
                return False
            if shift < 39 and entry & LARGE:
                break
            table = entry & FRAME
        return True

    def magazine(self):
        """Returns (rounds taken, capacity, all rounds) of CPU 0's magazine."""
        def number(word):
            address = self.own("magazine", self.constants[word])
            return int.from_bytes(self.gdb.read(address, 4), "little")
        rounds = self.words(self.own("magazine", self.constants["MAGAZINE_ROUNDS"]), ROUNDS_MOST)
        return number("MAGAZINE_TAKEN"), number("MAGAZINE_CAPACITY"), rounds

    def place(self, member):
        """Returns where a member lies in its structure (tests/support/layout.c), as the kernel's file says."""
        _, data = self.image.bytes_of(f"layout_{member}")
        return int.from_bytes(data, "little")

    def number(self, address, count=4):
        """Returns a number of so many bytes from the machine's memory."""
        return int.from_bytes(self.gdb.read(address & WORD, count), "little")

    def page_is_zero(self, frame):
        """Returns whether every byte of a frame is zero."""
        return not any(self.gdb.read(DIRECT_MAP_BASE + frame, PAGE_BYTES))


class StackFaults:
    """Looks at each stack fault that is to be served: exactly the missing pages came, with the right
    frames and rights, from the magazine, and zeroed."""

    function = "stack_fault"
    most = 1_000_000  # instructions: it takes some hundred, and has nothing to wait for

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._before = machine, 0, [], None

    def begin(self):
        """The function begins. Returns whether its end is to be seen."""
        machine, constants = self.machine, self.machine.constants
        address = machine.gdb.fault_address()
        offset = address - constants["STACK_OBJECT_BASE"]
        if not 0 <= offset < 1 << 36 or offset % SLOT_BYTES < SLOT_BYTES // 2:
            return False
        floor = address - offset % SLOT_BYTES + SLOT_BYTES // 2
        leaves = constants["STACK_LEAVES"] + (floor - constants["STACK_OBJECT_BASE"]) // 512
        entries = machine.words(leaves & WORD, STACK_PAGES)
        page = (address - floor) // PAGE_BYTES
        if entries[page] & PRESENT or state_of(entries[page]) != HOLE:
            return False
        used = machine.words(machine.own("stack_use"), 2)
        if entries[page] not in used:
            return False
        stack, = machine.words(machine.gdb.register("rdi") + constants["FRAME_RSP"], 1)
        if ENTRY_STACK_BASE <= stack < ENTRY_STACK_BASE + ENTRY_STACKS_BYTES:
            self.wrong.append(f"stack fault at {address:#x}: expected none from code on an entry stack; its "
                              f"stack pointer is {stack:#x}")
        self._before = (address, floor, leaves & WORD, page, entries, machine.magazine())
        return True

    def end(self):
        """The function returns."""
        complaint = self._compare()
        if complaint:
            self.wrong.append(f"stack fault at {self._before[0]:#x}: {complaint}")
        else:
            self.right += 1

    def _compare(self):
        _, floor, leaves, page, before, (taken, capacity, rounds) = self._before
        after = self.machine.words(leaves, STACK_PAGES)
        taken_after, _, _ = self.machine.magazine()
        top = next((i for i in range(page, STACK_PAGES) if before[i] & PRESENT), STACK_PAGES)
        holes = [i for i in range(page, top) if state_of(before[i]) == HOLE]
        for i in range(STACK_PAGES):
            where = f"page {i} of the stack, counted from the lowest,"
            if not page <= i < top:
                if (before[i] ^ after[i]) & ~0x60:
                    return f"{where} was not to change: {before[i]:#x} before, {after[i]:#x} now"
            elif not after[i] & PRESENT:
                return f"expected {where} to be present; its entry is {after[i]:#x}"
            elif i not in holes and frame_of(after[i]) != frame_of(before[i]):
                return f"expected {where} to have its own frame {frame_of(before[i]):#x} again; it has " \
                    f"{frame_of(after[i]):#x}"
        got = [after[i] & ~0x60 for i in holes]
        rounds = [entry & ~0x60 for entry in rounds]
        if taken_after != taken + len(holes) or taken_after > capacity:
            return f"expected {len(holes)} rounds to be taken; the magazine says {taken_after - taken}"
        if sorted(got) != sorted(rounds[taken:taken_after]):
            return f"expected the entries {', '.join(map(hex, rounds[taken:taken_after]))} of the " \
                f"magazine; found {', '.join(map(hex, got))}"
        for i in holes:
            if not self.machine.page_is_zero(frame_of(after[i])):
                return f"expected page {i} at {floor + i * PAGE_BYTES:#x} to be zero; it is not"
        return ""


class Refills:
    """Looks at each refill: the rounds that are there when it returns are zeroed frames, each once."""

    function = "magazine_refill_more"

    def __init__(self, machine):
        self.machine, self.right, self.wrong = machine, 0, []

    def begin(self):
        """The function begins."""
        return True

    def end(self):
        """The function returns."""
        taken, capacity, rounds = self.machine.magazine()
        there = rounds[taken:capacity]
        if taken > capacity:
            self.wrong.append(f"refill: {taken} rounds are taken of {capacity}")
        elif len({frame_of(entry) for entry in there}) != len(there):
            self.wrong.append("refill: expected each frame once in the magazine; one is there twice")
        elif any(entry & ~(FRAME | 0x60) != KERNEL_DATA & ~0x60 for entry in there):
            self.wrong.append("refill: expected complete leaf entries; found "
                              + ", ".join(map(hex, there)))
        elif not all(self.machine.page_is_zero(frame_of(entry)) for entry in there):
            self.wrong.append("refill: expected frames of zeros; one has other bytes")
        else:
            self.right += 1


class Buddy:
    """Looks at the lists of free blocks after each block that was taken: each list is linked both ways and
    counted, each block is free, aligned and merged, and the block that was taken is in none."""

    function = "buddy_take"
    ORDERS, NONE, FREE, ALLOCATED, BLOCKS_MOST = 11, 0xffffffff, 1, 3, 4000
    RECORDS_EVERY = 8  # of so many looks one reads all records

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._call = machine, 0, [], None

    def begin(self):
        """The function begins."""
        registers = self.machine.gdb.registers()
        self._call = registers["rdi"], registers["rsi"] & 0xffffffff, registers["rdx"]
        return True

    def end(self):
        """The function returns."""
        complaint = self._compare(self.machine.gdb.register("rax") & 0xff)
        if complaint:
            self.wrong.append("free blocks: " + complaint)
        else:
            self.right += 1

    def _numbers(self, address, count):
        data = self.machine.gdb.read(address, count * 4)
        return [int.from_bytes(data[i * 4:i * 4 + 4], "little") for i in range(count)]

    def _record(self, frames, number):
        following, previous, _, small = self._numbers(frames + 16 * number, 4)
        return following, previous, small & 0xff, small >> 8 & 0xff

    def _compare(self, taken):
        lists, order, first = self._call
        frames, = self.machine.words(lists, 1)
        count, free_count, *rest = self._numbers(lists + 8, 2 + 2 * self.ORDERS)
        found, total = {}, 0
        for size, (head, blocks) in enumerate(zip(rest[:self.ORDERS], rest[self.ORDERS:])):
            before, number, length = self.NONE, head, 0
            while number != self.NONE:
                if number >= count or number % (1 << size) or length > self.BLOCKS_MOST:
                    return f"frame {number} is in the list of order {size}"
                following, previous, state, told = self._record(frames, number)
                if (previous, state, told) != (before, self.FREE, size):
                    return f"expected the record of block {number} to say before {before}, free, order " \
                        f"{size}; it says {previous}, state {state}, {told}"
                found[number] = size
                before, number, length = number, following, length + 1
            if length != blocks:
                return f"expected {length} blocks of order {size}, as in the list; blocks[] says {blocks}"
            total += length << size
        if total != free_count:
            return f"expected {total} free frames, as in the lists; free_count says {free_count}"
        if (self.right + len(self.wrong)) % self.RECORDS_EVERY == 0:
            records = self.machine.gdb.read(frames, 16 * count)
            stray = [i for i in range(count) if records[16 * i + 12] == self.FREE and i not in found]
            if stray:
                return f"expected each record that says FREE to be in a list; block {stray[0]} is in none"
        for number, size in found.items():
            if size < self.ORDERS - 1 and found.get(number ^ 1 << size) == size:
                return f"expected blocks {number} and {number ^ 1 << size} of order {size} to be merged"
        return self._look_at_taken(frames, self._numbers(first, 1)[0], order, found) if taken else ""

    def _look_at_taken(self, frames, number, order, found):
        _, _, state, told = self._record(frames, number)
        if number % (1 << order) or (state, told) != (self.ALLOCATED, order):
            return f"expected an aligned, allocated block of order {order}; {number} has state {state}, " \
                f"order {told}"
        if any(number < other + (1 << size) and other < number + (1 << order)
               for other, size in found.items()):
            return f"block {number} of order {order} was taken and is still in a list"
        return ""


class Mappings:
    """Looks at each range that was mapped: the tables that CR3 names lead to the right frames with the right
    rights. Tables are read by physical address."""

    function = "paging_map"
    LARGE, RECURSIVE, PAGES_MOST = 1 << 7, 400, 64

    def __init__(self, machine):
        self.machine, self.right, self.wrong, self._call = machine, 0, [], None

    def begin(self):
        """The function begins. Returns whether the kernel's own tables are in use."""
        registers = self.machine.gdb.registers()
        self._call = [registers[name] for name in ("rdi", "rsi", "rdx", "rcx")]
        root = self.machine.gdb.root()
        return self._entry(root, self.RECURSIVE) & FRAME == root

    def end(self):
        """The function returns."""
        if self.machine.gdb.register("rax") & 0xffffffff:
            return
        address, physical, count, flags = self._call
        for page in range(0, min(count, self.PAGES_MOST * PAGE_BYTES), PAGE_BYTES):
            frame, rights = self._walk(address + page)
            if frame != physical + page or (rights ^ flags) & ~(0x60 | self.LARGE):
                self.wrong.append(f"expected {address + page:#x} to lead to {physical + page:#x} with rights "
                                  f"{flags:#x}; it leads to {frame:#x} with {rights:#x}")
                return
        self.right += 1

    def _entry(self, table, index):
        return int.from_bytes(self.machine.gdb.read_physical(table + 8 * index, 8), "little")

    def _walk(self, address):
        table = self.machine.gdb.root()
        for shift in (39, 30, 21, 12):
            entry = self._entry(table, address >> shift & 511)
            if not entry & PRESENT:
                return 0, 0
            table = entry & FRAME
            if shift == 12 or entry & self.LARGE:
                inside = address & (1 << shift) - PAGE_BYTES
                return (table & ~((1 << shift) - 1)) + inside, entry & ~FRAME
        return 0, 0
