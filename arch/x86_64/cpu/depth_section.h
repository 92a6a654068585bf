/*
 * Depth sections: functions that an overflow must not cut short.
 *
 * An overflow ends a thread at any instruction where it holds no spinlock and no mutex
 * (sched/stack/overflow.c). A function that has allocated something, and has not yet put it where
 * others find it, would leak it there. Such a function begins with depth_section(): it touches the
 * stack as far down as the function can need, all its calls and a preemption at its deepest point
 * included. If the stack is not that deep, the thread ends at the touch, where it holds nothing.
 * A hole there is filled as by any other touch. docs/stack-bounds.md tells how the bytes are found:
 * the build computes what each depth section needs, and fails if one says less.
 *
 * An expendable thread (thread_expendable_set()) enters no depth section.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/preempt.h"

/*
 * Bytes that a preemption at the deepest point needs: a trap frame with its alignment, and its
 * code.
 */
#define DEPTH_SECTION_EVENT_BYTES (ENTRY_CONTINUE_BYTES + 192)

/* Builds whose code uses more stack multiply the bytes that a section says. */
#ifdef LARGE_ENTRY_STACKS
#define DEPTH_SECTION_SCALE 3
#else
#define DEPTH_SECTION_SCALE 1
#endif

/* Bytes that a depth section touches below its frame pointer; `bytes` are those of the function. */
#define DEPTH_SECTION_REACH(bytes) ((bytes)*DEPTH_SECTION_SCALE + DEPTH_SECTION_EVENT_BYTES)

/*
 * The touch, and its record for the build (tools/build/stackbounds/depth.py), which is not linked.
 */
#define DEPTH_SECTION_TOUCH(bytes)                                                                 \
    asm_volatile_inline("771: testb $0, %0\n"                                                      \
                        ".pushsection .depth_sections, \"\"\n"                                     \
                        ".quad 771b, %c1\n"                                                        \
                        ".popsection\n" ::"m"(*((const char *)__builtin_frame_address(0) -         \
                                                DEPTH_SECTION_REACH(bytes))),                      \
                        "i"(DEPTH_SECTION_REACH(bytes))                                            \
                        : "memory", "cc")

#ifdef INVARIANT
/* Depth sections that the running thread is in. The scheduler keeps it for each thread. */
DECLARE_PER_CPU(uint32_t, depth_sections);

/* One instruction each, because the thread may be preempted and migrate. */
static always_inline int depth_section_begin(void)
{
    __asm__ volatile("addl $1, %%gs:depth_sections" ::: "memory", "cc");
    return 0;
}

static always_inline void depth_section_end(const int *section maybe_unused)
{
    __asm__ volatile("subl $1, %%gs:depth_sections" ::: "memory", "cc");
}

#define DEPTH_SECTION_COUNT()                                                                      \
    __attribute__((cleanup(depth_section_end))) maybe_unused const int depth_section_ =            \
        depth_section_begin()
#else
#define DEPTH_SECTION_COUNT() ((void)0)
#endif

/*
 * Makes the function a depth section from here to its end. The function and its calls need at most
 * `bytes` of stack. It stands first in the function, before anything is taken.
 * Context: THREAD.
 */
#define depth_section(bytes)                                                                       \
    DEPTH_SECTION_TOUCH(bytes);                                                                    \
    DEPTH_SECTION_COUNT()

/*
 * depth_section() in a function that may also be called with interrupts or preemption off. It
 * touches nothing then, because an overflow there is a panic, which cuts nothing short.
 * Context: IRQ.
 */
#define depth_section_if_preemptible(bytes)                                                        \
    if (this_cpu(preempt_count) == 0 && interrupts_enabled()) {                                    \
        DEPTH_SECTION_TOUCH(bytes);                                                                \
    }                                                                                              \
    DEPTH_SECTION_COUNT()
