/*
 * See stack_swap.h. A ring lists the STANDBY pages; a page in it may have been mapped again since.
 */
#include "mm/stack_modes/stack_swap.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/heap/slab.h"
#include "mm/heap/slab_check.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_pages.h"

#define SAVED_A_FRAME 32 /* objects in a frame at most: smaller ones would save little */
#define TOP_PAGE      (STACK_PAGES - 1)
#define SAVED_POISON  0xd5
#define SPARES_MAX    4

/* [n]: objects of which n fill a frame. Each slab is one frame, so a spare frame can become one. */
static struct slab_cache saved_caches[SAVED_A_FRAME + 1];
static struct stack_swap_counts counts;

/* STANDBY pages in the order in which they became so. Some may be mapped again by now. */
static struct spinlock standby_lock = SPINLOCK("standby stack pages");
static uint32_t standby_ring[STACK_STANDBY_MAX]; /* slot * STACK_PAGES + page */
static uint32_t standby_first, standby_count;

/*
 * Frames that are kept back, so that bytes of a stack can be saved even if no frame is free. They
 * are booked as FRAME_OWNER_SLAB. Used by the swapper only.
 */
static physical_t spares[SPARES_MAX];
static uint32_t spare_count;

static struct slab_cache *saved_cache(size_t bytes)
{
    unsigned n = (unsigned)(SLAB_ROOM_BYTES / align_up(bytes + SLAB_CHECK_BYTES, 8));
    return &saved_caches[n < SAVED_A_FRAME ? n : SAVED_A_FRAME];
}

static uint64_t entry_with_frame(enum stack_page_state state, uint64_t entry)
{
    return stack_entry_keep(state, stack_entry_frame(entry));
}

