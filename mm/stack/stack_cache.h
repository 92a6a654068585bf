/*
 * Each CPU's cache of whole stacks: mapped stacks of threads that ended, for the next threads that
 * are created. Nothing that outlives a thread lies on its stack, so the next thread may have the
 * stack as soon as the old thread has left it, with the pages and bytes that it left. A cache holds
 * two stacks unless stack-cache= says otherwise.
 *
 * With stack-free=batched a stack waits for a grace period first (stack_batch.h), as it must in
 * kernels where others may still read the stack of a thread that ended. Then the cache has no room
 * for single stacks, and the stacks of a whole batch come at once.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"
#include "mm/stack/stack_depot.h"
#include "mm/stack/stack_reap.h"

#define STACK_CACHE_MAX     8
#define STACK_CACHE_DEFAULT 2

enum stack_free {
    STACK_FREE_IMMEDIATE, /* a stack may be used again as soon as its thread has left it */
    STACK_FREE_BATCHED,   /* only after a grace period, with all stacks of its batch */
};

/* Used by its own CPU only, with interrupts off; the others only read. */
struct stack_cache {
    uint32_t count;
    uint32_t slots[STACK_CACHE_MAX];
    uint64_t hits;   /* creations served from the cache or the depot */
    uint64_t misses; /* creations that found both empty */
};

DECLARE_PER_CPU(struct stack_cache, stack_cache);

/* How many stacks a cache takes from threads that end: 0 with stack-free=batched. */
extern uint32_t stack_cache_room;

/*
 * Sets how many stacks a CPU's cache holds at most: 0 to STACK_CACHE_MAX, and more counts as that.
 * Context: THREAD.
 */
void stack_cache_size_set(uint32_t stacks);

/*
 * Returns how many stacks a CPU's cache holds at most.
 * Context: ANY.
 */
uint32_t stack_cache_size(void);

/*
 * Sets how stacks are freed from now on. When batches end, the stacks in them are left to the
 * reclaimer.
 * Context: THREAD.
 */
void stack_free_set(enum stack_free how);

/*
 * Returns how stacks are freed.
 * Context: ANY.
 */
enum stack_free stack_free_get(void);

/*
 * Does the work of stack_cache_take() when this CPU's cache is empty: moves stacks from the depot
 * to the cache, and takes one of them. Returns false if the depot is empty, too.
 * Context: IRQ, interrupts off.
 */
bool stack_cache_take_late(uint32_t *slot);

/*
 * Takes a stack from this CPU's cache or the depot behind it. Returns false if both are empty.
 * Context: IRQ.
 */
static always_inline bool stack_cache_take(uint32_t *slot)
{
    uint64_t flags = interrupts_save();
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    bool hit = cache->count > 0;
    if (likely(hit)) {
        *slot = cache->slots[--cache->count];
        cache->hits++;
    } else if (unlikely(__atomic_load_n(&stack_depot_total, __ATOMIC_RELAXED) != 0)) {
        hit = stack_cache_take_late(slot);
    } else {
        cache->misses++;
    }
    interrupts_restore(flags);
    return hit;
}

/*
 * Puts a stack that no CPU uses into this CPU's cache. Returns false if there is no room.
 * Context: IRQ, interrupts off.
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

/*
 * Takes a stack for which this CPU's cache has no room. The stacks in the cache move to the depot,
 * and this one takes their place. If the depot has no room either, the stack goes to this CPU's
 * batch (stack-free=batched), or else to the reclaimer. A stack larger than 16 KiB, or any stack
 * while threads wait for memory, goes to the reclaimer at once. Context: IRQ, interrupts off.
 */
void stack_cache_refuse(uint32_t slot);

/*
 * Moves the stacks of a batch whose grace period is over into this CPU's cache, as many as fit, and
 * leaves the others to the reclaimer. Empties the chain.
 * Context: IRQ, interrupts off.
 */
void stack_cache_put_batch(struct stack_chain *batch);

/*
 * Leaves the stacks in this CPU's cache and batch, and in the depots, to the reclaimer.
 * Context: IRQ, interrupts off.
 */
void stack_cache_drain(void);

/*
 * Adds the number of stacks that no thread owns (cached, in batches, to be reaped) to *slots,
 * and that of their frames to *pages.
 * Context: THREAD. Exact only while no thread starts or ends.
 */
void stack_unowned_count(uint32_t *slots, size_t *pages);

struct stack_counts {
    uint64_t created_cold;   /* with a new slot and new frames */
    uint64_t created_cached; /* from a CPU's cache or the depot */
    uint64_t created_large;  /* of more than 16 KiB, which are not cached */
    uint64_t reclaimed;
};

/*
 * Reads the sums over all CPUs.
 * Context: ANY. Not exact while they change.
 */
void stack_counts_read(struct stack_counts *counts);
