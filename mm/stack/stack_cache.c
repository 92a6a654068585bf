/* The rare operations on the caches of whole stacks: see stack_cache.h. */
#include "mm/stack/stack_cache.h"

#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_large.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_reserve.h"

PER_CPU(struct stack_cache, stack_cache);

uint32_t stack_cache_room = STACK_CACHE_DEFAULT;

static uint32_t size = STACK_CACHE_DEFAULT;
static enum stack_free freeing;

static void room_set(void)
{
    uint32_t room = freeing == STACK_FREE_IMMEDIATE ? size : 0;
    __atomic_store_n(&stack_cache_room, room, __ATOMIC_RELEASE);
}

void stack_cache_size_set(uint32_t stacks)
{
    size = stacks < STACK_CACHE_MAX ? stacks : STACK_CACHE_MAX;
    room_set();
    (void)stack_depot_drain();
}

uint32_t stack_cache_size(void)
{
    return size;
}

void stack_free_set(enum stack_free how)
{
    __atomic_store_n(&freeing, how, __ATOMIC_RELEASE);
    room_set();
    (void)stack_depot_drain();
    stack_batch_enable(how == STACK_FREE_BATCHED);
}

enum stack_free stack_free_get(void)
{
    return __atomic_load_n(&freeing, __ATOMIC_ACQUIRE);
}

bool stack_cache_take_late(uint32_t *slot)
{
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    cache->count = stack_depot_take(cache->slots, stack_cache_room);
    if (cache->count == 0) {
        cache->misses++;
        return false;
    }
    cache->hits++;
    *slot = cache->slots[--cache->count];
    return true;
}

/* Moves all stacks of this CPU's cache to the depot. Returns false if that has no room. */
static bool cache_to_depot(struct stack_cache *cache)
{
    struct stack_chain chain = {0};
    for (uint32_t i = 0; i < cache->count; i++) {
        stack_chain_push(&chain, cache->slots[i]);
    }
    if (!stack_depot_put(&chain)) {
        return false;
    }
    cache->count = 0;
    return true;
}

void stack_cache_refuse(uint32_t slot)
{
    /* While threads wait for memory nothing is kept, not even for a grace period. */
    if (memory_queued() != 0 || stack_is_large(slot)) {
        stack_reap_add(slot);
        return;
    }
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    if (stack_cache_room != 0 && cache->count >= stack_cache_room && cache_to_depot(cache)) {
        cache->slots[cache->count++] = slot;
    } else if (!stack_batch_add(slot)) {
        stack_reap_add(slot);
    }
}

void stack_cache_put_batch(struct stack_chain *batch)
{
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    while (cache->count < size && batch->count != 0) {
        cache->slots[cache->count++] = stack_chain_pop(batch);
    }
    stack_reap_add_chain(batch);
}

void stack_cache_drain(void)
{
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    while (cache->count > 0) {
        stack_reap_add(cache->slots[--cache->count]);
    }
    stack_batch_drain();
    (void)stack_depot_drain();
}

void stack_unowned_count(uint32_t *slots, size_t *pages)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_cache *cache = &cpu_variable(stack_cache, cpu);
        for (uint32_t i = 0; i < cache->count; i++) {
            (*slots)++;
            *pages += stack_pages_backed(cache->slots[i]) + stack_pages_unmapping(cache->slots[i]);
        }
    }
    stack_depot_count(slots, pages);
    stack_batch_count(slots, pages);
    stack_reap_count(slots, pages);
}

void stack_counts_read(struct stack_counts *counts)
{
    *counts = (struct stack_counts){.created_large = stack_large_creations(),
                                    .reclaimed = stack_reclaimed_count()};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_cache *cache = &cpu_variable(stack_cache, cpu);
        counts->created_cold += cache->misses;
        counts->created_cached += cache->hits;
    }
}
