/*
 * Birth and death of stacks, and what their entries tell. A dead thread's stack goes to its CPU's
 * cache of whole stacks (stack_cache.h), or else to the dead stacks (stack_reap.h), which the
 * reclaimer takes apart.
 */
#include "mm/stack/stack.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_chain.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack/stack_large.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"

/* Of the block that all pages of a stack make. */
#define STACK_PAGES_ORDER 2

_Static_assert(1 << STACK_PAGES_ORDER == STACK_PAGES, "a stack's pages make a block");

/* Whether a creation from the cache has more to do than to take a slot from there. */
static bool creations_are_special;

void stack_create_mode_init(void)
{
    creations_are_special =
        stack_mode_get() == STACK_MODE_EAGER || stack_depth_is_exact() || numa_node_count > 1;
}

/* Backs the top page of a fresh slot with a zeroed frame: nearly every create. */
static must_check int stack_back_top(uint32_t slot)
{
    physical_t frame;
    int error = frame_allocate(FRAME_OWNER_STACK, &frame);
    if (error == OK) {
        page_zero(physical_to_virtual(frame));
        stack_entries(slot)[STACK_PAGES - 1] = frame | PAGE_KERNEL_DATA;
    }
    return error;
}

/*
 * Backs all pages of a fresh slot where no block is for them all. Nothing is mapped before all is
 * there: a page that was mapped once may be known to any CPU, for they walk ahead of what they
 * execute, and could be freed only after a shootdown.
 */
static never_inline must_check int stack_back_in_pieces(uint32_t slot)
{
    struct frame_chain chain = {0};
    int error = frame_chain_allocate(&chain, STACK_PAGES, FRAME_OWNER_STACK);
    for (volatile uint64_t *entry = stack_entries(slot) + STACK_PAGES; chain.count != 0;) {
        *--entry = frame_chain_take(&chain) | PAGE_KERNEL_DATA;
    }
    return error;
}

/* Backs all pages of a fresh slot, all or none, contiguous where memory is. */
static must_check int stack_back_whole(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    physical_t first;
    int error = frame_block_allocate(STACK_PAGES_ORDER, FRAME_OWNER_STACK, &first);
    if (unlikely(error == ERROR_AGAIN)) {
        return stack_back_in_pieces(slot);
    }
    for (unsigned page = 0; error == OK && page < STACK_PAGES; page++) {
        physical_t frame = first + page * PAGE_BYTES;
        page_zero(physical_to_virtual(frame));
        entries[page] = frame | PAGE_KERNEL_DATA;
    }
    return error;
}

/* Whose memory is the page on which the thread begins? */
static void create_count(enum numa_node_use use, uint32_t slot)
{
    uint64_t flags = interrupts_save();
    numa_node_count_frame(use, stack_entries(slot)[STACK_PAGES - 1] & PAGE_ADDRESS_MASK);
    interrupts_restore(flags);
}

static must_check int stack_create_cold(bool whole, uint32_t *slot)
{
    if (memory_queued() != 0 || stack_memory_short()) {
        return ERROR_NO_MEMORY; /* who waits for frames comes before who wants to be born */
    }
    int error = stack_slot_allocate(0, slot);
    if (error == OK) {
        error = whole ? stack_back_whole(*slot) : stack_back_top(*slot);
        if (unlikely(error != OK)) {
            stack_slot_free(*slot);
        } else if (unlikely(numa_node_count > 1)) {
            create_count(NUMA_USE_CREATE, *slot);
        }
    }
    return error;
}

/* A stack from the cache, for those who want more of it than that it is one. */
static must_check int stack_create_special(uint32_t *slot)
{
    if (stack_mode_get() == STACK_MODE_EAGER && stack_missing(*slot) != 0) {
        stack_reap_add(*slot); /* its last owner gave pages back (stack_trim()) */
        return stack_create_cold(true, slot);
    }
    if (stack_depth_is_exact()) {
        stack_depth_forget(*slot);
    }
    if (numa_node_count > 1) {
        create_count(NUMA_USE_CACHED, *slot);
    }
    return OK;
}

int stack_create(uint32_t *slot)
{
    /* Who waits for frames comes before who wants to be born, be it on a stack from the cache. */
    if (likely(memory_queued() == 0 && stack_cache_take(slot))) {
        return unlikely(creations_are_special) ? stack_create_special(slot) : OK;
    }
    return stack_create_cold(stack_mode_get() == STACK_MODE_EAGER, slot);
}

int stack_create_in(unsigned node, bool whole, size_t bytes, uint32_t *slot)
{
    uint64_t flags = interrupts_save();
    unsigned cpu = cpu_number(), own = frame_node_of_cpu(cpu);
    frame_node_set(cpu, node);
    whole = whole || stack_mode_get() == STACK_MODE_EAGER;
    int error = bytes > STACK_BYTES ? stack_create_sized(bytes, whole, slot)
                                    : stack_create_cold(whole, slot);
    frame_node_set(cpu, own);
    interrupts_restore(flags);
    return error;
}

int stack_create_backed(uint32_t *slot)
{
    return stack_create_cold(true, slot);
}

int stack_create_sized(size_t bytes, bool whole, uint32_t *slot)
{
    unsigned size;
    int error = stack_size_for(bytes, &size);
    if (error != OK) {
        return error;
    }
    if (size == 0) {
        return whole ? stack_create_backed(slot) : stack_create(slot);
    }
    return stack_large_create(size, whole || stack_mode_get() == STACK_MODE_EAGER, slot);
}

void stack_destroy(uint32_t slot)
{
    /* What the dead thread took since the gate is booked here: the reclaimer is on another CPU. */
    magazine_charge();
    stack_depth_note_end(slot);
    /* Whoever is born next wants 16 KiB: a larger stack would lie in the cache for nothing. */
    if (unlikely(memory_queued() != 0 || stack_is_large(slot) || !stack_cache_put(slot))) {
        stack_cache_refuse(slot);
    }
}
