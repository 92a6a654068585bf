/* Counts pages where they are, not from counters: a leaf entry is the truth about its page. */
#include "kernel/stack_savings.h"

#include "mm/magazine.h"
#include "mm/stack.h"
#include "mm/stack_cache.h"
#include "mm/stack_reserve.h"
#include "sched/thread.h"

#define SLOTS_A_TABLE (512 / STACK_SLOT_PAGES)

static void thread_add(struct thread *thread, void *context)
{
    struct stack_savings *savings = context;
    if (thread->state != THREAD_DEAD) {
        savings->stacks++;
        savings->backed += stack_pages_backed(thread->slot);
    }
}

void stack_savings_read(struct stack_savings *savings)
{
    uint32_t unowned_slots = 0;
    *savings = (struct stack_savings){.reserve = stack_reserve_count(),
                                      .tables = stack_slots_made() / SLOTS_A_TABLE};
    thread_for_each(thread_add, savings);
    stack_unowned_count(&unowned_slots, &savings->unowned);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *one = &cpu_variable(magazine, cpu);
        savings->magazines += one->capacity - one->taken;
    }
    savings->all = savings->backed + savings->unowned + savings->magazines + savings->reserve +
                   savings->tables;
    savings->eager =
        savings->stacks * STACK_PAGES + (savings->stacks + SLOTS_A_TABLE - 1) / SLOTS_A_TABLE;
    savings->saved_percent =
        savings->eager == 0
            ? 0
            : (int)(((long)savings->eager - (long)savings->all) * 100 / (long)savings->eager);
}
