"""Kernel stacks, their slots and the magazines behind them, as the page tables tell."""

from .memory import MemoryFault, words_of


class Page:
    """One page of a slot: its address, its leaf entry, and what that says."""

    def __init__(self, address, entry, state, owner, frame):
        self.address = address
        self.entry = entry
        self.state = state  # backed, hole, guard, swapped, free, none
        self.owner = owner  # the slot that the entry names; None of a backed page
        self.frame = frame  # physical address; None unless backed


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
        return step | ((1 << (step >> facts.constant("STACK_SIZE_SHIFT"))) - 1)

    def range_of(self, slot):
        """(first address of the guard, first of the stack, end) of a slot."""
        facts = self.facts
        size = slot >> facts.constant("STACK_SIZE_SHIFT")
        end = facts.constant("STACK_OBJECT_BASE") + (slot + 1) * facts.constant("STACK_SLOT_BYTES")
        return (end - (facts.constant("STACK_SLOT_BYTES") << size),
                end - (facts.constant("STACK_BYTES") << size), end)

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
        return Page(address, entry, word, entry >> facts.constant("STACK_ENTRY_SLOT_SHIFT"), None)

    def pages(self, slot):
        """All pages of a slot, lowest (guard) first."""
        start, _, end = self.range_of(slot)
        return [self.page(address)
                for address in range(start, end, self.facts.constant("PAGE_BYTES"))]

    def deepest_byte(self, slot):
        """How far down from the top something other than zero lies in the backed pages."""
        _, bottom, end = self.range_of(slot)
        for page in self.pages(slot):
            if page.address < bottom or page.frame is None:
                continue
            data = self.memory.read_physical(page.frame, self.facts.constant("PAGE_BYTES"))
            for index, word in enumerate(words_of(data)):
                if word:
                    return end - (page.address + 8 * index)
        return 0

    def missing(self, slot):
        """How many of the pages that faults may fill are not there."""
        floor = self.range_of(slot)[2] - self.facts.constant("STACK_BYTES")
        return sum(1 for page in self.pages(slot)
                   if page.address >= floor and page.state != "backed")


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
        stride, each = facts.constant("ENTRY_STACK_CPU_STRIDE"), facts.constant("ENTRY_STACK_STRIDE")
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


def present_or_none(function, *arguments):
    """The function's answer, or None where memory is not mapped."""
    try:
        return function(*arguments)
    except MemoryFault:
        return None
