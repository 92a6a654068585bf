/*
 * The five rules of patch sites, each claimed where it is false: the invariant build must panic.
 * The rows of tests/matrix.py hold the words.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/test.h"

TEST(PAN0070, "a site claims that only whole stacks reach it, and one with holes does", DEATH)
{
    stack_trim(thread_current()->slot, (uintptr_t)__builtin_frame_address(0));
    interrupts_disable_by(KERNEL_THREAD);
}

TEST(PAN0071, "a site claims that the stack in use is whole, and it is not", DEATH)
{
    stack_trim(thread_current()->slot, (uintptr_t)__builtin_frame_address(0));
    preempt_disable_by(WHOLE_STACK);
}

TEST(PAN0072, "a site claims that interrupts or preemption are off already, and both are on", DEATH)
{
    static struct spinlock lock = SPINLOCK("test");
    spin_lock_by(OFF_ALREADY, &lock);
}

TEST(PAN0073, "a site claims that both are on, and interrupts are off", DEATH)
{
    interrupts_disable();
    (void)interrupts_save_by(BOTH_ON);
}

TEST(PAN0074, "a site did not fill the page that its section may need", DEATH)
{
    uint32_t slot = thread_current()->slot;
    stack_trim(slot, (uintptr_t)__builtin_frame_address(0));
    /* Called as from a site whose stack pointer is in the second page from below. */
    site_ready_check(true, (const void *)(stack_floor(slot) + 2 * PAGE_BYTES + 64));
}
