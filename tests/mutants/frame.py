"""Frames between magazines and stacks: none is lost, each comes zeroed (I7)."""

from runner.mutant import BUT_EAGER, Mutant

BARRIER = "sched/sync/barrier.c"
CHAIN = "mm/frame/frame_chain.c"
DEPTH = "arch/x86_64/cpu/depth_section.h"
FRAME = "mm/frame/frame.c"
MAGAZINE = "mm/stack/magazine.c"
RESERVE = "mm/stack/stack_reserve.c"
SCHEDULE = "sched/core/schedule.c"
STACK = "mm/stack/stack.c"
THREAD = "sched/core/thread.c"
THREAD_LIST = "sched/core/thread_list.c"
VMALLOC = "mm/heap/vmalloc.c"

MUTANTS = (
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
    magazine_charge_rest();
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
    Mutant("frames-elsewhere-not-collected", "I7", "FRM0008", "late does not hold", cpus=2,
           edits=((FRAME, "    if (unlikely(error == ERROR_NO_MEMORY) && frame_collect()) {",
                   "    if (unlikely(error == ERROR_NO_MEMORY) && false) {"),)),
    # A function that an overflow must not end half-way ensures its depth first.
    Mutant("regions-are-no-depth-section", "I7", "OVF0014", "it is being freed already",
           edits=((VMALLOC, "    depth_section(2200);\n", ""),
                  (VMALLOC, "    depth_section(2000);\n", ""))),
    Mutant("walk-is-no-depth-section", "I7", "OVF0015", "overflowed > 4 does not hold",
           edits=((THREAD_LIST, "    depth_section(2150);\n", ""),)),
    Mutant("release-is-no-depth-section", "I7", "OVF0016", "overflowed > 4 does not hold",
           edits=((BARRIER, "    depth_section(2100);\n", ""),)),
)
