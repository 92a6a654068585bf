/*
 * Depth sections: functions that an overflow must not cut short.
 *
 * A stack overflow ends a thread at any instruction where it holds no spinlock and no mutex
 * (sched/stack/overflow.c). If the thread is in a function that has allocated something and not yet
 * put it where others find it, the allocation leaks. So such a function begins with
 * depth_section(), which touches the stack as far down as the function, its calls and a preemption
 * at its deepest point can need. If the stack is not that deep, the thread ends at the touch, where
 * it holds nothing. A hole there is filled as by any other touch. The build computes what each
 * depth section needs, and fails if one says less (docs/stack-bounds.md).
 *
 * An expendable thread (thread_expendable_set()) enters no depth section.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/preempt.h"

/*
 * Bytes that a preemption at the deepest point needs: a trap frame with its alignment, and the
 * stack of the code that switches threads.
 */
#define DEPTH_SECTION_EVENT_BYTES (ENTRY_CONTINUE_BYTES + 192)

/* Builds whose code uses more stack multiply the bytes that a section says. */
#ifdef LARGE_ENTRY_STACKS
#define DEPTH_SECTION_SCALE 3
#else
#define DEPTH_SECTION_SCALE 1
#endif

/* Bytes that a depth section touches below its frame pointer; `bytes` are those of the function. */
#define DEPTH_SECTION_REACH(bytes) (DEPTH_SECTION_SCALE * (bytes) + DEPTH_SECTION_EVENT_BYTES)

/*
 * The touch, and a record of it in a section that only the build reads
 * (tools/build/stackbounds/depth.py) and that is not linked.
 */
/* clang-format off */
#define DEPTH_SECTION_TOUCH(bytes)                                                                 \
    asm_volatile_inline("771: testb $0, %0\n"                                                      \
                        ".pushsection .depth_sections, \"\"\n"                                     \
                        ".quad 771b, %c1\n"                                                        \
                        ".popsection\n" ::"m"(*((const char *)__builtin_frame_address(0) -         \
                                                DEPTH_SECTION_REACH(bytes))),                      \
                        "i"(DEPTH_SECTION_REACH(bytes))                                            \
                        : "memory", "cc")
/* clang-format on */

#ifdef INVARIANT
/* How many depth sections the running thread is in. Each switch saves and restores the count. */
DECLARE_PER_CPU(uint32_t, depth_sections);

/* Adds 1 to the count, by one instruction, because the thread may be preempted and migrate. */
static always_inline int depth_section_begin(void)
{
    __asm__ volatile("addl $1, %%gs:depth_sections" ::: "memory", "cc");
    return 0;
}

/* Takes 1 from the count, by one instruction. The compiler calls it at the end of the function. */
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
 * `bytes` bytes of stack. The macro stands first in the function, before anything is allocated or
 * locked. Context: THREAD.
 */
#define depth_section(bytes)                                                                       \
    DEPTH_SECTION_TOUCH(bytes);                                                                    \
    DEPTH_SECTION_COUNT()

/*
 * Makes the function a depth section, as depth_section() does, if interrupts and preemption are on.
 * With one of them off it touches nothing: there an overflow is a panic, so nothing can leak.
 * Context: IRQ.
 */
#define depth_section_if_preemptible(bytes)                                                        \
    if (this_cpu(preempt_count) == 0 && interrupts_enabled()) {                                    \
        DEPTH_SECTION_TOUCH(bytes);                                                                \
    }                                                                                              \
    DEPTH_SECTION_COUNT()
