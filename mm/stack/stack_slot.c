/*
 * The slot allocator. It keeps no table of its own (invariant I5: the leaf entry is the truth). The
 * leaf entry of a free slot's top page names the next free slot of the same size; in the last free
 * slot it names the slot itself. All slots of one leaf table are made together, and leaf tables are
 * never freed.
 */
#include "mm/stack/stack_slot.h"

#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"
#include "mm/frame/frame_collect.h"

#define TABLE_BYTES (512 * PAGE_BYTES) /* bytes of addresses that one leaf table maps */

_Static_assert(STACK_SLOT_BYTES << (STACK_SIZES - 1) <= TABLE_BYTES, "no slot has two leaf tables");

uintptr_t stack_region_ready_bytes[STACK_SIZES];

static struct spinlock slot_lock = SPINLOCK("stack slots");
static uint32_t first_free[STACK_SIZES] = {[0 ... STACK_SIZES - 1] = STACK_SLOT_NONE};
static uint32_t used_count;

uint32_t stack_slots_made(unsigned size)
{
    return (uint32_t)(stack_region_ready_bytes[size] / stack_slot_bytes(size));
}

uint32_t stack_slots_used(void)
{
    return used_count;
}

uint32_t stack_tables_made(void)
{
    uintptr_t bytes = 0;
    for (unsigned size = 0; size < STACK_SIZES; size++) {
        bytes += stack_region_ready_bytes[size];
    }
    return (uint32_t)(bytes / TABLE_BYTES);
}

/* Puts a slot on the free list: its entries say FREE, and the top page's names the next slot. */
static void slot_push(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    uint32_t *first = &first_free[stack_size_of(slot)];
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        entries[page] = stack_entry_make(STACK_PAGE_FREE, slot);
    }
    if (*first != STACK_SLOT_NONE) {
        entries[STACK_PAGES - 1] = stack_entry_make(STACK_PAGE_FREE, *first);
    }
    *first = slot;
}

/* Writes the entries of the guard, and of the pages beyond the fault floor. */
static void slot_shape(uint32_t slot)
{
    /* LAB 4 BEGIN slot-shape: the guard, and the pages below the fault floor */
    volatile uint64_t *guard = paging_leaf(stack_guard(slot));
    uintptr_t half = stack_bytes_of(slot) / PAGE_BYTES;
    for (uintptr_t page = 0; page < half; page++) {
        guard[page] = stack_entry_make(STACK_PAGE_GUARD, slot);
    }
    volatile uint64_t *bottom = guard + half;
    for (uintptr_t page = 0; page < half - STACK_PAGES; page++) {
        bottom[page] = stack_entry_make(STACK_PAGE_BEYOND, slot);
    }
    /* LAB 4 END slot-shape */
}

static must_check int slots_make(unsigned size)
{
    uintptr_t ready = stack_region_ready_bytes[size];
    if (ready >= STACK_REGION_BYTES) {
        return ERROR_NO_MEMORY;
    }
    int error =
        paging_tables_create(STACK_OBJECT_BASE + size * STACK_REGION_BYTES + ready, TABLE_BYTES);
    if (error != OK) {
        return error;
    }
    uint32_t first = stack_slots_made(size);
    for (uint32_t index = first + TABLE_BYTES / stack_slot_bytes(size); index-- > first;) {
        slot_shape(stack_slot_at(size, index));
        slot_push(stack_slot_at(size, index));
    }
    __atomic_store_n(&stack_region_ready_bytes[size], ready + TABLE_BYTES, __ATOMIC_RELEASE);
    return OK;
}

/* Returns whether no page of the guard is mapped. A mapped one would make an overflow silent. */
static maybe_unused bool guard_is_whole(uint32_t slot)
{
    for (uintptr_t page = stack_guard(slot); page < stack_bottom(slot); page += PAGE_BYTES) {
        if (*paging_leaf(page) != stack_entry_make(STACK_PAGE_GUARD, slot)) {
            return false;
        }
    }
    return true;
}

static must_check int slot_take(unsigned size, uint32_t *slot)
{
    uint64_t flags = spin_lock_irq_save(&slot_lock);
    int error = first_free[size] == STACK_SLOT_NONE ? slots_make(size) : OK;
    if (error == OK) {
        *slot = first_free[size];
        volatile uint64_t *entries = stack_entries(*slot);
        uint32_t next = stack_entry_slot(entries[STACK_PAGES - 1]);
        first_free[size] = next != *slot ? next : STACK_SLOT_NONE;
        for (unsigned page = 0; page < STACK_PAGES; page++) {
            entries[page] = stack_entry_make(STACK_PAGE_HOLE, *slot);
        }
        used_count++;
        invariant(guard_is_whole(*slot));
    }
    spin_unlock_irq_restore(&slot_lock, flags);
    return error;
}

int stack_slot_allocate(unsigned size, uint32_t *slot)
{
    int error = slot_take(size, slot);
    if (unlikely(error == ERROR_NO_MEMORY) && frame_collect()) {
        error = slot_take(size, slot); /* the first try held locks and could not collect frames */
    }
    return error;
}

/* Panics if a page of the slot still has a frame: the next owner would get it. */
static void slot_check_empty(uint32_t slot)
{
    volatile uint64_t *bottom = paging_leaf(stack_bottom(slot));
    unsigned floor = (unsigned)((stack_floor(slot) - stack_bottom(slot)) / PAGE_BYTES);
    for (unsigned page = 0; page < floor + STACK_PAGES; page++) {
        if (!stack_entry_is(bottom[page], page < floor ? STACK_PAGE_BEYOND : STACK_PAGE_HOLE)) {
            panic("stack slot %u freed while page %u of it is still in use (entry 0x%llx)", slot,
                  page, (unsigned long long)bottom[page]);
        }
    }
}

void stack_slot_free(uint32_t slot)
{
    uint64_t flags = spin_lock_irq_save(&slot_lock);
    slot_check_empty(slot);
    invariant(guard_is_whole(slot));
    slot_push(slot);
    used_count--;
    spin_unlock_irq_restore(&slot_lock, flags);
}
