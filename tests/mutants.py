"""The table of mutants: kernels with one protection removed.

runner/mutants.py builds each mutant and boots it. The test that the table names must fail.

Mutant(name, invariant, test, words, edits, modes, builds, cpus, cmdline, domains). An edit is
(file, old code, new code), without comments. The old code appears in the file exactly once. The
invariants are those of runner/mutant.py:INVARIANTS. `words` matches the message of the failed test
or of the panic in it.
"""

import os
import sys

from runner.mutant import Mutant
from runner.mutants import main

BATCH = "mm/stack/stack_batch.c"
CACHE_H = "mm/stack/stack_cache.h"
CACHE = "mm/stack/stack_cache.c"
CONSOLE = "kernel/console/console.c"
CONSOLE_OUTPUT = "kernel/console/console_output.c"
CONSOLE_SERVICE = "kernel/console/console_service.c"
CHAIN = "mm/frame/frame_chain.c"
DEAD = "mm/stack/stack_reap.c"
DEPTH = "arch/x86_64/cpu/depth_section.h"
DESCRIPTORS = "arch/x86_64/entry/descriptors.c"
DOMAIN = "mm/frame/numa_node.c"
ENTRY_ASM = "arch/x86_64/entry/entry.asm"
ENTRY = "arch/x86_64/entry/entry.c"
FAULT = "mm/stack/stack_fault.c"
FAULT_PATH = "mm/stack/stack_fault_path.asm"
FRAME = "mm/frame/frame.c"
FRAME_NODE = "mm/frame/frame_node.c"
FREE_LIST = "mm/frame/frame_free_list.c"
GATE = "sched/stack/gate.c"
HANDLE_TABLE = "kernel/object/handle_table.c"
HOLD = "sched/stack/stack_reservation.c"
INTERRUPT = "arch/x86_64/entry/interrupt.c"
IPC = "kernel/ipc/ipc.c"
IPC_CALLS = "kernel/syscall/ipc_calls.c"
LARGE = "mm/stack/stack_large.c"
LEND = "mm/stack_modes/stack_lend.c"
LEND_BATCH = "sched/stack/lend_batch.c"
MAGAZINE = "mm/stack/magazine.c"
MESSAGE_CALLS = "kernel/syscall/message_calls.c"
PREFAULT = "mm/stack_modes/stack_prefault.c"
READY = "sched/core/ready.c"
REST = "sched/stack/swap_candidate.c"
RECLAIMER = "sched/stack/reclaimer.c"
RESERVE = "mm/stack/stack_reserve.c"
SCHEDULE = "sched/core/schedule.c"
SEMAPHORE = "sched/sync/semaphore.c"
SERVICE_SHARE = "sched/stack/service_share.c"
SHOOTDOWN = "arch/x86_64/apic/shootdown.c"
USER_SHOOTDOWN = "arch/x86_64/apic/user_shootdown.c"
USER_COPY = "arch/x86_64/entry/user_copy.c"
SPACE_CHANGE = "mm/space/space_change.c"
MEMORY_OBJECT = "mm/space/memory_object.c"
FRAME_QUOTA = "mm/space/frame_quota.c"
SLOT = "mm/stack/stack_slot.c"
STACK = "mm/stack/stack.c"
STACK_DEAD = "mm/stack/stack_reap.c"
STACK_ENTRY = "mm/stack/stack_entry.h"
STACK_PAGES = "mm/stack/stack_pages.c"
SWAP = "mm/stack_modes/stack_swap.c"
SWAPPER = "sched/stack/swapper_pass.c"
THREAD = "sched/core/thread.c"
TRIM = "mm/stack/stack_trim.c"
PATCH_SITE = "arch/x86_64/cpu/patch_site.c"
SYSCALL_ENTRY = "arch/x86_64/entry/syscall_entry.asm"
VECTORS = "arch/x86_64/entry/vectors.h"

FAULT_AND_EAGER = ("fault", "eager")
FAULT_AND_LEND = ("fault", "lend-amd", "lend-intel")
BUT_EAGER = (*FAULT_AND_LEND, "prefault")
ALL_MODES = (*BUT_EAGER, "eager")

