/* Counts pages in the page tables themselves, not by counters, which could be wrong. */
#include "kernel/demo/stack_savings.h"

#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"

#define TABLE_BYTES (512 * PAGE_BYTES) /* of addresses, by one leaf table */

/* The memory that the stacks would take if they were backed from creation: pages and addresses. */
struct eager {
    struct stack_savings *savings;
    size_t pages, bytes;
};

static void thread_add(struct thread *thread, void *context)
{
    struct eager *eager = context;
    struct stack_savings *savings = eager->savings;
    if (thread->state != THREAD_DEAD) {
        eager->pages += stack_bytes_of(thread->slot) / PAGE_BYTES;
        eager->bytes += stack_slot_bytes(stack_size_of(thread->slot));
        savings->stacks++;
        savings->backed += stack_pages_backed(thread->slot);
    }
}

void stack_savings_read(struct stack_savings *savings)
{
    uint32_t unowned_slots = 0;
    struct eager eager = {.savings = savings};
    *savings =
        (struct stack_savings){.reserve = stack_reserve_count(), .tables = stack_tables_made()};
    thread_for_each(thread_add, &eager);
    stack_unowned_count(&unowned_slots, &savings->unowned);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *one = &cpu_variable(magazine, cpu);
        savings->magazines += one->capacity - one->taken;
    }
    savings->all = savings->backed + savings->unowned + savings->magazines + savings->reserve +
                   savings->tables;
    savings->eager = eager.pages + (eager.bytes + TABLE_BYTES - 1) / TABLE_BYTES;
    savings->saved_percent =
        savings->eager == 0
            ? 0
            : (int)(((long)savings->eager - (long)savings->all) * 100 / (long)savings->eager);
}
