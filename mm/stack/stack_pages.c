/* Reads and changes the leaf entries of stacks. See stack_pages.h. */
#include "mm/stack/stack_pages.h"

#include "arch/x86_64/cpu/panic.h"
#include "mm/frame/frame.h"

static void shootdown_nothing(uintptr_t address maybe_unused, size_t bytes maybe_unused)
{
}

void (*stack_shootdown_hook)(uintptr_t address, size_t bytes) = shootdown_nothing;

/* Counts the backed ones of the four pages that faults fill. Unrolled: the gate asks this often. */
static uint32_t pages_filled(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t backed = 0;
#pragma GCC unroll 4
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

uint32_t stack_pages_unmapping(uint32_t slot)
{
    volatile uint64_t *bottom = paging_leaf(stack_bottom(slot));
    uint32_t count = 0;
    for (uint32_t page = 0; page < stack_bytes_of(slot) / PAGE_BYTES; page++) {
        count += stack_entry_is(bottom[page], STACK_PAGE_UNMAPPING);
    }
    return count;
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

#ifdef INVARIANT
/* Shootdowns of stacks are numbered from 1, as they begin. */
static uint32_t shootdowns_begun;
static uint32_t shootdown_ended; /* the highest number of one that ended */

static bool is_later(uint32_t number, uint32_t than)
{
    return (int32_t)(number - than) > 0;
}

static uint32_t shootdown_note_begin(void)
{
    return __atomic_add_fetch(&shootdowns_begun, 1, __ATOMIC_SEQ_CST);
}

static void shootdown_note_end(uint32_t number)
{
    uint32_t ended = __atomic_load_n(&shootdown_ended, __ATOMIC_RELAXED);
    while (is_later(number, ended) &&
           !__atomic_compare_exchange_n(&shootdown_ended, &ended, number, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED)) {
    }
}

void stack_unmap_note(physical_t frame)
{
    frame_tag_set(frame, __atomic_load_n(&shootdowns_begun, __ATOMIC_SEQ_CST));
}

void stack_unmap_check(physical_t frame)
{
    uint32_t begun_before = frame_tag(frame);
    if (!is_later(__atomic_load_n(&shootdown_ended, __ATOMIC_SEQ_CST), begun_before)) {
        panic("the frame 0x%lx of an unmapped stack page is about to be used again, but no "
              "shootdown began after the page was unmapped and ended (invariant I6)",
              frame);
    }
    frame_tag_set(frame, 0);
}
#else
static always_inline uint32_t shootdown_note_begin(void)
{
    return 0;
}
static always_inline void shootdown_note_end(uint32_t number maybe_unused)
{
}
#endif

void stack_shootdown(uintptr_t address, size_t bytes)
{
    uint32_t number = shootdown_note_begin();
    stack_shootdown_hook(address, bytes);
    shootdown_note_end(number);
}

/* Makes a page UNMAPPING. Returns false if it is not backed. */
static bool entry_unmap(volatile uint64_t *entry)
{
    uint64_t old = *entry;
    if (!(old & PAGE_PRESENT)) {
        return false;
    }
    /* An exchange, because a CPU may be setting the Accessed bit at this moment. */
    (void)__atomic_exchange_n(entry, stack_entry_keep(STACK_PAGE_UNMAPPING, stack_entry_frame(old)),
                              __ATOMIC_ACQ_REL);
    stack_unmap_note(stack_entry_frame(old));
    return true;
}

/*
 * Writes `empty` to the entry of a page that is still UNMAPPING and frees its frame. Returns false
 * if it is not UNMAPPING: it never was, or a stack fault mapped it again.
 */
static bool entry_free(volatile uint64_t *entry, uint64_t empty)
{
    uint64_t old = *entry;
    if (!stack_entry_is(old, STACK_PAGE_UNMAPPING)) {
        return false;
    }
    physical_t frame = stack_entry_frame(old);
    stack_unmap_check(frame);
    if (!__atomic_compare_exchange_n(entry, &old, empty, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        return false;
    }
    frame_free(frame, FRAME_OWNER_STACK);
    return true;
}

bool stack_entry_return(volatile uint64_t *entry)
{
    uint64_t old = *entry;
    return stack_entry_is(old, STACK_PAGE_UNMAPPING) &&
           __atomic_compare_exchange_n(entry, &old, stack_entry_frame(old) | PAGE_KERNEL_DATA,
                                       false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint32_t stack_unmap_begin(uint32_t slot, uint32_t pages)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t count = 0;
    for (uint32_t page = 0; page < pages; page++) {
        count += entry_unmap(&entries[page]);
    }
    return count;
}

uint32_t stack_unmap_end(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t count = 0;
    /* The lowest first, so that UNMAPPING pages always lie directly below the backed part. */
    for (uint32_t page = 0; page < STACK_PAGES; page++) {
        count += entry_free(&entries[page], stack_entry_make(STACK_PAGE_HOLE, slot));
    }
    return count;
}

uint32_t stack_unmap_begin_below_floor(uint32_t slot, uintptr_t address)
{
    uintptr_t floor = stack_floor(slot), page = stack_limit(slot);
    uintptr_t end = address < floor ? align_down(address, PAGE_BYTES) : floor;
    uint32_t count = 0;
    for (; page < end; page += PAGE_BYTES) {
        count += entry_unmap(paging_leaf(page));
    }
    return count;
}

uint32_t stack_unmap_end_below_floor(uint32_t slot)
{
    uint32_t count = 0;
    for (uint32_t page = pages_below_floor_most(slot); page-- > 0;) {
        count +=
            entry_free(entry_below_floor(slot, page), stack_entry_make(STACK_PAGE_BEYOND, slot));
    }
    return count;
}