ENTRY_MUTANTS = (
    # I1: what runs on an entry stack never faults, and a second entry leaves the first one whole.
    Mutant("frame-moved-onto-a-hole", "I1", "EVT0020", "stack fault on an entry stack",
           builds=("invariant",), modes=ALL_MODES, edits=((ENTRY, """\
    if (!entry_stack_fill(frame, (uintptr_t)copy, sizeof(*copy))) {
        return NULL;
    }
""", ""),)),
    Mutant("ist-not-lowered", "I1", "ENT0003", r"nested_ist\[kind\] is", modes=ALL_MODES,
           edits=((ENTRY_ASM, """\
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
    Mutant("ist-not-restored-after-move", "I1", "ENT0004", "overflow of the interrupt entry stack",
           modes=ALL_MODES, edits=((ENTRY_ASM, """\
    mov rsp, rax
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
    mov rsp, rax
"""),)),
    Mutant("registers-not-cleared-after-a-call", "I10", "USR0002", r"f->rdi \| f->rsi",
           modes=FAULT_AND_EAGER, edits=((SYSCALL_ENTRY, """\
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    mov rsp, [rsp + FRAME_RSP]
""", """\
    mov rsp, [rsp + FRAME_RSP]
"""),)),
    Mutant("flags-not-cleared", "I1", "ENT0005", "flags_in_interrupt", modes=FAULT_AND_EAGER,
           edits=((ENTRY_ASM, """\
    push 2
    popfq
""", ""),)),
    Mutant("frame-not-marked", "I1", "BTR0002", "is not in the backtrace", edits=((ENTRY_ASM, """\
    CALL_WITH_FRAME %2
""", """\
    mov rdi, rsp
    call %2
"""),)),
    Mutant("ist-not-lowered-in-the-short-path", "I1", "EVT0010", "lowered_at_fill",
           edits=((FAULT_PATH, """\
    sub qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
    mov rcx, cr2
""", """\
    mov rcx, cr2
"""), (FAULT_PATH, """\
    add qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
    TAKE_SHORT_FRAME_OFF
""", """\
    TAKE_SHORT_FRAME_OFF
"""))),
    Mutant("short-path-serves-ring-3", "I1", "USR0060", "backed_at_fault is", edits=((ENTRY_ASM, """\
    test byte [rsp + FRAME_CS - FRAME_ERROR], 3
    jnz entry_page_fault_whole
    jmp [page_fault_short_path]
""", """\
    jmp [page_fault_short_path]
"""),)),
    Mutant("stack-fault-before-the-privilege", "I1", "USR0060", "on a backed stack page",
           edits=((FAULT, "if (unlikely(frame->error & PAGE_FAULT_USER)) {", "if (false) {"),)),
    # I2: no asynchronous event is pushed onto a page that may be missing, and none is lost.
    Mutant("interrupts-on-the-stack-in-use", "I2", "EVT0002", "0 arrived, in service",
           modes=("fault", "prefault"), edits=((
        DESCRIPTORS, "ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT)", "ENTRY_THREAD"),)),
    Mutant("interrupt-gates-name-no-stack", "I2", "ENT0002", r"gate_stack\(vector\) is 0",
           modes=FAULT_AND_EAGER, edits=((
               DESCRIPTORS, "ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT)", "ENTRY_THREAD"),)),
    Mutant("nmi-on-the-stack-in-use", "I2", "EVT0003", "0 arrived",
           edits=((VECTORS,
        "ENTRY_ASYNCHRONOUS(ENTRY_NMI)", "ENTRY_THREAD"),)),
    Mutant("debug-on-the-stack-in-use", "I2", "EVT0004", "0 arrived", edits=((VECTORS,
        "ENTRY_ASYNCHRONOUS(ENTRY_DEBUG)", "ENTRY_THREAD"),)),
    Mutant("interrupt-never-ended", "I2", "EVT0002", "1 arrived, in service 232",
           modes=FAULT_AND_EAGER, edits=((INTERRUPT,
        "if (vector != VECTOR_SPURIOUS) {",
        "if (vector != VECTOR_SPURIOUS && vector != VECTOR_TEST) {"),)),
    Mutant("interrupt-ended-after-the-move", "I2", "EVT0020", "other_in_service is",
           modes=FAULT_AND_EAGER, edits=((INTERRUPT, """\
    if (vector != VECTOR_SPURIOUS) {
        interrupt_end();
    }
""", ""), (ENTRY, """\
    struct trap_frame *moved = interrupt_leave(frame);
    if (moved == NULL) {
""", """\
    struct trap_frame *moved = interrupt_leave(frame);
    if (moved == NULL && frame->vector != VECTOR_SPURIOUS) {
        interrupt_end();
    }
    if (moved == NULL) {
"""), (ENTRY, """\
        entry_preempt();
    } else if (frame->vector != VECTOR_PAGE_FAULT) {
""", """\
        entry_preempt();
        interrupt_end();
    } else if (frame->vector != VECTOR_PAGE_FAULT) {
"""))),
)

COVER_MUTANTS = (
    # I3: the magazine covers what runs, and both sides of a switch.
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
    Mutant("gate-forgets-what-it-filled", "I3", "GAT0022", "above the hole: refused", edits=((GATE,
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
        "if (memory_queued() != 0 || (unlikely(memory_waiters() != 0) && stack_memory_short())) {",
        "if (false) {"),)),
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

STACK_MUTANTS = (
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
           modes=BUT_EAGER, edits=((HOLD,
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
           "in vain: shootdowns of the dead stack: only 0 of 1", modes=ALL_MODES, edits=((STACK_DEAD,
        "stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));",
        "stack_shootdown(stack_bottom(highest), 0);"),)),
    Mutant("stack-freed-before-shootdown", "I6", "STK0112", "doomed.reusable is",
           modes=FAULT_AND_EAGER, edits=((STACK_DEAD, """\
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

FRAME_MUTANTS = (
    # I7: no frame is in a magazine and mapped; none is lost; what comes to a stack is zero.
    Mutant("rounds-not-charged", "I7", "MAG0004", "after is 0",
           edits=((MAGAZINE, """\
        frame_owner_change(round_frame(own->rounds[own->charged]), FRAME_OWNER_MAGAZINE,
                           FRAME_OWNER_STACK);
""", ""),)),
    Mutant("depth-section-without-touch", "I7", "OVF0010",
           "stack overflow of thread .* while it held a spinlock|but it belongs to", modes=BUT_EAGER,
           edits=((DEPTH, r'"771: testb $0, %0\n"', r'"771:\n"'),)),
    Mutant("creation-is-no-depth-section", "I7", "OVF0011",
           "while it held a spinlock|overflowed > 4 does not hold",
           edits=((THREAD, "    depth_section(THREAD_CREATE_DEPTH);\n", ""),)),
    Mutant("last-switch-not-charged", "I7", "STK0103", "but it belongs to 'magazine'", cpus=2,
           edits=((SCHEDULE,
        "    magazine_charge_rest();\n", ""), (STACK, """\
    magazine_charge();
    stack_depth_note_end(slot);
""", """\
    stack_depth_note_end(slot);
"""))),
    Mutant("frames-of-a-failed-refill-kept", "I7", "MAG0002", "free_after is",
           edits=((MAGAZINE, """\
    while (have-- > 0) {
        frame_free(frames[have], FRAME_OWNER_MAGAZINE);
    }
    return false;
""", """\
    return false;
"""),)),
    Mutant("reserve-gives-one-frame-twice", "I7", "MAG0001",
           "'reserve' but it belongs to 'magazine'", edits=((RESERVE,
        "frames[i] = reserve[--reserve_count];", "frames[i] = reserve[reserve_count - 1];"),)),
    Mutant("chain-keeps-what-it-took", "I7", "STK0104", r"found\[pages\] is",
           edits=((CHAIN,
        "            frame_chain_free(&fresh, owner);\n", ""),)),
    Mutant("drain-keeps-its-rounds", "I7", "MAG0005", "kept is",
           edits=((MAGAZINE, """\
        own->taken++;
        own->charged = own->taken;
    }
}
""", """\
        break;
    }
}
"""),)),
    Mutant("rounds-not-zeroed", "I7", "MAG0003", "dirty is",
           edits=((MAGAZINE,
        "    page_zero(physical_to_virtual(frame));\n", ""),)),
)

# The swapper takes pages from threads that sleep, and gives them back.
SWAP_MUTANTS = (
    Mutant("wake-up-of-a-candidate-lost", "I3", "SWP0011", "was woken at step .*, and sleeps on", edits=((
        READY, "if (from == THREAD_BLOCKED && thread->state == THREAD_SWAP_CANDIDATE) {",
        "if (from == THREAD_SWAP_CANDIDATE) {"),)),
    Mutant("gate-forgets-the-top-page", "I3", "GAT0010", "wrong is", edits=((GATE,
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);",
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot) % STACK_PAGES;"),)),
    Mutant("shrink-above-saved-rsp", "I4", "SWP0001", "stack_pages_backed.* is 0", edits=((REST,
        "unsigned pages = (unsigned)((thread->saved_rsp - stack_floor(thread->slot)) / PAGE_BYTES);",
        "unsigned pages =\n"
        "        (unsigned)((thread->saved_rsp - stack_floor(thread->slot)) / PAGE_BYTES) + 1;"),)),
    Mutant("swapped-page-is-a-hole", "I5", "SWP0003", "STACK_PAGE_SWAPPED", edits=((SWAP,
        "page == TOP_PAGE ? STACK_PAGE_SWAPPED : STACK_PAGE_HOLE;", "STACK_PAGE_HOLE;"),)),
    Mutant("pages-taken-without-shootdown", "I6", "SWP0016", "sleeper.shootdowns is 0", edits=((REST,
        "stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));",
        ";"),)),
    Mutant("pages-free-before-the-shootdown", "I6", "SWP0016", "sleeper.standby|sleeper.unmapping",
           edits=((SWAPPER, """\
    swap_candidate_batch_shoot(pass->claims);
    step_tell(SWAPPER_SHOT, thread);
    swap_candidate_batch_end(pass->claims);
""", """\
    unsigned claims = pass->claims;
    swap_candidate_batch_end(claims);
    step_tell(SWAPPER_SHOT, thread);
    swap_candidate_batch_shoot(claims);
"""),)),
    Mutant("lent-page-taken", "I6", "SWP0004", "stack_missing.* is 4", edits=((REST,
        "return thread->stack_pins == 0 && !is_swapped(thread) &&",
        "return !is_swapped(thread) &&"),)),
    Mutant("swapped-page-stays-mapped", "I6", "SWP0002", "stack_missing.* is 3", edits=((REST,
        "        pages = STACK_PAGES;\n", "        pages = STACK_PAGES - 1;\n"),)),
    Mutant("what-is-saved-is-not-poisoned", "I5", "SWP0002", "was written at .* while it was away",
           builds=("invariant",), edits=((SWAP,
        "    memset((void *)from, SAVED_POISON, bytes);\n", ""),)),
    Mutant("reserved-stack-taken", "I4", "LRG0131", "swapper_pass.* is 1", edits=((REST,
        "if (thread->stack_reservations != 0 || thread->saved_rsp < stack_floor(thread->slot) ||",
        "if (thread->saved_rsp < stack_floor(thread->slot) ||"),)),
    Mutant("swapper-never-learns", "I4", "SWP0005", "spared", edits=((SWAPPER,
        "unsigned backoff = hysteresis ? thread->shrink_backoff : 0;",
        "unsigned backoff = hysteresis && thread == NULL ? thread->shrink_backoff : 0;"),)),
    Mutant("depth-after-a-shrink-goes-unseen", "I4", "SWP0005", "shrink_backoff", edits=((SWAPPER,
        "    if (deep && soon) {", "    if (!deep && soon) {"),)),
    Mutant("ready-thread-made-a-candidate", "I3", "SWP0010",
           "stray access.* a page of another thread's stack, unmapped while it sleeps",
           edits=((REST,
        "if (thread->state != THREAD_BLOCKED || thread == cpu_variable(run_queue, thread->cpu)"
        ".current) {", "if (thread == cpu_variable(run_queue, thread->cpu).current) {"),)),
    Mutant("taken-from-a-thread-on-a-run-queue", "I3", "SWP0010", "stray access", edits=((SWAPPER,
        "        } else if (thread->state == THREAD_SWAP_CANDIDATE) {\n", "        } else {\n"), (SWAPPER,
        "if (thread->state != THREAD_SWAP_CANDIDATE || !take_wanted(pass, thread, &swap)) {",
        "if (!take_wanted(pass, thread, &swap)) {"))),
    Mutant("dispatched-before-it-is-back", "I5", "SWP0003", "a swapped-out page", edits=((REST, """\
    if (is_swapped(thread)) {
        stack_swap_in(thread->slot, thread->saved_rsp, thread->stack_saved);
        saved_clear(thread);
    }
""", ""),)),
    Mutant("claim-stands-after-the-wake-up", "I6", "SWP0018", "'thread' was written after it was freed",
           builds=("invariant",), edits=((REST, """\
        claims[thread->swap_note.claim - 1].thread = NULL;
""", """\
        (void)claims;
"""),)),
    Mutant("pages-taken-without-the-lock", "I3", "SWP0001", "invariant broken at sched/stack/swap_candidate.c.*locked",
           builds=("invariant",), edits=((SWAPPER, """\
        struct run_queue *queue = schedule_queue_lock(thread);
        if (step == SWAPPER_NOTED) {
            ignore_result(swap_candidate_begin(thread, pass->now_ms));
        } else if (thread->state == THREAD_SWAP_CANDIDATE) {
            thread_consider(pass, thread);
        }
        spin_unlock_quietly(&queue->lock);
""", """\
        struct run_queue *queue = schedule_queue_lock(thread);
        spin_unlock_quietly(&queue->lock);
        if (step == SWAPPER_NOTED) {
            ignore_result(swap_candidate_begin(thread, pass->now_ms));
        } else if (thread->state == THREAD_SWAP_CANDIDATE) {
            thread_consider(pass, thread);
        }
"""),)),
    Mutant("live-bytes-saved-but-the-lowest", "I5", "SWP0017", "swap_there_and_back", edits=((SWAP,
        "    memcpy(*saved, (const void *)from, bytes);\n",
        "    memcpy((char *)*saved + 1, (const char *)from + 1, bytes - 1);\n"),)),
    Mutant("live-bytes-back-but-the-highest", "I5", "SWP0017", "swap_there_and_back", edits=((SWAP,
        "    memcpy(page + PAGE_BYTES - bytes, saved, bytes);\n",
        "    memcpy(page + PAGE_BYTES - bytes, saved, bytes - 1);\n"),)),
    Mutant("page-back-but-not-booked", "I7", "SWP0002", "frame_owner_of",
           edits=((SWAP, """\
        frame_owner_change(stack_entry_frame(old), FRAME_OWNER_STACK_STANDBY, FRAME_OWNER_STACK);
        __atomic_sub_fetch(&counts.standby_now, 1, __ATOMIC_RELAXED);
""", """\
        __atomic_sub_fetch(&counts.standby_now, 1, __ATOMIC_RELAXED);
"""),)),
)

# The other ways to fill a stack: in advance at sites, and with pages that are lent.
MODE_MUTANTS = (
    Mutant("missing-site-not-told", "I3", "PRE0003", "first is 0",
           modes=("prefault",), edits=((PREFAULT,
        "            missing_note(frame, address);\n", "            (void)missing_note;\n"),)),
    Mutant("lent-page-taken-back-though-touched", "I5", "LND0002",
           "touched 2 pages, and sleeps, has [01]$", modes=("lend-intel",), edits=((LEND, """\
            uint64_t old = *entry & ~PAGE_ACCESSED;
            if (!entry_replace(entry, old, hole)) {
""", """\
            uint64_t old = *entry;
            if (!entry_replace(entry, old, hole)) {
"""),)),
    Mutant("unmapped-though-touched", "I5", "LND0004", "cooled is", modes=("lend-amd",),
           edits=((LEND, """\
        uint64_t old = *entry & ~PAGE_ACCESSED;
        physical_t frame = stack_entry_frame(old);
""", """\
        uint64_t old = *entry;
        physical_t frame = stack_entry_frame(old);
"""),)),
    Mutant("lent-pages-freed-without-shootdown", "I6", "LND0003", "shootdowns is 0", modes=("lend-amd",),
           edits=((LEND_BATCH, "        batch_shootdown();\n", "        (void)batch_shootdown;\n"),)),
    Mutant("lent-pages-free-before-the-shootdown", "I6", "LND0003", "lend_unmapping is 0",
           modes=("lend-amd",), edits=((LEND_BATCH, """\
        batch_shootdown();
        freed = batch_free();
""", """\
        freed = batch_free();
        batch_shootdown();
"""),)),
    Mutant("lent-pages-leave-without-a-trace", "I6", "LND0003", "lend_unmapping is 0",
           modes=("lend-amd",),
           edits=((LEND_BATCH, """\
    if (thread != queue->current && thread->state != THREAD_DEAD &&
        stack_lend_unmap_begin(thread->slot) != 0) {
        batch.slots[batch.count++] = thread->slot;
""", """\
    if (thread != queue->current && thread->state != THREAD_DEAD &&
        stack_lend_unmap_begin(thread->slot) != 0) {
        physical_t frames[STACK_PAGES];
        for (unsigned n = stack_lend_unmap_end(thread->slot, frames); n-- > 0;) {
            frame_free(frames[n], FRAME_OWNER_STACK);
        }
        batch.slots[batch.count++] = thread->slot;
"""),)),
    Mutant("unmapping-page-replaced", "I7", "LND0004", "changed is|rounds is", modes=("lend-amd",),
           edits=((LEND, "        if (stack_entry_is(old, STACK_PAGE_LEND_UNMAPPING) &&\n"
                   "            entry_replace(entry, old, stack_entry_frame(old) | LENT_RIGHTS)) {",
                   "        if (old == 0) {"),)),
    Mutant("site-taken-out", "I3", "PRE0005", "missing_count|missing site", modes=("prefault",),
           edits=((SEMAPHORE, """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
""", """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = flags_read();
    __asm__ volatile("cli" ::: "memory");
    spin_lock_by(OFF_ALREADY, &semaphore->lock);
"""),)),
    Mutant("site-by-the-wrong-rule", "I3", "PRE0005", "rule 3 of the sites", builds=("invariant",),
           modes=("prefault",), edits=((SEMAPHORE, """\
bool semaphore_try_down(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
""", """\
bool semaphore_try_down(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save_by(OFF_ALREADY, &semaphore->lock);
"""),)),
    Mutant("site-claims-that-both-are-on", "I3", "GAT0012", "rule 4 of the sites",
           builds=("invariant",), edits=((SEMAPHORE, """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
""", """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save_by(BOTH_ON, &semaphore->lock);
"""),)),
    Mutant("site-touches-too-little", "I3", "PRE0001", "own_pages.* is 1",
           modes=("prefault",), edits=((
        PATCH_SITE, "static const uint8_t touch[] = TOUCH(0U - SITE_TOUCH_BYTES);",
        "static const uint8_t touch[] = TOUCH(0U - SITE_TOUCH_BYTES / 16);"),)),
    Mutant("moved-frame-has-no-room-below", "I3", "PRE0006", "missing_count|missing site",
           modes=("prefault",), edits=((PREFAULT,
        "    stack_hole_fill(address - ENTRY_CONTINUE_BYTES);\n", ""),)),
    Mutant("lend-leaves-a-hole", "I3", "LND0001", "missing is 1", modes=("lend-intel",),
           edits=((LEND,
        "while (page > 0 && own->capacity > own->taken) {",
        "while (page > 1 && own->capacity > own->taken) {"),)),
    Mutant("lent-page-handed-on-though-touched", "I5", "LND0005", "wrong is",
           modes=("lend-intel",), edits=((LEND,
        "uint64_t old = from[passed] & ~PAGE_ACCESSED;", "uint64_t old = from[passed];"),)),
    Mutant("lend-fill-leaves-a-hole", "I3", "LND0001", "missing is 1", modes=("lend-amd",),
           edits=((LEND, "    while (page > 0) {\n", "    while (page > 1) {\n"),)),
    Mutant("lent-page-freed-by-trim", "I7", "STK0105", "but it belongs to 'magazine'",
           modes=("lend-intel",), edits=((TRIM,
        "            stack_trim_prepare();\n", "            ;\n"),)),
    Mutant("lent-pages-kept-but-not-booked", "I7", "LND0002",
           "but it belongs to 'magazine'", modes=("lend-intel",), edits=((LEND, """\
        frame_owner_change(entries[i] & PAGE_ADDRESS_MASK, FRAME_OWNER_MAGAZINE, FRAME_OWNER_STACK);
""", """\
        (void)entries;
"""),)),
)

# How stacks are created in each mode, and how the dead ones are kept and freed.
LIFE_MUTANTS = (
    Mutant("eager-stack-has-one-page", "I4", "STK0013", "stack_pages_backed", modes=("eager",),
           edits=((STACK, "return stack_create_cold(stack_mode_get() == STACK_MODE_EAGER, slot);",
                   "return stack_create_cold(false, slot);"), (STACK, """\
        stack_reap_add(*slot);
        return stack_create_cold(true, slot);
""", """\
        stack_reap_add(*slot);
        return stack_create_cold(false, slot);
"""))),
    Mutant("eager-large-stack-has-holes", "I4", "LRG0001", "stack_pages_backed", modes=("eager",),
           edits=((STACK,
        "return stack_large_create(size, whole || stack_mode_get() == STACK_MODE_EAGER, slot);",
        "return stack_large_create(size, whole, slot);"),)),
    Mutant("cache-holds-one-too-many", "I7", "CAC0002", "stacks . are kept", edits=((CACHE_H,
        "if (cache->count >= stack_cache_room) {", "if (cache->count > stack_cache_room) {"),)),
    Mutant("depot-takes-nothing", "I7", "CAC0013", "were not cached", edits=((CACHE,
        "    if (!stack_depot_put(&chain)) {\n", "    if (true || !stack_depot_put(&chain)) {\n"),)),
    Mutant("depot-is-not-emptied", "I7", "CAC0014", "stack_depot_total is", edits=((CACHE,
        "    stack_batch_drain();\n    (void)stack_depot_drain();\n",
        "    stack_batch_drain();\n"),)),
    Mutant("batch-overfills-the-cache", "I7", "CAC0003", "count is 3", edits=((CACHE,
        "while (cache->count < size && batch->count != 0) {",
        "while (cache->count <= size && batch->count != 0) {"),)),
    Mutant("batch-freed-before-its-grace-period", "I6", "CAC0003", "waiting is", edits=((BATCH,
        "if (own->waiting.count != 0 && grace_over >= own->waiting_for) {",
        "if (own->waiting.count != 0) {"),)),
    Mutant("batch-waits-for-a-grace-period-that-is-over", "I6", "CAC0003", "waiting is",
           edits=((BATCH, "own->waiting_for = grace_begun + 1;",
                   "own->waiting_for = grace_begun;"),)),
    Mutant("grace-period-ends-in-a-section", "I6", "CAC0003", "waiting is", edits=((BATCH,
        "if (grace_begun != grace_over && quiescent) {",
        "if (grace_begun != grace_over && (quiescent || grace_wanted != 0)) {"),)),
    Mutant("grace-period-of-one-cpu", "I6", "CAC0007", "held.released is", cpus=2, edits=((BATCH,
        "cpus_to_pass = cpus_online();",
        "cpus_to_pass = cpus_online() & 1UL << cpu_number();"),)),
    Mutant("batch-without-a-bound", "I3", "CAC0008", "waiting is", edits=((BATCH,
        "bool room = held < held_most()", "bool room = held < held_most() + UINT32_MAX / 2"),)),
    Mutant("batch-is-freed-twice", "I7", "CAC0003", "stray access", edits=((BATCH,
        "stack_chain_join(&released, &own->waiting);", "released = own->waiting;"),)),
    Mutant("batch-keeps-what-others-wait-for", "I3", "CAC0004", "stacks_in_batches", edits=((
        CACHE, "    stack_batch_drain();\n    (void)stack_depot_drain();\n",
        "    (void)stack_depot_drain();\n"),)),
    Mutant("batch-takes-while-others-wait", "I3", "CAC0004", "stacks_in_batches", edits=((CACHE,
        "if (memory_queued() != 0 || stack_is_large(slot)) {",
        "if (stack_is_large(slot)) {"),)),
)

# Memory in domains: each CPU's own comes first, and what is far is counted as far.
DOMAIN_MUTANTS = (
    Mutant("own-node-is-not-first", "I7", "DOM0001", "far_frames is", cpus=4, domains=2,
           edits=((FREE_LIST, "frame_batch_take(frame_nodes[cpu->node], cpu->free_list);",
                   "frame_batch_take(frame_nodes[0], cpu->free_list);"),)),
    Mutant("far-frames-stay", "I7", "DOM0002", "numa_node_of|free_after", cpus=4, domains=2,
           edits=((FRAME, "    if (numa_node_of(address) == cpu->node) {", "    if (true) {"),)),
    Mutant("frames-go-home-to-the-first-node", "I7", "DOM0002", "free_after", cpus=4, domains=2,
           edits=((FRAME_NODE, "    buddy_put(home, number, 0);",
                   "    buddy_put(&frame_buddy, number, 0);"),)),
    Mutant("no-frame-from-another-node", "I7", "DOM0002", "error is", cpus=4, domains=2,
           edits=((FRAME_NODE, "for (unsigned i = 1; i < numa_node_count && count == 0; i++) {",
                   "for (unsigned i = 1; i < 1; i++) {"),)),
    Mutant("far-counted-as-near", "I7", "DOM0004", "remote", cpus=4, domains=2, edits=((DOMAIN,
        "if (numa_node_of(frame) == frame_node_of_cpu(cpu_number())) {",
        "if (numa_node_of(frame) != frame_node_of_cpu(cpu_number())) {"),)),
    Mutant("creation-asks-the-wrong-node", "I7", "DOM0003", "far_pages is", cpus=4, domains=2,
           edits=((STACK, "    frame_node_set(cpu, node);\n",
                   "    frame_node_set(cpu, node == own ? node : own);\n"),)),
    Mutant("whole-creation-asks-the-wrong-node", "I7", "DOM0003", "far_pages is", cpus=4, domains=2,
           modes=("eager",), edits=((FRAME_NODE, """\
        if (buddy_take(frame_nodes[numa_node_nearest(own, i)], order, first)) {
""", """\
        if (own < numa_node_count && buddy_take(frame_nodes[i], order, first)) {
"""),)),
)

HANDLE_MUTANTS = (
    # I10: a handle names one object, with its rights and no others; an answer is given once.
    Mutant("generation-not-checked", "I10", "SYS0002", "ipc_call, try 0: -16, not -12",
           edits=((HANDLE_TABLE, "uint64_t mask = CHECK_GENERATION_MASK | CHECK_OPEN |",
                   "uint64_t mask = CHECK_OPEN |"),)),
    Mutant("duplicate-keeps-all-rights", "I10", "SYS0003", r"RIGHT_SEND \| RIGHT_RECEIVE",
           edits=((HANDLE_TABLE, "value_of(table, handle, rights | RIGHT_DUPLICATE, &rights, &value)",
                   "value_of(table, handle, rights | RIGHT_DUPLICATE, NULL, &value)"),)),
    Mutant("duplicate-gains-rights", "I10", "SYS0003", r"RIGHT_SEND \| RIGHT_RECEIVE",
           edits=((HANDLE_TABLE, "value_of(table, handle, rights | RIGHT_DUPLICATE, &rights, &value)",
                   "value_of(table, handle, RIGHT_DUPLICATE, &rights, &value)"),)),
    Mutant("quota-of-handles-not-held", "I10", "SYS0003", "is .*, not -18",
           edits=((HANDLE_TABLE, "    if (table->open >= table->limit) {", "    if (false) {"),)),
    Mutant("reply-right-used-twice", "I10", "IPC0006", r"ipc_reply\(&self\) is -16",
           edits=((IPC, "    right->caller = NULL;\n", ""),)),
    Mutant("late-answer-is-taken", "I10", "IPC0008", r"reply_answer\(late_reply, &late\) is 0",
           edits=((IPC, "caller->phase == IPC_AWAITS_REPLY && caller->call == right->call;",
                   "caller->phase == IPC_AWAITS_REPLY;"),)),
    Mutant("any-handle-is-passed-on", "I10", "SYS0021", "is -11 .*, not -15",
           edits=((MESSAGE_CALLS, "handles[i], RIGHT_TRANSFER,", "handles[i], 0,"),)),
    Mutant("message-buffer-not-checked", "I10", "SYS0011", "message_buffer_set.* is 0",
           edits=((IPC_CALLS,
                   "if (address != 0 && !user_range_is_valid(address, sizeof(struct message_buffer))) {",
                   "if (false) {"),)),
)

BOUNDED_MUTANTS = (
    # Text that cannot wait for the serial line is left to a thread.
    Mutant("console-waits-with-interrupts-off", "I11", "CON0030", "pending",
           edits=((CONSOLE_OUTPUT, "!__atomic_load_n(&threaded, __ATOMIC_RELAXED) ||", "true ||"),)),
    Mutant("console-thread-not-woken", "I11", "CON0030", "still not shown",
           edits=((CONSOLE_SERVICE, "    wait_queue_wake_one(&service_queue);\n", ""),)),
    # Each job of the reclaimer has its turn, and does one batch in it.
    Mutant("job-keeps-the-reclaimer", "I11", "RCL0002", "has no turn while job", edits=((RECLAIMER,
        "more |= __atomic_load_n(&held, __ATOMIC_RELAXED) == i ? held_turn() : jobs[i].turn();", """\
while (__atomic_load_n(&held, __ATOMIC_RELAXED) == i) {
            ignore_result(thread_sleep_ns(1));
        }
        more |= jobs[i].turn();"""),)),
    Mutant("reclaimer-frees-all-in-one-turn", "I11", "RCL0003", "in_one_turn is",
           edits=((RECLAIMER, "stack_reclaim_batch()", "stack_reclaim()"),)),
    Mutant("reclaimer-lends-to-the-end", "I11", "RCL0004", "in_one_turn is", cpus=2,
           modes=("lend-amd",), edits=((RECLAIMER, "    frames_note(lend_batch_run());", """\
    do {
        frames_note(lend_batch_run());
    } while (lend_batch_is_under_way());"""),)),
    Mutant("services-do-not-rest", "I11", "RCL0005", "worked <= rested", edits=((SERVICE_SHARE,
        "ignore_result(thread_sleep_ns(shares[service].debt_ns));", "thread_yield();"),)),
    # A CPU that waits for the turn of shootdowns waits for one round more at most.
    Mutant("shootdown-serves-its-own-range-only", "I11", "SMP0123", "requests_waiting", cpus=2,
           edits=((SHOOTDOWN, "if (__atomic_load_n(&requests_count, __ATOMIC_RELAXED) != 0) {",
                   "if (requests == 0) {"),)),
    Mutant("lost-text-not-told", "I11", "CON0032", "notice < after|lost is",
           edits=((CONSOLE, """\
    uint64_t flags = spin_lock_irq_save(&ring_lock);
    output_ring_tell_lost(&console_ring);
    if""", """\
    uint64_t flags = spin_lock_irq_save(&ring_lock);
    if"""), (CONSOLE, "    lost_tell();\n", "    (void)lost_tell;\n"))),
)

SPACE_MUTANTS = (
    # I6: user memory leaves by the rule that stacks obey.
    Mutant("user-unmap-without-shootdown", "I6", "ASP0104", "space_read", edits=((SPACE_CHANGE,
        "    if (reduction->changed != 0) {", "    if (reduction->changed == SIZE_MAX) {"),)),
    Mutant("user-round-on-one-cpu", "I6", "ASP0005", "reader.last", cpus=2,
           edits=((USER_SHOOTDOWN, "    if (targets != 0) {", "    if (targets == UINT64_MAX) {"),)),
    Mutant("shared-page-replaced-while-mapped", "I6", "MOB0001", "space_write",
           edits=((MEMORY_OBJECT, """\
    while (region_page_unmap_one(object, index)) {
        spin_lock(&object->lock);
    }
""", ""),)),
    # I7: no frame is lost, and none brings what another task left in it.
    Mutant("user-page-not-zeroed", "I7", "ASP0102", "space_read",
           edits=((FRAME_QUOTA, "        frame_zero(*frame);\n",
                   "        if (owner != FRAME_OWNER_USER) {\n            frame_zero(*frame);\n        }\n"),)),
    Mutant("quota-not-charged", "I7", "MOB0005", "space_write|clone", edits=((FRAME_QUOTA,
        "if (frames > quota->limit - used) {", "if (frames > quota->limit) {"),)),
    Mutant("clone-shares-what-can-be-written", "I7", "MOB0001", "frames is 0", edits=((MEMORY_OBJECT,
        "page->needs_copy = writes && frame_is_shared(page->frame);",
        "page->needs_copy = false;"), (MEMORY_OBJECT,
        "page->may_be_written = !object->cloning && !frame_is_shared(page->frame);",
        "page->may_be_written = true;"))),
    # I8: user memory is touched by user copy alone, within user mode's addresses.
    Mutant("user-range-not-checked", "I8", "UCP0001", "page fault|ERROR_FAULT|user_copy",
           edits=((USER_COPY,
        "return address >= USER_BASE && address <= USER_END && bytes <= USER_END - address;",
        "return address <= USER_END || bytes == 0;"),)),
    Mutant("any-address-is-a-user-fault", "I8", "UCP0005", "user_copy_faulted", edits=((USER_COPY,
        "return frame->address - user < site->step && user_range_is_valid(frame->address, 1);",
        "return user != 0 && user_range_is_valid(frame->address, 1);"),)),
    Mutant("old-right-stays-in-the-tables", "I8", "ASP0105", "entry_allows", edits=((SPACE_CHANGE,
        "        clear |= PAGE_WRITABLE | PAGE_DIRTY;\n", ""),)),
)

MUTANTS = (ENTRY_MUTANTS + COVER_MUTANTS + STACK_MUTANTS + FRAME_MUTANTS + SWAP_MUTANTS +
           MODE_MUTANTS + LIFE_MUTANTS + DOMAIN_MUTANTS +
           BOUNDED_MUTANTS + HANDLE_MUTANTS + SPACE_MUTANTS)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                  MUTANTS))