/* Changes an entry from one value to another. Returns false if it had a different value. */
static bool entry_change(volatile uint64_t *entry, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(entry, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint32_t stack_pages_standby(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t count = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        count += stack_entry_is(entries[page], STACK_PAGE_STANDBY);
    }
    return count;
}

uint32_t stack_pages_unmap_begin(uint32_t slot, unsigned pages)
{
    uint32_t count = stack_unmap_begin(slot, pages);
    __atomic_add_fetch(&counts.shrunk, pages < STACK_PAGES ? count : 0, __ATOMIC_RELAXED);
    return count;
}

/* Allocates an object for saved bytes, if need be from a spare frame. */
static must_check int saved_allocate(size_t bytes, void **saved)
{
    int error = slab_allocate(saved_cache(bytes), saved);
    if (unlikely(error != OK) && spare_count != 0 &&
        slab_add_frame(saved_cache(bytes), spares[spare_count - 1])) {
        spare_count--;
        error = slab_allocate(saved_cache(bytes), saved);
    }
    return error;
}

int stack_save(uint32_t slot, uintptr_t from, void **saved)
{
    size_t bytes = stack_top(slot) - from;
    if (bytes > STACK_SAVED_BYTES_MAX) {
        return ERROR_RANGE;
    }
    int error = saved_allocate(bytes, saved);
    if (error != OK) {
        return error;
    }
    memcpy(*saved, (const void *)from, bytes);
#ifdef INVARIANT
    memset((void *)from, SAVED_POISON, bytes);
#endif
    __atomic_add_fetch(&counts.swapped, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&counts.saved_now, 1, __ATOMIC_RELAXED);
    return OK;
}

void stack_saved_free(uint32_t slot, uintptr_t from, void *saved)
{
    slab_free(saved_cache(stack_top(slot) - from), saved);
    __atomic_sub_fetch(&counts.saved_now, 1, __ATOMIC_RELAXED);
}

/* Adds a page at the end of the ring. Returns false if the ring is full. */
static bool standby_push(uint32_t place)
{
    spin_lock(&standby_lock);
    bool room = standby_count < STACK_STANDBY_MAX;
    if (room) {
        standby_ring[(standby_first + standby_count++) % STACK_STANDBY_MAX] = place;
    }
    spin_unlock_quietly(&standby_lock);
    return room;
}

static bool standby_pop(uint32_t *place)
{
    uint64_t flags = spin_lock_irq_save(&standby_lock);
    bool some = standby_count != 0;
    if (some) {
        *place = standby_ring[standby_first];
        standby_first = (standby_first + 1) % STACK_STANDBY_MAX;
        standby_count--;
    }
    spin_unlock_irq_restore(&standby_lock, flags);
    return some;
}

/* Takes the frame of a STANDBY page. Returns false if the page is no longer STANDBY. */
static must_check bool standby_give_up(uint32_t slot, unsigned page, physical_t *frame)
{
    volatile uint64_t *entry = &stack_entries(slot)[page];
    uint64_t old = *entry;
    enum stack_page_state state = page == TOP_PAGE ? STACK_PAGE_SWAPPED : STACK_PAGE_HOLE;
    if (!stack_entry_is(old, STACK_PAGE_STANDBY) ||
        !entry_change(entry, old, stack_entry_make(state, slot))) {
        return false;
    }
    __atomic_sub_fetch(&counts.standby_now, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&counts.reclaimed, 1, __ATOMIC_RELAXED);
    *frame = stack_entry_frame(old);
    return true;
}

bool stack_standby_frame(physical_t *frame)
{
    uint32_t place;
    while (standby_pop(&place)) {
        if (standby_give_up(place / STACK_PAGES, place % STACK_PAGES, frame)) {
            return true;
        }
    }
    return false;
}

void stack_swap_spares_fill(void)
{
    while (spare_count < SPARES_MAX) {
        physical_t frame;
        if (stack_standby_frame(&frame)) {
            frame_owner_change(frame, FRAME_OWNER_STACK_STANDBY, FRAME_OWNER_SLAB);
        } else if (frame_allocate(FRAME_OWNER_SLAB, &frame) != OK) {
            return; /* the swapper will try again */
        }
        spares[spare_count++] = frame;
    }
}

bool stack_swap_has_spares(void)
{
    return spare_count != 0;
}

void stack_swap_init(void)
{
    for (unsigned n = 2; n <= SAVED_A_FRAME; n++) {
        size_t bytes = align_down(SLAB_ROOM_BYTES / n, 8) - SLAB_CHECK_BYTES;
        slab_cache_init(&saved_caches[n], "saved stack", bytes, 8);
    }
    stack_swap_spares_fill();
}

uint32_t stack_standby_free(uint32_t most)
{
    uint32_t freed = 0;
    physical_t frame;
    for (; freed < most && stack_standby_frame(&frame); freed++) {
        frame_free(frame, FRAME_OWNER_STACK_STANDBY);
    }
    return freed;
}

/*
 * If the swapper lacks a spare frame, keeps the frame of a STANDBY page as one, and returns true.
 * Spare frames come first: if other CPUs took the frames of all stacks that are swapped out, and no
 * spare frame were left, no more stack could be swapped out.
 */
static bool page_spare(uint32_t slot, unsigned page)
{
    physical_t frame;
    if (spare_count == SPARES_MAX || !standby_give_up(slot, page, &frame)) {
        return false;
    }
    frame_owner_change(frame, FRAME_OWNER_STACK_STANDBY, FRAME_OWNER_SLAB);
    spares[spare_count++] = frame;
    return true;
}

static void page_stand_by(uint32_t slot, unsigned page)
{
    while (!standby_push(slot * STACK_PAGES + page)) {
        ignore_result(stack_standby_free(1));
    }
}

uint32_t stack_pages_release(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t count = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        uint64_t entry = entries[page];
        if (stack_entry_is(entry, STACK_PAGE_UNMAPPING)) {
            stack_unmap_check(stack_entry_frame(entry));
            frame_owner_change(stack_entry_frame(entry), FRAME_OWNER_STACK,
                               FRAME_OWNER_STACK_STANDBY);
            __atomic_add_fetch(&counts.standby_now, 1, __ATOMIC_RELAXED);
            entries[page] = entry_with_frame(STACK_PAGE_STANDBY, entry);
            if (!page_spare(slot, page)) {
                page_stand_by(slot, page);
            }
            count++;
        }
    }
    return count;
}

