/*
 * A CPU keeps up to two whole stacks of dead threads for the next birth: nothing that outlives a
 * thread lies on its stack, so it can be used again the moment the thread is off it, as filled as
 * it was left.
 */
#pragma once

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/percpu.h"
#include "mm/stack_slot.h"

#define STACK_CACHE_MAX     8
#define STACK_CACHE_DEFAULT 2

/* Touched by its CPU alone, interrupts off; others only read. */
struct stack_cache {
    uint32_t count;
    uint32_t slots[STACK_CACHE_MAX];
    uint64_t hits;   /* births served */
    uint64_t misses; /* births that found it empty */
};

DECLARE_PER_CPU(struct stack_cache, stack_cache);

/* Takes a stack from this CPU's cache; false if it is empty. Thread context. */
static always_inline bool stack_cache_take(uint32_t *slot)
{
    uint64_t flags = interrupts_save();
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    bool hit = cache->count > 0;
    if (hit) {
        *slot = cache->slots[--cache->count];
        cache->hits++;
    } else {
        cache->misses++;
    }
    interrupts_restore(flags);
    return hit;
}

/* Puts a stack that no CPU uses into this CPU's cache; false if it is full. Interrupts off. */
static always_inline bool stack_cache_put(uint32_t slot)
{
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    if (cache->count >= STACK_CACHE_DEFAULT) {
        return false;
    }
    cache->slots[cache->count++] = slot;
    return true;
}

/* Moves this CPU's cached stacks to the dead ones. Interrupts off. */
void stack_cache_drain(void);

/*
 * Adds the stacks that no thread owns (in the CPUs' caches, and dead ones) and their backed pages.
 * Exact only while nothing moves. Thread context.
 */
void stack_unowned_count(uint32_t *slots, size_t *pages);

struct stack_counts {
    uint64_t created_cold;   /* slot and frame fresh */
    uint64_t created_cached; /* from a CPU's cache */
    uint64_t reclaimed;
};

/* Sums over all CPUs; not exact while they change. */
void stack_counts_read(struct stack_counts *counts);
