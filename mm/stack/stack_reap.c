/*
 * Keeps the stacks to be reaped until the reclaimer frees them. Their frames may be freed only
 * after a shootdown, which is awaited in thread context.
 */
#include "mm/stack/stack_reap.h"

#include "arch/x86_64/cpu/spinlock.h"
#include "mm/stack/stack_pages.h"

#define RECLAIM_BATCH 64

static struct spinlock reap_lock = SPINLOCK("stacks to be reaped");
static struct stack_chain to_reap;
static uint64_t reclaimed_count;

bool stack_reap_many;

/* After each change of `to_reap`, with the lock held. */
static void many_note(void)
{
    __atomic_store_n(&stack_reap_many, to_reap.count >= STACK_REAP_MANY, __ATOMIC_RELAXED);
}

/* The word at the very top of a stack in a chain, which is always backed. */
static uint32_t *link_of(uint32_t slot)
{
    return (uint32_t *)(stack_top(slot) - sizeof(uint64_t));
}

void stack_chain_push(struct stack_chain *chain, uint32_t slot)
{
    *link_of(slot) = chain->first;
    chain->last = chain->count == 0 ? slot : chain->last;
    chain->first = slot;
    chain->count++;
}

uint32_t stack_chain_pop(struct stack_chain *chain)
{
    uint32_t slot = chain->first;
    chain->first = *link_of(slot);
    chain->count--;
    return slot;
}

void stack_chain_join(struct stack_chain *chain, struct stack_chain *more)
{
    if (more->count == 0) {
        return;
    }
    *link_of(more->last) = chain->first;
    chain->last = chain->count == 0 ? more->last : chain->last;
    chain->first = more->first;
    chain->count += more->count;
    *more = (struct stack_chain){0};
}

void stack_chain_count(const struct stack_chain *chain, uint32_t *slots, size_t *pages)
{
    uint32_t slot = chain->first;
    for (uint32_t i = 0; i < chain->count; i++, slot = *link_of(slot)) {
        (*slots)++;
        *pages += stack_pages_backed(slot) + stack_pages_unmapping(slot);
    }
}

void stack_reap_add(uint32_t slot)
{
    uint64_t flags = spin_lock_irq_save(&reap_lock);
    stack_chain_push(&to_reap, slot);
    many_note();
    spin_unlock_irq_restore(&reap_lock, flags);
}

void stack_reap_add_chain(struct stack_chain *chain)
{
    uint64_t flags = spin_lock_irq_save(&reap_lock);
    stack_chain_join(&to_reap, chain);
    many_note();
    spin_unlock_irq_restore(&reap_lock, flags);
}

static uint32_t reap_take(void)
{
    uint64_t flags = spin_lock_irq_save(&reap_lock);
    uint32_t slot = to_reap.count != 0 ? stack_chain_pop(&to_reap) : STACK_SLOT_NONE;
    many_note();
    spin_unlock_irq_restore(&reap_lock, flags);
    return slot;
}

bool stack_reclaim_wanted(void)
{
    return __atomic_load_n(&to_reap.count, __ATOMIC_RELAXED) != 0;
}

/* Begins to unmap all pages of a stack. */
static void slot_unmap_begin(uint32_t slot)
{
    stack_unmap_begin(slot, STACK_PAGES);
    if (stack_is_large(slot)) {
        stack_unmap_begin_below_floor(slot, stack_floor(slot));
    }
}

/* Frees the frames of a stack, after the shootdown, and its slot. */
static void slot_unmap_end(uint32_t slot)
{
    stack_unmap_end(slot);
    if (stack_is_large(slot)) {
        stack_unmap_end_below_floor(slot);
    }
    stack_slot_free(slot);
}

uint32_t stack_reclaim_batch(void)
{
    uint32_t slots[RECLAIM_BATCH], count, lowest = UINT32_MAX, highest = 0;
    for (count = 0; count < RECLAIM_BATCH; count++) {
        uint32_t slot = reap_take();
        if (slot == STACK_SLOT_NONE) {
            break;
        }
        slots[count] = slot;
        lowest = slot < lowest ? slot : lowest;
        highest = slot > highest ? slot : highest;
        slot_unmap_begin(slot);
    }
    if (count == 0) {
        return 0;
    }
    /* One shootdown for the whole batch, of the range that contains all its stacks. */
    stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));
    for (uint32_t i = 0; i < count; i++) {
        slot_unmap_end(slots[i]);
    }
    __atomic_add_fetch(&reclaimed_count, count, __ATOMIC_RELAXED);
    return count;
}

/* Stops after as many stacks as waited at first: others may add stacks as fast as it frees them. */
uint32_t stack_reclaim(void)
{
    uint32_t most = __atomic_load_n(&to_reap.count, __ATOMIC_RELAXED), total = 0, count;
    do {
        count = stack_reclaim_batch();
        total += count;
    } while (count != 0 && total < most);
    return total;
}

uint64_t stack_reclaimed_count(void)
{
    return __atomic_load_n(&reclaimed_count, __ATOMIC_RELAXED);
}

void stack_reap_count(uint32_t *slots, size_t *pages)
{
    uint64_t flags = spin_lock_irq_save(&reap_lock);
    stack_chain_count(&to_reap, slots, pages);
    spin_unlock_irq_restore(&reap_lock, flags);
}