/* Maps a page again if its frame was not taken. Returns whether the page is backed now. */
static bool page_return(volatile uint64_t *entry)
{
    uint64_t old = *entry;
    if (stack_entry_is(old, STACK_PAGE_STANDBY)) {
        /* The owner changes first: once the page is mapped, its frame may be freed at once. */
        if (!entry_change(entry, old, entry_with_frame(STACK_PAGE_UNMAPPING, old))) {
            return false;
        }
        frame_owner_change(stack_entry_frame(old), FRAME_OWNER_STACK_STANDBY, FRAME_OWNER_STACK);
        __atomic_sub_fetch(&counts.standby_now, 1, __ATOMIC_RELAXED);
        *entry = stack_entry_frame(old) | PAGE_KERNEL_DATA;
    } else if (!stack_entry_return(entry)) {
        return (old & PAGE_PRESENT) != 0;
    }
    __atomic_add_fetch(&counts.returned, 1, __ATOMIC_RELAXED);
    return true;
}

/* In the invariant build: checks that the frame still holds the poison, and restores the bytes. */
static void saved_bytes_restore(uint32_t slot maybe_unused, uintptr_t from maybe_unused,
                                const void *saved maybe_unused)
{
#ifdef INVARIANT
    unsigned char *stack = (unsigned char *)from;
    for (size_t i = 0; i < stack_top(slot) - from; i++) {
        if (stack[i] != SAVED_POISON) {
            panic("the swapped-out stack of slot %u was written at %p while it was away", slot,
                  (void *)&stack[i]);
        }
    }
    memcpy(stack, saved, stack_top(slot) - from);
#endif
}

bool stack_pages_return(uint32_t slot, uintptr_t from, const void *saved)
{
    volatile uint64_t *entries = stack_entries(slot);
    unsigned page = STACK_PAGES;
    while (page > 0 && page_return(&entries[page - 1])) {
        page--;
    }
    bool top = page < STACK_PAGES;
    /* Pages below the first one that is gone may be STANDBY, but none is UNMAPPING. */
    while (page-- > 0) {
        physical_t frame;
        if (standby_give_up(slot, page, &frame)) {
            frame_free(frame, FRAME_OWNER_STACK_STANDBY);
        }
    }
    if (top && saved != NULL) {
        saved_bytes_restore(slot, from, saved);
    }
    return top;
}

/* Takes a round for a stack whose thread passed the gate. */
static uint64_t round_for(uint32_t slot)
{
    if (unlikely(magazine_available() == 0)) {
        panic("slot %u must have a page back, and this CPU's magazine has none: the dispatch gate "
              "let its thread pass without cover",
              slot);
    }
    return magazine_round_take();
}

void stack_swap_in(uint32_t slot, uintptr_t from, void *saved)
{
    size_t bytes = stack_top(slot) - from;
    uint64_t round = round_for(slot);
    char *page = physical_to_virtual(round & PAGE_ADDRESS_MASK);
    memcpy(page + PAGE_BYTES - bytes, saved, bytes);
    stack_entries(slot)[TOP_PAGE] = round;
    stack_saved_free(slot, from, saved);
    __atomic_add_fetch(&counts.swapped_in, 1, __ATOMIC_RELAXED);
}

void stack_refill(uint32_t slot, unsigned pages)
{
    volatile uint64_t *entries = stack_entries(slot);
    for (unsigned page = STACK_PAGES; page-- > STACK_PAGES - pages;) {
        if (!(entries[page] & PAGE_PRESENT) && !stack_entry_return(&entries[page])) {
            entries[page] = round_for(slot);
            __atomic_add_fetch(&counts.refilled, 1, __ATOMIC_RELAXED);
        }
    }
}

uint32_t stack_pages_used(uint32_t slot)
{
    const uint64_t used = PAGE_PRESENT | PAGE_ACCESSED;
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t count = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        count += (entries[page] & used) == used;
    }
    return count;
}

uint32_t stack_saved_count(void)
{
    return __atomic_load_n(&counts.saved_now, __ATOMIC_RELAXED);
}

size_t stack_saved_frames(void)
{
    size_t frames = 0;
    for (unsigned n = 0; n <= SAVED_A_FRAME; n++) {
        frames += __atomic_load_n(&saved_caches[n].slabs, __ATOMIC_RELAXED);
    }
    return frames;
}

void stack_swap_counts_read(struct stack_swap_counts *out)
{
    *out = counts;
}
