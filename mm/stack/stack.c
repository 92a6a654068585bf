/*
 * Creation and end of stacks. The stack of a thread that ended goes to its CPU's cache of whole
 * stacks (stack_cache.h), or else to the stacks to be reaped (stack_reap.h), whose pages the
 * reclaimer frees.
 */
#include "mm/stack/stack.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_chain.h"
#include "mm/frame/numa_counts.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack/stack_large.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"

/* The order of a block that holds all pages of a 16 KiB stack. */
#define STACK_PAGES_ORDER 2

_Static_assert(1 << STACK_PAGES_ORDER == STACK_PAGES, "the pages of a stack form one block");

/* True if a creation from the cache must do more than take a stack: see stack_create_special(). */
static bool creations_are_special;

void stack_create_mode_init(void)
{
    creations_are_special =
        stack_mode_get() == STACK_MODE_EAGER || stack_depth_is_exact() || numa_node_count > 1;
}

/* Backs the top page of a new slot with a zeroed frame. Nearly every new stack starts like this. */
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
 * Backs all pages of a new slot with single frames, because no block is free. It maps no page
 * before it has all frames. To unmap a page again would need a shootdown, because any CPU may have
 * translated its address speculatively.
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

/* Backs all pages of a new slot, all or none, with a contiguous block if one is free. */
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

/* Counts whether the top page of a stack is on NUMA node `node`; FRAME_NODE_OWN: this CPU's. */
static void create_count(enum numa_node_use use, unsigned node, uint32_t slot)
{
    uint64_t flags = interrupts_save();
    node = node == FRAME_NODE_OWN ? frame_node_of_cpu(cpu_number()) : node;
    numa_node_count_frame(use, node, stack_entries(slot)[STACK_PAGES - 1] & PAGE_ADDRESS_MASK);
    interrupts_restore(flags);
}

/* Says whether threads that wait for memory come first. */
static bool memory_is_wanted(void)
{
    return memory_queued() != 0 || (unlikely(memory_waiters() != 0) && stack_memory_short());
}

static must_check int stack_create_cold(bool whole, uint32_t *slot)
{
    if (memory_is_wanted()) {
        return ERROR_NO_MEMORY;
    }
    int error = stack_slot_allocate(0, slot);
    if (error == OK) {
        error = whole ? stack_back_whole(*slot) : stack_back_top(*slot);
        if (unlikely(error != OK)) {
            stack_slot_free(*slot);
        } else if (unlikely(numa_node_count > 1)) {
            create_count(NUMA_USE_CREATE, FRAME_NODE_OWN, *slot);
        }
    }
    return error;
}

/* Prepares a stack from the cache in the modes that need it: see stack_create_mode_init(). */
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
        create_count(NUMA_USE_CACHED, FRAME_NODE_OWN, *slot);
    }
    return OK;
}

int stack_create(uint32_t *slot)
{
    /* Threads that wait for memory come first, even if the cache has a stack. */
    if (likely(memory_queued() == 0 && stack_cache_take(slot))) {
        return unlikely(creations_are_special) ? stack_create_special(slot) : OK;
    }
    return stack_create_cold(stack_mode_get() == STACK_MODE_EAGER, slot);
}

int stack_create_in(unsigned node, bool whole, size_t bytes, uint32_t *slot)
{
    unsigned size = 0;
    int error = bytes != 0 ? stack_size_for(bytes, &size) : OK;
    if (error != OK) {
        return error;
    }
    if (memory_is_wanted()) {
        return ERROR_NO_MEMORY;
    }
    whole = whole || stack_mode_get() == STACK_MODE_EAGER;
    error = stack_back_new(node, size, whole, slot);
    if (error == OK && size == 0) {
        create_count(NUMA_USE_CREATE, node, *slot);
    }
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
    /* Book the frames that the thread took before the reclaimer, on any CPU, frees them. */
    magazine_charge_rest();
    stack_depth_note_end(slot);
    /* Nearly all creations ask for 16 KiB, so larger stacks are not cached. */
    if (unlikely(memory_queued() != 0 || stack_is_large(slot) || !stack_cache_put(slot))) {
        stack_cache_refuse(slot);
    }
}
