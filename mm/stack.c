/*
 * Birth and death of stacks. A CPU keeps up to two whole stacks of dead threads for the next birth:
 * nothing that outlives a thread lies on its stack, so it can be used again the moment the thread
 * is off it. What the cache does not keep waits on the dead list for the reclaimer, because pages
 * may be freed only after a shootdown, which is awaited in thread context.
 */
#include "mm/stack.h"

#include "arch/x86_64/address.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/page_copy.h"
#include "arch/x86_64/report.h"
#include "arch/x86_64/spinlock.h"
#include "lib/error.h"
#include "mm/frame.h"
#include "mm/magazine.h"
#include "mm/stack_depth.h"
#include "mm/stack_fault.h"
#include "mm/stack_reserve.h"

#define CACHE_MAX     8
#define CACHE_DEFAULT 2
#define RECLAIM_BATCH 16

/* stack_trim_begin()'s own frame and its calls' that are under way when pages go. */
#define TRIM_FRAME_BYTES_MAX 256

struct stack_cache {
    uint32_t count;
    uint32_t slots[CACHE_MAX];
    struct stack_counts counts;
};

static PER_CPU(struct stack_cache, stack_cache);

static enum stack_mode mode;
static struct spinlock dead_lock = SPINLOCK("dead stacks");
static uint32_t dead_first = STACK_SLOT_NONE;

static void shootdown_nothing(uintptr_t address maybe_unused, size_t bytes maybe_unused)
{
}

void (*stack_shootdown)(uintptr_t address, size_t bytes) = shootdown_nothing;

void stack_mode_set(enum stack_mode wanted)
{
    mode = wanted;
}

enum stack_mode stack_mode_get(void)
{
    return mode;
}

uint32_t stack_pages_backed(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t backed = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        backed += entries[page] & PAGE_PRESENT;
    }
    return backed;
}

uint32_t stack_missing(uint32_t slot)
{
    return STACK_PAGES - stack_pages_backed(slot);
}

bool stack_holes_are_one(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    for (unsigned page = 1; page < STACK_PAGES; page++) {
        if ((entries[page - 1] & PAGE_PRESENT) && !(entries[page] & PAGE_PRESENT)) {
            return false;
        }
    }
    return true;
}

bool stack_is_backed(uintptr_t address)
{
    return address - STACK_OBJECT_BASE < stack_object_ready_bytes &&
           (*paging_leaf(address) & PAGE_PRESENT);
}

/*
 * Backs the top `pages` pages of a fresh slot with zeroed frames, all or none. Nothing is mapped
 * before all is there: a page that was mapped once may be known to any CPU, for they walk ahead of
 * what they execute, and could be freed only after a shootdown.
 */
static must_check int stack_back(uint32_t slot, uint32_t pages)
{
    volatile uint64_t *entries = stack_entries(slot);
    physical_t frames[STACK_PAGES];

    for (uint32_t i = 0; i < pages; i++) {
        int error = frame_allocate(FRAME_OWNER_STACK, &frames[i]);
        if (error != OK) {
            while (i-- > 0) {
                frame_free(frames[i], FRAME_OWNER_STACK);
            }
            return error;
        }
    }
    for (uint32_t i = 0; i < pages; i++) {
        page_zero(physical_to_virtual(frames[i]));
        entries[STACK_PAGES - 1 - i] = frames[i] | PAGE_KERNEL_DATA;
    }
    return OK;
}

static must_check int stack_create_pages(uint32_t pages, uint32_t *slot)
{
    if (stack_starving() != 0 || stack_memory_short()) {
        return ERROR_NO_MEMORY; /* who waits for frames comes before who wants to be born */
    }
    int error = stack_slot_allocate(slot);
    if (error == OK) {
        error = stack_back(*slot, pages);
        if (error != OK) {
            stack_slot_free(*slot);
        }
    }
    return error;
}

static bool cache_take(uint32_t *slot)
{
    uint64_t flags = interrupts_save();
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    bool hit = cache->count > 0;
    if (hit) {
        *slot = cache->slots[--cache->count];
        cache->counts.created_cached++;
    } else {
        cache->counts.created_cold++;
    }
    interrupts_restore(flags);
    return hit;
}

int stack_create(uint32_t *slot)
{
    /* Who waits for frames comes before who wants to be born, be it on a stack from the cache. */
    if (likely(stack_starving() == 0 && cache_take(slot))) {
        stack_depth_forget(*slot);
        return OK;
    }
    return stack_create_pages(mode == STACK_MODE_EAGER ? STACK_PAGES : 1, slot);
}

int stack_create_backed(uint32_t *slot)
{
    return stack_create_pages(STACK_PAGES, slot);
}

/*
 * The dead list needs no memory either: the word at the very top of a dead stack, which is always
 * backed, names the next one.
 */
static uint32_t *dead_link(uint32_t slot)
{
    return (uint32_t *)(stack_top(slot) - sizeof(uint64_t));
}

static void dead_push(uint32_t slot)
{
    uint64_t flags = spin_lock_irq_save(&dead_lock);
    *dead_link(slot) = dead_first;
    dead_first = slot;
    spin_unlock_irq_restore(&dead_lock, flags);
}

