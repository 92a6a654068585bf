"""Reads kernel stacks, their slots and their magazines from the page tables."""

from .memory import INDEX_BITS, MemoryFault, words_of

# States of a page that is unmapped while its thread sleeps. It may return unchanged.
KEEPS_ITS_FRAME = ("unmapping", "standby")


class Page:
    """One page of a slot: its address, its leaf entry, and the entry's meaning."""

    def __init__(self, address, entry, state, owner, frame):
        self.address = address
        self.entry = entry
        self.state = state  # backed, hole, guard, ...: enum stack_page_state in small letters
        self.owner = owner  # the slot that the entry names, or None if it names a frame
        self.frame = frame  # physical address, or None


class Stacks:
    """Reads stacks through a Memory."""

    def __init__(self, memory):
        self.memory = memory
        self.facts = memory.facts

    def slot_of(self, address):
        """Returns the slot, guard included, that holds an address, or None."""
        facts = self.facts
        offset = address - facts.constant("STACK_OBJECT_BASE")
        if not 0 <= offset < facts.constant("STACK_OBJECT_BYTES"):
            return None
        step = offset // facts.constant("STACK_SLOT_BYTES")
        return step | (1 << self.size_of(step)) - 1

    def size_of(self, slot):
        """Returns the size of a slot's stack: 0 for the smallest, plus one for each doubling. The
        arithmetic is that of mm/stack/stack_size.h. Its functions are inlined, so gdb cannot call
        them."""
        return slot >> self.facts.constant("STACK_SIZE_SHIFT")

    def range_of(self, slot):
        """Returns (guard's first address, stack's first address, end) of a slot."""
        facts = self.facts
        size, step = self.size_of(slot), facts.constant("STACK_SLOT_BYTES")
        end = facts.constant("STACK_OBJECT_BASE") + (slot + 1) * step
        return end - (step << size), end - (facts.constant("STACK_BYTES") << size), end

    def floor_of(self, slot):
        """Returns the lowest address that faults fill. A larger stack extends below on request."""
        return self.range_of(slot)[2] - self.facts.constant("STACK_BYTES")

    def page(self, address):
        """Returns the page that an address of a slot lies in."""
        facts = self.facts
        address -= address % facts.constant("PAGE_BYTES")
        step = self.memory.walk(address).leaf
        if step is None:
            return Page(address, 0, "none", None, None)
        return self.decode(address, step.entry)

    def decode(self, address, entry):
        """Returns the Page that a leaf entry of the stack object describes."""
        facts = self.facts
        if entry & facts.constant("PAGE_PRESENT"):
            return Page(address, entry, "backed", None, entry & facts.constant("PAGE_ADDRESS_MASK"))
        state = (entry & facts.constant("STACK_ENTRY_STATE_MASK")) >> 1
        word = facts.word("stack_page_state", state, "STACK_PAGE_")
        named = (entry ^ facts.constant("STACK_ENTRY_INVERTED")) & facts.constant("PAGE_ADDRESS_MASK")
        if word in KEEPS_ITS_FRAME:
            return Page(address, entry, word, None, named)
        return Page(address, entry, word, named >> facts.constant("STACK_ENTRY_SLOT_SHIFT"), None)

    def pages(self, slot, start=None):
        """Returns the pages of a slot, or those from an address on, lowest first. It does one walk
        for each leaf table, because a large stack has hundreds of pages."""
        begin, _, end = self.range_of(slot)
        page_bytes, found, address = self.facts.constant("PAGE_BYTES"), [], start or begin
        while address < end:
            step = self.memory.walk(address).leaf
            count = min((end - address) // page_bytes, (1 << INDEX_BITS) - (address // page_bytes)
                        % (1 << INDEX_BITS))
            entries = [0] * count
            if step is not None:
                entries = words_of(self.memory.read_physical(step.at, 8 * count))
            found += [self.decode(address + i * page_bytes, entry)
                      for i, entry in enumerate(entries)]
            address += count * page_bytes
        return found

    def deepest_byte(self, slot):
        """Returns the distance from the top to the lowest nonzero byte in backed pages."""
        _, bottom, end = self.range_of(slot)
        for page in self.pages(slot):
            if page.address < bottom or page.state != "backed":
                continue
            data = self.memory.read_physical(page.frame, self.facts.constant("PAGE_BYTES"))
            for index, word in enumerate(words_of(data)):
                if word:
                    return end - (page.address + 8 * index)
        return 0

    def missing(self, slot):
        """Returns how many pages a slot's stack could still request from a processor: the missing
        pages above its floor."""
        return sum(1 for page in self.pages(slot, self.floor_of(slot)) if page.state != "backed")


class Processors:
    """The per-CPU data of each processor."""

    def __init__(self, memory):
        self.memory = memory
        self.facts = memory.facts

    def count(self):
        """Returns the number of running processors, or 0 before the first is up."""
        return int.from_bytes(self.memory.read(self.facts.address("cpus_online"), 4), "little")

    def offset(self, cpu):
        """Returns a processor's GS base, the distance of its copies from the first ones."""
        return self.memory.word(self.facts.address("percpu_offset") + 8 * cpu)

    def by_offset(self, offset):
        """Returns the number of the processor with this GS base, or None."""
        return next((cpu for cpu in range(self.count()) if self.offset(cpu) == offset), None)

    def variable(self, name, cpu):
        """Returns the address of a processor's copy of a variable."""
        return (self.facts.address(name) + self.offset(cpu)) % (1 << 64)

    def magazine(self, cpu):
        """Returns a processor's magazine."""
        return self.memory.structure("magazine", self.variable("magazine", cpu))

    def running(self, cpu):
        """Returns the address of the thread that runs there, or 0 before the first."""
        return self.memory.word(self.variable("thread_running", cpu))

    def slots_in_use(self, cpu):
        """Returns (current, next), the slots whose holes a fault there would fill, or None."""
        use = self.memory.structure("stack_use", self.variable("stack_use", cpu))
        stacks = Stacks(self.memory)
        return tuple(stacks.decode(0, hole).owner if hole else None
                     for hole in (use.current_hole, use.next_hole))

    def entry_stack_of(self, address):
        """Returns an entry stack's (cpu, kind, name, top of the area in use), or None."""
        facts = self.facts
        offset = address - facts.constant("ENTRY_STACK_BASE")
        stride = facts.constant("ENTRY_STACK_CPU_STRIDE")
        each = facts.constant("ENTRY_STACK_STRIDE")
        if not 0 <= offset < facts.constant("CPU_MAX") * stride:
            return None
        cpu, kind, within = offset // stride, offset % stride // each, offset % each
        if not 0 < kind < facts.constant("ENTRY_KINDS") or \
                within > facts.constant("ENTRY_STACK_BYTES"):
            return None
        area = facts.constant("ENTRY_AREA_BYTES")
        top = address - within + (within + area - 1) // area * area
        name = self.memory.string(self.memory.word(facts.address("entry_stack_names") + 8 * kind))
        return cpu, kind, name, top

    def entry_stack_top_of(self, address):
        """Returns the end of the entry stack (all areas) that holds an address, or None."""
        if self.entry_stack_of(address) is None:
            return None
        facts = self.facts
        within = (address - facts.constant("ENTRY_STACK_BASE")) % facts.constant("ENTRY_STACK_STRIDE")
        return address - within + facts.constant("ENTRY_STACK_BYTES")


def present_or_none(function, *arguments):
    """Returns the function's result, or None if memory is not mapped."""
    try:
        return function(*arguments)
    except MemoryFault:
        return None
