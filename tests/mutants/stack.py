"""The pages of a stack: holes, guards, leaf entries, shootdowns (I4 to I6)."""

from runner.mutant import ALL_MODES, BUT_EAGER, FAULT_AND_EAGER, FAULT_AND_LEND, Mutant

FAULT = "mm/stack/stack_fault.c"
FAULT_PATH = "mm/stack/stack_fault_path.asm"
RESERVATION = "sched/stack/stack_reservation.c"
LARGE = "mm/stack/stack_large.c"
LEND = "mm/stack_modes/stack_lend.c"
SHOOTDOWN = "arch/x86_64/apic/shootdown.c"
SLOT = "mm/stack/stack_slot.c"
STACK_REAP = "mm/stack/stack_reap.c"
STACK_ENTRY = "mm/stack/stack_entry.h"
STACK_PAGES = "mm/stack/stack_pages.c"
TRIM = "mm/stack/stack_trim.c"

MUTANTS = (
    # I4: one hole in a stack, below what is backed, above the guard.
    Mutant("fill-the-touched-page-only", "I4", "STK0011", "stack_entry_state",
           modes=FAULT_AND_LEND, edits=((FAULT_PATH, """\
    test byte [rcx + 8], PAGE_PRESENT
    jz .more
    FILL 1
""", """\
    FILL 1
"""),)),
    Mutant("fill-one-page-too-few", "I4", "STK0003", "growth.faults",
           modes=FAULT_AND_LEND, edits=((FAULT_PATH,
        "    FILL 3\n", "    add rcx, 8\n    FILL 2\n"),)),
    Mutant("guard-is-a-hole", "I4", "STK0012", "STACK_PAGE_GUARD", modes=ALL_MODES,
           edits=((SLOT,
        "guard[page] = stack_entry_make(STACK_PAGE_GUARD, slot);",
        "guard[page] = stack_entry_make(STACK_PAGE_HOLE, slot);"),)),
    Mutant("no-room-asked-to-be-preempted", "I4", "OVF0007", r"stack overflow of thread \d+ \(tested\)",
           edits=((FAULT,
        "uintptr_t room = address - ENTRY_CONTINUE_BYTES;", "uintptr_t room = address;"),)),
    Mutant("large-guard-is-too-small", "I4", "LRG0001", "STACK_PAGE_GUARD", edits=((SLOT,
        "    for (uintptr_t page = 0; page < half; page++) {",
        "    for (uintptr_t page = half - STACK_PAGES; page < half; page++) {"),)),
    Mutant("large-stack-in-the-wrong-region", "I5", "LRG0001", "stack_bytes_of",
           modes=ALL_MODES, edits=((LARGE,
        "int error = stack_slot_allocate(size, slot);",
        "int error = stack_slot_allocate(size - 1, slot);"),)),
    Mutant("fault-floor-at-the-bottom", "I4", "LRG0120", "stray access.*below its fault floor",
           edits=((FAULT, "stack_entry_is(entry, STACK_PAGE_GUARD) || stack_entry_is(entry, "
                   "STACK_PAGE_BEYOND);", "stack_entry_is(entry, STACK_PAGE_GUARD);"), (FAULT,
        "(entry_is_the_end(entry) || address < stack_floor(slot)) &&",
        "entry_is_the_end(entry) &&"))),
    Mutant("depth-released-leaves-holes", "I4", "LRG0122", "while page .* is still in use",
           modes=BUT_EAGER, edits=((STACK_PAGES,
        "stack_entry_make(STACK_PAGE_BEYOND, slot));",
        "stack_entry_make(STACK_PAGE_HOLE, slot));"),)),
    Mutant("below-the-floor-is-a-hole", "I4", "LRG0120", "while page .* is still in use",
           modes=FAULT_AND_LEND, edits=((SLOT,
        "bottom[page] = stack_entry_make(STACK_PAGE_BEYOND, slot);",
        "bottom[page] = stack_entry_make(STACK_PAGE_HOLE, slot);"),)),
    # I5: the leaf entry is the truth.
    Mutant("page-taken-is-no-hole", "I5", "STK0105", "stray access.*no thread owns",
           edits=((STACK_PAGES,
        "count += entry_free(&entries[page], stack_entry_make(STACK_PAGE_HOLE, slot));",
        "count += entry_free(&entries[page], stack_entry_make(STACK_PAGE_FREE, slot));"),)),
    Mutant("guard-names-no-slot", "I5", "STK0012", "stack_entry_slot", modes=ALL_MODES,
           edits=((SLOT,
        "guard[page] = stack_entry_make(STACK_PAGE_GUARD, slot);",
        "guard[page] = stack_entry_make(STACK_PAGE_GUARD, 0);"),)),
    Mutant("entries-name-memory", "I5", "LTF0001", "count.in_memory is", edits=((STACK_ENTRY,
        "#define STACK_ENTRY_INVERTED PAGE_ADDRESS_MASK", "#define STACK_ENTRY_INVERTED 0UL"),)),
    Mutant("release-takes-what-is-in-use", "I4", "LRG0126", "below the depth that",
           modes=BUT_EAGER, edits=((RESERVATION,
        "stack_give_back(self->slot, (uintptr_t)__builtin_frame_address(0) - RELEASE_ROOM);",
        "stack_give_back(self->slot, stack_floor(self->slot));"),)),
    # I6: no frame is used again before every CPU has forgotten where it was.
    Mutant("no-shootdown", "I6", "STK0110", "reuse.stale is", cpus=2, modes=ALL_MODES,
           edits=((SHOOTDOWN,
        "if (cpu_online_count() > 1) {", "if (cpu_online_count() > CPU_MAX) {"),)),
    Mutant("shootdown-not-awaited", "I6", "SMP0121", "listener.hears", cpus=2,
           modes=FAULT_AND_EAGER, edits=((SHOOTDOWN, """\
        while (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) != 0) {
            cpu_pause();
        }
""", ""),)),
    Mutant("stack-freed-without-shootdown", "I6", "STK0112",
           "in vain: shootdowns of the dead stack: only 0 of 1", modes=ALL_MODES, edits=((STACK_REAP,
        "stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));",
        "stack_shootdown(stack_bottom(highest), 0);"),)),
    Mutant("stack-freed-before-shootdown", "I6", "STK0112", "doomed.reusable is",
           modes=FAULT_AND_EAGER, edits=((STACK_REAP, """\
        stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));
        for (uint32_t i = 0; i < count; i++) {
            slot_unmap_end(slots[i]);
        }
""", """\
        for (uint32_t i = 0; i < count; i++) {
            slot_unmap_end(slots[i]);
        }
        stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));
"""),)),
    Mutant("trim-without-shootdown", "I6", "STK0110", "reuse.stale is", cpus=2, edits=((TRIM,
        "    stack_shootdown(stack_floor(slot), STACK_BYTES);\n", ""),)),
    Mutant("depth-released-without-shootdown", "I6", "LRG0122", "too far",
           edits=((LARGE,
        "        stack_shootdown(lowest, count * PAGE_BYTES);\n",
        "        (void)lowest;\n"),)),
    Mutant("trim-without-shootdown-is-noticed", "I6", "STK0113", "no shootdown began",
           builds=("invariant",), edits=((TRIM,
        "    stack_shootdown(stack_floor(slot), STACK_BYTES);\n", ""),)),
    Mutant("unmapping-page-gets-another-frame", "I6", "STK0113", "word_read.1. is", edits=((FAULT,
        "        if (stack_entry_return(--backed)) {\n",
        "        if ((--backed, false)) {\n"),)),
    Mutant("hole-below-takes-what-is-being-unmapped", "I6", "STK0114", "frame_at.1. is",
           edits=((FAULT_PATH, """\
    cmp [rcx + 8], rdx
    jne entry_page_fault_finish
""", ""), (FAULT_PATH, """\
    cmp [rcx + 16], rdx
    jne entry_page_fault_finish
""", ""))),
    Mutant("lent-over-a-page-being-unmapped", "I6", "STK0115", "stack frames are booked",
           modes=("lend-intel",), cpus=2, edits=((LEND,
        "    if (unlikely(page > 0 && stack_entry_is(entries[page - 1], STACK_PAGE_UNMAPPING))) {\n",
        "    if (page > STACK_PAGES) {\n"),)),
    Mutant("filled-over-a-page-being-unmapped", "I6", "STK0115", "stack frames are booked",
           modes=("lend-amd",), cpus=2, edits=((LEND,
        "        if (stack_entry_is(old, STACK_PAGE_UNMAPPING)) {\n", "        if (false) {\n"),)),
    Mutant("trim-keeps-translations", "I6", "STK0016", "backed_at_shootdown is",
           edits=((TRIM, """\
    for (uint32_t page = 0; page < pages; page++) {
        tlb_forget_page(stack_floor(slot) + page * PAGE_BYTES);
    }
""", ""),)),
)
