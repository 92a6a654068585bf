/*
 * Each CPU's cache of whole stacks: nothing that outlives a thread lies on its stack, so the next
 * creation may have it the moment the thread is off it, as filled as it was left. Two a CPU unless
 * stack-cache= says otherwise.
 *
 * stack-free=batched lets dead stacks wait first, as kernels must where something on the stack may
 * still be looked at: see stack_batch.h. Then the death itself finds no room here, and the stacks
 * of a whole batch come at once.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"
#include "mm/stack/stack_reap.h"

#define STACK_CACHE_MAX     8
#define STACK_CACHE_DEFAULT 2

enum stack_free {
    STACK_FREE_IMMEDIATE, /* a dead stack may be used again at once */
    STACK_FREE_BATCHED,   /* only after a grace period, together with all that died before it */
};

/* Touched by its CPU alone, interrupts off; others only read. */
struct stack_cache {
    uint32_t count;
    uint32_t slots[STACK_CACHE_MAX];
    uint64_t hits;   /* births served */
    uint64_t misses; /* births that found it empty */
};

DECLARE_PER_CPU(struct stack_cache, stack_cache);

/* How many stacks a cache may hold for a death to put one in: 0 while stacks are freed in batches.
 */
extern uint32_t stack_cache_room;

/* Stacks that a CPU's cache holds at most: 0 to STACK_CACHE_MAX, clamped. Thread context. */
void stack_cache_size_set(uint32_t stacks);
uint32_t stack_cache_size(void);

/*
 * How dead stacks are freed from now on; what waits in batches goes to the dead stacks when that
 * ends. Thread context.
 */
void stack_free_set(enum stack_free how);
enum stack_free stack_free_get(void);

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

/* Puts a stack that no CPU uses into this CPU's cache; false if there is no room. Interrupts off.
 */
static always_inline bool stack_cache_put(uint32_t slot)
{
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    if (cache->count >= stack_cache_room) {
        return false;
    }
    cache->slots[cache->count++] = slot;
    return true;
}

/* A dead stack that the cache did not take: to the batch, or to the dead stacks. Interrupts off. */
void stack_cache_refuse(uint32_t slot);

/*
 * A batch whose grace period is over: what fits goes to this CPU's cache, the rest to the dead
 * stacks. Empties the chain. Interrupts off.
 */
void stack_cache_put_batch(struct stack_chain *batch);

/* Moves this CPU's cached stacks, and those in its batch, to the dead ones. Interrupts off. */
void stack_cache_drain(void);

/*
 * Adds the stacks that no thread owns (in the CPUs' caches and batches, and dead ones) and their
 * backed pages. Exact only while nothing moves. Thread context.
 */
void stack_unowned_count(uint32_t *slots, size_t *pages);

struct stack_counts {
    uint64_t created_cold;   /* slot and frame fresh */
    uint64_t created_cached; /* from a CPU's cache */
    uint64_t created_large;  /* of more than 16 KiB, which no cache has */
    uint64_t reclaimed;
};

/* Sums over all CPUs; not exact while they change. */
void stack_counts_read(struct stack_counts *counts);
