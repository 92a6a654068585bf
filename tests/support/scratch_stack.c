/* A stack for tests to put RSP onto. See scratch_stack.h. */
#include "tests/support/scratch_stack.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/test.h"

bool scratch_stack_create(uint32_t *slot)
{
    preempt_disable();
    unsigned cpu = cpu_number();
    preempt_enable();
    test_equal(thread_affinity_set(thread_current(), 1UL << cpu), OK);
    thread_yield(); /* if the thread was moved meanwhile, it is back now */
    test_equal(cpu_number(), cpu);
    int error = stack_create(slot);
    test_equal(error, OK);
    if (error != OK) {
        return false;
    }
    scratch_stack_empty(*slot);
    return true;
}

void scratch_stack_destroy(uint32_t slot)
{
    uint64_t flags = interrupts_save();
    stack_destroy(slot);
    interrupts_restore(flags);
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
}

void scratch_stack_empty(uint32_t slot)
{
    stack_trim(slot, scratch_stack_edge(slot));
}

void scratch_stack_use(uint32_t slot)
{
    preempt_disable();
    interrupts_disable();
    uint32_t own = thread_current()->slot;
    test_check(magazine_refill(stack_missing(own) + stack_missing(slot)));
    this_cpu(stack_use).next_hole = stack_hole_of(slot);
}

void scratch_stack_unuse(void)
{
    this_cpu(stack_use).next_hole = this_cpu(stack_use).current_hole;
    /* Books the frames that were taken, so that they can be freed from the stack. */
    ignore_result(magazine_refill(0));
    interrupts_enable();
    preempt_enable();
}
