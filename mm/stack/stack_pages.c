/* Reads and changes the leaf entries of stacks. See stack_pages.h. */
#include "mm/stack/stack_pages.h"

static void shootdown_nothing(uintptr_t address maybe_unused, size_t bytes maybe_unused)
{
}

void (*stack_shootdown)(uintptr_t address, size_t bytes) = shootdown_nothing;

/* Counts the backed ones of the four pages that faults fill. */
static uint32_t pages_filled(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t backed = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        backed += entries[page] & PAGE_PRESENT;
    }
    return backed;
}

uint32_t stack_pages_backed(uint32_t slot)
{
    return pages_filled(slot) +
           (unlikely(stack_is_large(slot)) ? stack_pages_below_floor(slot) : 0);
}

uint32_t stack_missing(uint32_t slot)
{
    return STACK_PAGES - pages_filled(slot);
}

/* Entry of the n-th page below the floor, counted from 0 downwards. */
static volatile uint64_t *entry_below_floor(uint32_t slot, uint32_t page)
{
    return stack_entries(slot) - 1 - page;
}

static uint32_t pages_below_floor_most(uint32_t slot)
{
    return (uint32_t)(stack_bytes_of(slot) / PAGE_BYTES - STACK_PAGES);
}

uint32_t stack_pages_below_floor(uint32_t slot)
{
    uint32_t most = pages_below_floor_most(slot), pages = 0;
    while (pages < most && (*entry_below_floor(slot, pages) & PAGE_PRESENT)) {
        pages++;
    }
    return pages;
}

uintptr_t stack_limit(uint32_t slot)
{
    return stack_floor(slot) - stack_pages_below_floor(slot) * PAGE_BYTES;
}

/* Checks the part below the floor: it is backed only if the floor's page is, and is one piece. */
static bool is_one_below_floor(uint32_t slot)
{
    uint32_t most = pages_below_floor_most(slot), pages = stack_pages_below_floor(slot);
    if (pages != 0 && !(stack_entries(slot)[0] & PAGE_PRESENT)) {
        return false;
    }
    for (uint32_t page = pages; page < most; page++) {
        if (*entry_below_floor(slot, page) & PAGE_PRESENT) {
            return false;
        }
    }
    return true;
}

bool stack_holes_are_one(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    for (unsigned page = 1; page < STACK_PAGES; page++) {
        if ((entries[page - 1] & PAGE_PRESENT) && !(entries[page] & PAGE_PRESENT)) {
            return false;
        }
    }
    return !stack_is_large(slot) || is_one_below_floor(slot);
}

bool stack_is_backed(uintptr_t address)
{
    return stack_leaf_exists(address) && (*paging_leaf(address) & PAGE_PRESENT);
}

uint32_t stack_pages_take(uint32_t slot, uint32_t pages, physical_t *frames)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t count = 0;
    for (unsigned page = 0; page < pages; page++) {
        if (entries[page] & PAGE_PRESENT) {
            frames[count++] = entries[page] & PAGE_ADDRESS_MASK;
            entries[page] = stack_entry_make(STACK_PAGE_HOLE, slot);
        }
    }
    return count;
}
