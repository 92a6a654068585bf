"""The mutants: kernels with one protection of the stack engine taken out. runner/mutants.py builds
each, boots it, and asks for the failure of a test that is named here.

Mutant(name, invariant, edits, tests, build, cpus, cmdline). An edit is (file, old text, new text);
the old text stands in the file exactly once. `tests` is a pattern as `test=` takes it. The
invariants are those of runner/mutants.py:INVARIANTS.
"""

import os
import sys

from runner.mutants import Mutant, main

ENTRY_ASM = "arch/x86_64/entry.asm"
ENTRY = "arch/x86_64/entry.c"
FAULT = "mm/stack_fault.c"
GATE = "sched/gate.c"
INTERRUPT = "arch/x86_64/interrupt.c"
LARGE = "mm/stack_large.c"
MAGAZINE = "mm/magazine.c"
RESERVE = "mm/stack_reserve.c"
SCHEDULE = "sched/schedule.c"
SLOT = "mm/stack_slot.c"
STACK = "mm/stack.c"
STACK_DEAD = "mm/stack_dead.c"
VECTORS = "arch/x86_64/vectors.h"

MUTANTS = (
    # I1: what runs on an entry stack never faults, and a second entry leaves the first one whole.
    Mutant("frame-moved-onto-a-hole", "I1", "EVT0020", build="invariant", edits=((ENTRY, """\
    if (!entry_stack_fill(frame, (uintptr_t)copy, sizeof(*copy))) {
        return NULL;
    }
""", ""),)),
    Mutant("ist-not-lowered", "I1", "ENT0003", edits=((ENTRY_ASM, """\
    sub qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
"""), (ENTRY_ASM, """\
    jnz .move
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
    jnz .move
"""), (ENTRY_ASM, """\
    mov rsp, rax
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
    mov rsp, rax
"""))),
    Mutant("ist-not-restored-after-move", "I1", "ENT0004", edits=((ENTRY_ASM, """\
    mov rsp, rax
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
    mov rsp, rax
"""),)),
    Mutant("flags-not-cleared", "I1", "EVT0020,OVF0005", edits=((ENTRY_ASM, """\
    push 2                              ; clears DF, AC, NT, TF; IF is 0 already (interrupt gates)
    popfq
""", ""),)),
    Mutant("frame-not-marked", "I1", "BTR0002", edits=((ENTRY_ASM, """\
    lea rbp, [rsp + 1]
    call %2
""", """\
    call %2
"""),)),
    # I2: no asynchronous event is pushed onto a page that may be missing.
    Mutant("interrupts-on-the-stack-in-use", "I2", "ENT0002", edits=((
        "arch/x86_64/descriptors.c", "ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT)", "ENTRY_THREAD"),)),
    Mutant("nmi-on-the-stack-in-use", "I2", "EVT0003", edits=((VECTORS,
        "ENTRY_ASYNCHRONOUS(ENTRY_NMI)", "ENTRY_THREAD"),)),
    Mutant("debug-on-the-stack-in-use", "I2", "EVT0004,EVT0005", edits=((VECTORS,
        "ENTRY_ASYNCHRONOUS(ENTRY_DEBUG)", "ENTRY_THREAD"),)),
    Mutant("interrupt-never-ended", "I2", "EVT0002", edits=((INTERRUPT,
        "if (vector != VECTOR_SPURIOUS) {",
        "if (vector != VECTOR_SPURIOUS && vector != VECTOR_TEST) {"),)),
    # I3: the magazine covers what runs, and both sides of a switch.
    Mutant("gate-one-short", "I3", "GAT0001", edits=((GATE,
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);",
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);\n"
        "    need -= need > 0;"),)),
    Mutant("gate-ignores-who-leaves", "I3", "INJ0003", build="invariant",
           cmdline="magazine=7", edits=((GATE,
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);",
        "uint32_t need = stack_missing(to->slot);"),)),
    Mutant("gate-lets-all-pass", "I3", "GAT0001", edits=((GATE,
        "return magazine_refill(need) || gate_open;", "return magazine_refill(need) || !gate_open;"),)),
    Mutant("refill-of-part", "I3", "GAT0001", edits=((MAGAZINE,
        "    return available >= least || rounds_add(own, least - available);",
        "    return available >= least || rounds_add(own, least - available) ||\n"
        "           rounds_add(own, 1);"),)),
    Mutant("only-current-fills", "I3", "EVT0022", edits=((FAULT, """\
    return likely(entry == this_cpu(stack_use).current_hole) ||
           entry == this_cpu(stack_use).next_hole;
""", """\
    return likely(entry == this_cpu(stack_use).current_hole);
"""),)),
    Mutant("births-ignore-who-starves", "I3", "GAT0003", edits=((STACK,
        "if (stack_starving() != 0 || stack_memory_short()) {", "if (false) {"),)),
    Mutant("feeding-ignores-priority", "I3", "GAT0002", edits=((GATE,
        "&starved_lists[run_queue_most_urgent(starved_bits)]",
        "&starved_lists[__builtin_ctz(starved_bits)]"),)),
    # I4: one hole in a stack, below what is backed, above the guard.
    Mutant("fill-the-touched-page-only", "I4", "STK0011", edits=((FAULT, """\
    while (!(*backed & PAGE_PRESENT)) {
        backed++;
    }
""", ""),)),
    Mutant("fill-one-page-too-few", "I4", "STK0003", edits=((FAULT,
        "} while (backed != leaf);", "} while (backed > leaf + 1);"),)),
    Mutant("guard-is-a-hole", "I4", "STK0012", edits=((SLOT,
        "guard[page] = stack_entry_make(STACK_PAGE_GUARD, slot);",
        "guard[page] = stack_entry_make(STACK_PAGE_HOLE, slot);"),)),
    Mutant("no-room-asked-to-be-preempted", "I4", "OVF0007", edits=((FAULT,
        "uintptr_t room = address - ENTRY_CONTINUE_BYTES;", "uintptr_t room = address;"),)),
    Mutant("depth-released-leaves-holes", "I4", "LRG0122", edits=((LARGE,
        "*entry = stack_entry_make(STACK_PAGE_BEYOND, slot);",
        "*entry = stack_entry_make(STACK_PAGE_HOLE, slot);"),)),
    Mutant("below-the-floor-is-a-hole", "I4", "LRG0001,LRG0120", edits=((SLOT,
        "bottom[page] = stack_entry_make(STACK_PAGE_BEYOND, slot);",
        "bottom[page] = stack_entry_make(STACK_PAGE_HOLE, slot);"),)),
    # I5: the leaf entry is the truth.
    Mutant("page-taken-is-no-hole", "I5", "STK0105", edits=((STACK,
        "entries[page] = stack_entry_make(STACK_PAGE_HOLE, slot);",
        "entries[page] = stack_entry_make(STACK_PAGE_FREE, slot);"),)),
    Mutant("guard-names-no-slot", "I5", "STK0012", edits=((SLOT,
        "guard[page] = stack_entry_make(STACK_PAGE_GUARD, slot);",
        "guard[page] = stack_entry_make(STACK_PAGE_GUARD, 0);"),)),
    # I6: no frame is used again before every CPU has forgotten where it was.
    Mutant("no-shootdown", "I6", "STK0110", edits=(("arch/x86_64/shootdown.c",
        "if (cpu_online_count() > 1) {", "if (cpu_online_count() > CPU_MAX) {"),)),
    Mutant("shootdown-not-awaited", "I6", "SMP0121", edits=(("arch/x86_64/shootdown.c", """\
        while (__atomic_load_n(&round_waiting, __ATOMIC_ACQUIRE) != 0) {
            cpu_pause();
        }
""", ""),)),
    Mutant("stack-freed-without-shootdown", "I6", "STK0111", edits=((STACK_DEAD,
        "stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));",
        "stack_shootdown(stack_bottom(highest), 0);"),)),
    Mutant("trim-without-shootdown", "I6", "STK0110", edits=((STACK,
        "    stack_shootdown(stack_floor(slot), STACK_BYTES);\n", ""),)),
    Mutant("depth-released-without-shootdown", "I6", "LRG0122", edits=((LARGE,
        "        stack_shootdown(lowest, chain.count * PAGE_BYTES);\n", ""),)),
    # I7: no frame is in a magazine and mapped; none is lost; what comes to a stack is zero.
    Mutant("rounds-not-charged", "I7", "STK000?", edits=((MAGAZINE, """\
        frame_owner_change(round_frame(own->rounds[own->charged]), FRAME_OWNER_MAGAZINE,
                           FRAME_OWNER_STACK);
""", ""),)),
    Mutant("last-switch-not-charged", "I7", "STK0103", edits=((SCHEDULE,
        "    magazine_charge_rest();\n", ""), (STACK, """\
    magazine_charge();
    stack_depth_note_end(slot);
""", """\
    stack_depth_note_end(slot);
"""))),
    Mutant("reserve-gives-one-frame-twice", "I7", "INJ0003", edits=((RESERVE,
        "frames[i] = reserve[--reserve_count];", "frames[i] = reserve[reserve_count - 1];"),)),
    Mutant("drain-keeps-its-rounds", "I7", "GAT*", edits=((MAGAZINE, """\
        own->taken++;
        own->charged = own->taken;
    }
}
""", """\
        break;
    }
}
"""),)),
    Mutant("rounds-not-zeroed", "I7", "STK000?,STK0010", edits=((MAGAZINE,
        "    page_zero(physical_to_virtual(frame));\n", ""),)),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                  MUTANTS))
