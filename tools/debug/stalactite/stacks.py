"""Kernel stacks, their slots and the magazines behind them, as the page tables tell."""

from .memory import INDEX_BITS, MemoryFault, words_of

# States of a page that was unmapped while its thread sleeps; it may come back as it was.
KEEPS_ITS_FRAME = ("unmapping", "standby")


class Page:
    """One page of a slot: its address, its leaf entry, and what that says."""

    def __init__(self, address, entry, state, owner, frame):
        self.address = address
        self.entry = entry
        self.state = state  # backed, hole, guard, ...: enum stack_page_state in small letters
        self.owner = owner  # the slot that the entry names; None where it names a frame
        self.frame = frame  # physical address; None where there is none


class Stacks:
    """Reads stacks through a Memory."""

    def __init__(self, memory):
        self.memory = memory
        self.facts = memory.facts

    def slot_of(self, address):
        """The slot in whose addresses, guard included, this one lies; None outside."""
        facts = self.facts
        offset = address - facts.constant("STACK_OBJECT_BASE")
        if not 0 <= offset < facts.constant("STACK_OBJECT_BYTES"):
            return None
        step = offset // facts.constant("STACK_SLOT_BYTES")
        return step | (1 << self.size_of(step)) - 1

    def size_of(self, slot):
        """The size of a slot's stack: 0 for the smallest, one more for each doubling. The same
        arithmetic as mm/stack/stack_size.h, whose functions are inlined and cannot be called."""
        return slot >> self.facts.constant("STACK_SIZE_SHIFT")

    def range_of(self, slot):
        """(first address of the guard, first of the stack, end) of a slot."""
        facts = self.facts
        size, step = self.size_of(slot), facts.constant("STACK_SLOT_BYTES")
        end = facts.constant("STACK_OBJECT_BASE") + (slot + 1) * step
        return end - (step << size), end - (facts.constant("STACK_BYTES") << size), end

    def floor_of(self, slot):
        """The lowest address that faults fill; a larger stack goes on below it if asked to."""
        return self.range_of(slot)[2] - self.facts.constant("STACK_BYTES")

    def page(self, address):
        """The page that an address of a slot lies in."""
        facts = self.facts
        address -= address % facts.constant("PAGE_BYTES")
        step = self.memory.walk(address).leaf
        if step is None:
            return Page(address, 0, "none", None, None)
        return self.decode(address, step.entry)

    def decode(self, address, entry):
        """What a leaf entry of the stack object says."""
        facts = self.facts
        if entry & facts.constant("PAGE_PRESENT"):
            return Page(address, entry, "backed", None, entry & facts.constant("PAGE_ADDRESS_MASK"))
        state = (entry & facts.constant("STACK_ENTRY_STATE_MASK")) >> 1
        word = facts.word("stack_page_state", state, "STACK_PAGE_")
        if word in KEEPS_ITS_FRAME:
            return Page(address, entry, word, None, entry & facts.constant("PAGE_ADDRESS_MASK"))
        return Page(address, entry, word, entry >> facts.constant("STACK_ENTRY_SLOT_SHIFT"), None)

    def pages(self, slot, start=None):
        """All pages of a slot, or those from an address on, lowest first. One walk for each leaf
        table, for a large stack has hundreds of pages."""
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
        """How far down from the top something other than zero lies in the backed pages."""
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
        """How many pages a slot's stack could still ask of a processor: those above its floor that
        are not there."""
        return sum(1 for page in self.pages(slot, self.floor_of(slot)) if page.state != "backed")


class Processors:
    """What each processor keeps for itself."""

    def __init__(self, memory):
        self.memory = memory
        self.facts = memory.facts

    def count(self):
        """How many run. 0 before the first has said so."""
        return int.from_bytes(self.memory.read(self.facts.address("cpus_online"), 4), "little")

    def offset(self, cpu):
        """What GS holds on a processor: how far its copies lie from the first ones."""
        return self.memory.word(self.facts.address("percpu_offset") + 8 * cpu)

    def by_offset(self, offset):
        """The number of the processor whose GS this is; None if there is none."""
        return next((cpu for cpu in range(self.count()) if self.offset(cpu) == offset), None)

    def variable(self, name, cpu):
        """The address of a processor's copy of a variable."""
        return (self.facts.address(name) + self.offset(cpu)) % (1 << 64)

    def magazine(self, cpu):
        """A processor's magazine."""
        return self.memory.structure("magazine", self.variable("magazine", cpu))

    def running(self, cpu):
        """The address of the thread that runs there; 0 before the first."""
        return self.memory.word(self.variable("thread_running", cpu))

    def slots_in_use(self, cpu):
        """(current, next): the slots whose holes a fault there would fill; None for none."""
        use = self.memory.structure("stack_use", self.variable("stack_use", cpu))
        stacks = Stacks(self.memory)
        return tuple(stacks.decode(0, hole).owner if hole else None
                     for hole in (use.current_hole, use.next_hole))

    def entry_stack_of(self, address):
        """(cpu, kind, name, top of the area that is in use) of an entry stack; None elsewhere."""
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
        """Where the entry stack that holds an address ends, all of its areas; None elsewhere."""
        if self.entry_stack_of(address) is None:
            return None
        facts = self.facts
        within = (address - facts.constant("ENTRY_STACK_BASE")) % facts.constant("ENTRY_STACK_STRIDE")
        return address - within + facts.constant("ENTRY_STACK_BYTES")


def present_or_none(function, *arguments):
    """The function's answer, or None where memory is not mapped."""
    try:
        return function(*arguments)
    except MemoryFault:
        return None
