/*
 * The caches of whole stacks, one a CPU: what is not on the way of every birth and death.
 */
#include "mm/stack_cache.h"

#include "mm/stack.h"
#include "mm/stack_dead.h"

PER_CPU(struct stack_cache, stack_cache);

void stack_cache_drain(void)
{
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    while (cache->count > 0) {
        stack_dead_add(cache->slots[--cache->count]);
    }
}

void stack_unowned_count(uint32_t *slots, size_t *pages)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_cache *cache = &cpu_variable(stack_cache, cpu);
        for (uint32_t i = 0; i < cache->count; i++) {
            (*slots)++;
            *pages += stack_pages_backed(cache->slots[i]);
        }
    }
    stack_dead_count(slots, pages);
}

void stack_counts_read(struct stack_counts *counts)
{
    *counts = (struct stack_counts){.reclaimed = stack_reclaimed_count()};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_cache *cache = &cpu_variable(stack_cache, cpu);
        counts->created_cold += cache->misses;
        counts->created_cached += cache->hits;
    }
}
