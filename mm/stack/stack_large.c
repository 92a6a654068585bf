/* Backs and frees pages below the fault floor: see stack_large.h. */
#include "mm/stack/stack_large.h"

#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_reserve.h"

static uint64_t creations;

uint64_t stack_large_creations(void)
{
    return __atomic_load_n(&creations, __ATOMIC_RELAXED);
}

int stack_back_new(unsigned node, unsigned size, bool whole, uint32_t *slot)
{
    struct frame_chain chain = {0};
    uint32_t pages = whole ? (uint32_t)((STACK_BYTES << size) / PAGE_BYTES) : 1;
    int error = stack_slot_allocate(size, slot);
    if (error != OK) {
        return error;
    }
    error = frame_chain_allocate_in(node, &chain, pages, FRAME_OWNER_STACK);
    if (error != OK) {
        stack_slot_free(*slot);
        return error;
    }
    volatile uint64_t *entry = stack_entries(*slot) + STACK_PAGES;
    while (chain.count != 0) {
        *--entry = frame_chain_take(&chain) | PAGE_KERNEL_DATA;
    }
    if (size != 0) {
        __atomic_add_fetch(&creations, 1, __ATOMIC_RELAXED);
    }
    return OK;
}

int stack_large_create(unsigned size, bool whole, uint32_t *slot)
{
    if (memory_queued() != 0 || stack_memory_short()) {
        return ERROR_NO_MEMORY; /* threads that wait for memory come first */
    }
    return stack_back_new(FRAME_NODE_OWN, size, whole, slot);
}

static bool entry_is_empty(uint64_t entry, uint32_t slot)
{
    return entry == stack_entry_make(STACK_PAGE_HOLE, slot) ||
           entry == stack_entry_make(STACK_PAGE_BEYOND, slot);
}

/*
 * Looks again at a page that was neither backed nor empty: it is UNMAPPING, and gets its own frame
 * back. Returns its entry, which is empty if the page needs another frame after all. Not inlined,
 * because it is rare.
 */
static never_inline uint64_t page_return(volatile uint64_t *place, uint32_t slot)
{
    ignore_result(stack_entry_return(place)); /* a stack fault may have done it already */
    uint64_t entry = *place;
    if (!(entry & PAGE_PRESENT) && !entry_is_empty(entry, slot)) {
        panic("stack slot %u: the entry 0x%llx is neither a hole nor beyond the floor of the "
              "stack that asks for more of itself",
              slot, (unsigned long long)entry);
    }
    return entry;
}

/*
 * Maps frames of the chain on the pages from `above` (exclusive) down to `lowest` that are not
 * backed. A call made here may itself fault and fill the next page from the magazine. So entries
 * are changed by compare-and-exchange, and frames may be left over in the chain.
 */
static void pages_map(volatile uint64_t *lowest, volatile uint64_t *above, uint32_t slot,
                      struct frame_chain *chain)
{
    while (above != lowest) {
        uint64_t entry = *--above;
        if (unlikely(!entry_is_empty(entry, slot))) {
            entry = entry & PAGE_PRESENT ? entry : page_return(above, slot);
            if (entry & PAGE_PRESENT) {
                continue;
            }
        }
        physical_t frame = frame_chain_take(chain);
        if (!__atomic_compare_exchange_n(above, &entry, frame | PAGE_KERNEL_DATA, false,
                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            frame_chain_put(chain, frame);
        }
    }
}

int stack_back_down(uint32_t slot, uintptr_t address)
{
    struct frame_chain chain = {0};
    if (address - stack_bottom(slot) >= stack_bytes_of(slot)) {
        return ERROR_RANGE;
    }
    volatile uint64_t *lowest = paging_leaf(address), *above = lowest;
    while (!(*above & PAGE_PRESENT)) {
        above++;
    }
    if (above == lowest) {
        return OK;
    }
    if (memory_queued() != 0 || stack_memory_short()) {
        return ERROR_NO_MEMORY; /* threads that wait for memory come first */
    }
    int error = frame_chain_allocate(&chain, (uint32_t)(above - lowest), FRAME_OWNER_STACK);
    if (error == OK) {
        pages_map(lowest, above, slot, &chain);
        frame_chain_free(&chain, FRAME_OWNER_STACK);
    }
    return error;
}

void stack_give_back(uint32_t slot, uintptr_t address)
{
    uintptr_t lowest = stack_limit(slot);
    uint32_t count = stack_unmap_begin_below_floor(slot, address);
    if (count != 0) {
        stack_shootdown(lowest, count * PAGE_BYTES);
        stack_unmap_end_below_floor(slot);
    }
}
