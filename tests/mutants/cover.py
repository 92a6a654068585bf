"""The gate and the magazines: the cover of what runs, and of both sides of a switch (I3)."""

from runner.mutant import BUT_EAGER, FAULT_AND_LEND, Mutant

FAULT = "mm/stack/stack_fault.c"
FAULT_PATH = "mm/stack/stack_fault_path.asm"
DIRECT = "sched/core/direct_switch.h"
GATE = "sched/stack/gate.c"
LARGE = "mm/stack/stack_large.c"
MAGAZINE = "mm/stack/magazine.c"
STACK = "mm/stack/stack.c"

MUTANTS = (
    # I3: the magazine covers what runs, and both sides of a switch.
    Mutant("direct-switch-asks-no-gate", "I3", "GAT0024", "wrong is", modes=FAULT_AND_LEND,
           edits=((DIRECT, "    if (unlikely(!gate_is_clear(to)) && !direct_switch_gate_pass(from, to)) {",
                   "    if (from == to) {"),)),
    Mutant("direct-switch-ignores-pending-work", "I3", "THR0025", r"asked\(thread, most\) is", cpus=2,
           edits=((DIRECT, "    if (unlikely(to->pending != 0)) {", "    if (from == to) {"),)),
    Mutant("gate-one-short", "I3", "GAT0010", "wrong is", modes=FAULT_AND_LEND, edits=((GATE,
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);",
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);\n"
        "    need -= need > 0;"),)),
    Mutant("gate-ignores-the-stack-that-is-left", "I3", "GAT0010", "wrong is",
           modes=FAULT_AND_LEND, edits=((GATE,
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);",
        "uint32_t need = stack_missing(to->slot);"),)),
    Mutant("gate-ignores-the-next-stack", "I3", "GAT0010", "wrong is",
           modes=FAULT_AND_LEND, edits=((GATE,
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);",
        "uint32_t need = stack_missing(from->slot);"),)),
    Mutant("gate-lets-all-pass", "I3", "GAT0001", "critical stack fault",
           modes=FAULT_AND_LEND, edits=((GATE,
        "return magazine_refill_more(more) || passes_uncovered(to);",
        "return magazine_refill_more(more) || !gate_open;"),)),
    Mutant("gate-forgets-what-it-filled", "I3", "GAT0022", "above the hole: refused|rounds is", edits=((GATE,
        "uint32_t available = magazine_available();",
        "magazine_charge();\n    uint32_t available = magazine_available();"),)),
    Mutant("gate-lets-newcomers-first", "I3", "GAT0011", "!newcomer",
           modes=FAULT_AND_LEND, edits=((GATE,
        "if (to->memory_wait_since_ns == 0 && more != 0 && stack_memory_short()) {",
        "if (false) {"),)),
    Mutant("refill-of-part", "I3", "MAG0001", "after is", modes=FAULT_AND_LEND, edits=((MAGAZINE,
        "    return more == 0 || rounds_add(own, more);",
        "    return more == 0 || rounds_add(own, more) || rounds_add(own, 1);"),)),
    Mutant("refill-says-yes", "I3", "MAG0001", "!all does not hold",
           modes=FAULT_AND_LEND, edits=((MAGAZINE,
        "    return more == 0 || rounds_add(own, more);", "    return true || rounds_add(own, more);"),)),
    Mutant("refill-takes-what-others-wait-for", "I3", "GAT0011", "after_waited is",
           modes=FAULT_AND_LEND, edits=((MAGAZINE,
        "if (!stack_memory_short() && rounds_add(own, own->taken)) {",
        "if (rounds_add(own, own->taken)) {"),)),
    Mutant("no-frames-are-granted", "I3", "GAT0012",
           "the thread that waited for memory: only 0 of 1",
           edits=((GATE,
        "if (promised + need <= frames) {", "if (promised + need > frames) {"),)),
    Mutant("owner-from-current", "I3", "EVT0022", "stray access", edits=((FAULT, """\
    return likely(entry == this_cpu(stack_use).current_hole) ||
           entry == this_cpu(stack_use).next_hole;
""", """\
    return likely(entry == this_cpu(stack_use).current_hole);
"""), (FAULT_PATH, """\
    cmp rdx, [gs:stack_use + STACK_USE_NEXT]
    je .hole
    jmp entry_page_fault_finish
""", """\
    jmp entry_page_fault_finish
"""))),
    Mutant("creation-ignores-memory-waiters", "I3", "GAT0003", "thread == NULL",
           modes=FAULT_AND_LEND, edits=((STACK,
        "return memory_queued() != 0 || (unlikely(memory_waiters() != 0) && stack_memory_short());",
        "return false;"),)),
    Mutant("cache-serves-creation-while-others-wait", "I3", "GAT0013", "error is",
           modes=FAULT_AND_LEND, edits=((STACK,
        "if (likely(memory_queued() == 0 && stack_cache_take(slot))) {",
        "if (likely(stack_cache_take(slot))) {"),)),
    Mutant("cache-takes-stacks-while-others-wait", "I3", "GAT0013", "cached_at_last is",
           modes=FAULT_AND_LEND,
           edits=((STACK, "if (unlikely(memory_queued() != 0 || stack_is_large(slot) ||",
                   "if (unlikely(stack_is_large(slot) ||"),)),
    Mutant("ensure-takes-from-the-magazine", "I3", "LRG0103", r"errors\[\w+\] is",
           modes=BUT_EAGER, edits=((LARGE,
        "    int error = frame_chain_allocate(&chain, (uint32_t)(above - lowest), FRAME_OWNER_STACK);",
        """\
    int error = OK;
    while (error == OK && chain.count < (uint32_t)(above - lowest)) {
        struct magazine *own = this_cpu_pointer(magazine);
        if (own->taken == own->capacity) {
            error = ERROR_NO_MEMORY;
        } else {
            frame_chain_put(&chain, own->rounds[own->taken++] & PAGE_ADDRESS_MASK);
        }
    }
"""), (LARGE, '#include "mm/stack/stack_reserve.h"', """\
#include "mm/stack/magazine.h"
#include "mm/stack/stack_reserve.h\""""))),
    Mutant("grants-ignore-priority", "I3", "GAT0002", "out_of_turn is",
           modes=("fault", "lend-intel"), edits=((GATE,
        "&memory_queue_lists[run_queue_most_urgent(memory_queue_bits)]",
        "&memory_queue_lists[__builtin_ctz(memory_queue_bits)]"),)),
)