static uint32_t dead_pop(void)
{
    uint64_t flags = spin_lock_irq_save(&dead_lock);
    uint32_t slot = dead_first;
    if (slot != STACK_SLOT_NONE) {
        dead_first = *dead_link(slot);
    }
    spin_unlock_irq_restore(&dead_lock, flags);
    return slot;
}

void stack_destroy(uint32_t slot)
{
    /* What the dead thread took since the gate is booked here: the reclaimer is on another CPU. */
    magazine_charge();
    stack_depth_note_end(slot);
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    if (likely(cache->count < CACHE_DEFAULT && stack_starving() == 0)) {
        cache->slots[cache->count++] = slot;
    } else {
        dead_push(slot);
    }
}

void stack_cache_drain(void)
{
    struct stack_cache *cache = this_cpu_pointer(stack_cache);
    while (cache->count > 0) {
        dead_push(cache->slots[--cache->count]);
    }
}

bool stack_reclaim_wanted(void)
{
    return dead_first != STACK_SLOT_NONE;
}

/* Turns the present entries of pages [0, pages) into holes and hands out their frames. */
static uint32_t stack_pages_take(uint32_t slot, uint32_t pages, physical_t *frames)
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

uint32_t stack_reclaim(void)
{
    uint32_t slots[RECLAIM_BATCH], total = 0;
    physical_t frames[RECLAIM_BATCH * STACK_PAGES];
    uint32_t count;

    do {
        uint32_t frame_count = 0;
        for (count = 0; count < RECLAIM_BATCH; count++) {
            slots[count] = dead_pop();
            if (slots[count] == STACK_SLOT_NONE) {
                break;
            }
            frame_count += stack_pages_take(slots[count], STACK_PAGES, &frames[frame_count]);
        }
        if (count == 0) {
            break;
        }
        /* One round of interrupts for the whole batch: the range that spans it. */
        uint32_t lowest = slots[0], highest = slots[0];
        for (uint32_t i = 1; i < count; i++) {
            lowest = slots[i] < lowest ? slots[i] : lowest;
            highest = slots[i] > highest ? slots[i] : highest;
        }
        stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));
        for (uint32_t i = 0; i < frame_count; i++) {
            frame_free(frames[i], FRAME_OWNER_STACK);
        }
        for (uint32_t i = 0; i < count; i++) {
            stack_slot_free(slots[i]);
        }
        total += count;
    } while (count == RECLAIM_BATCH);
    __atomic_add_fetch(&this_cpu_pointer(stack_cache)->counts.reclaimed, total, __ATOMIC_RELAXED);
    return total;
}

/*
 * The first half of a trim, interrupts off. If it is the stack that runs here its cover comes first
 * (it will miss more than before), and what is in use right now stays: from the calls that led here
 * down to this one.
 */
static never_inline uint32_t stack_trim_begin(uint32_t slot, uintptr_t address, physical_t *frames)
{
    if (this_cpu(stack_use).current_hole == stack_hole_of(slot)) {
        uintptr_t in_use =
            align_down((uintptr_t)__builtin_frame_address(0) - TRIM_FRAME_BYTES_MAX, PAGE_BYTES);
        bool covered = magazine_refill(STACK_PAGES - 1);
        magazine_charge(); /* the refill's own calls may have brought pages in */
        if (!covered || magazine_available() < STACK_PAGES - 1) {
            return 0;
        }
        address = address < in_use ? address : in_use;
    }
    if (address < stack_bottom(slot) + PAGE_BYTES) {
        return 0;
    }
    uint32_t pages = (uint32_t)((address - stack_bottom(slot)) / PAGE_BYTES);
    uint32_t count = stack_pages_take(slot, pages, frames);
    /* Before anything is pushed there again: the push must find the hole. */
    for (uint32_t page = 0; page < pages; page++) {
        tlb_forget_page(stack_bottom(slot) + page * PAGE_BYTES);
    }
    return count;
}

void stack_trim(uint32_t slot, uintptr_t address)
{
    physical_t frames[STACK_PAGES];
    uint64_t flags = interrupts_save();
    uint32_t count = stack_trim_begin(slot, address, frames);
    interrupts_restore(flags);
    if (count == 0) {
        return;
    }
    stack_shootdown(stack_bottom(slot), STACK_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        frame_free(frames[i], FRAME_OWNER_STACK);
    }
}

void stack_unowned_count(uint32_t *slots, size_t *pages)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_cache *cache = &cpu_variable(stack_cache, cpu);
        for (uint32_t i = 0; i < cache->count; i++) {
            (*slots)++;
            *pages += stack_pages_backed(cache->slots[i]);
        }
    }
    uint64_t flags = spin_lock_irq_save(&dead_lock);
    for (uint32_t slot = dead_first; slot != STACK_SLOT_NONE; slot = *dead_link(slot)) {
        (*slots)++;
        *pages += stack_pages_backed(slot);
    }
    spin_unlock_irq_restore(&dead_lock, flags);
}

void stack_counts_read(struct stack_counts *counts)
{
    *counts = (struct stack_counts){0};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_counts *one = &cpu_variable(stack_cache, cpu).counts;
        counts->created_cold += one->created_cold;
        counts->created_cached += one->created_cached;
        counts->reclaimed += one->reclaimed;
    }
}
