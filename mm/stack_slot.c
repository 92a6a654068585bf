/*
 * The slot allocator. It keeps no table of its own: the entry of a free slot's top page names the
 * next free slot, so the leaf entries are all there is to know. Slots are made 64 at a time, as
 * many as one leaf table holds, and the tables stay for ever.
 */
#include "mm/stack_slot.h"

#include "arch/x86_64/report.h"
#include "arch/x86_64/spinlock.h"
#include "lib/error.h"

#define SLOTS_A_TABLE (512 / STACK_SLOT_PAGES)

uintptr_t stack_object_ready_bytes;

static struct spinlock slot_lock = SPINLOCK("stack slots");
static uint32_t first_free = STACK_SLOT_NONE;
static uint32_t used_count;

uint32_t stack_slots_made(void)
{
    return (uint32_t)(stack_object_ready_bytes / STACK_SLOT_BYTES);
}

uint32_t stack_slots_used(void)
{
    return used_count;
}

/* Makes a slot free: the other pages' entries say so, the top page's also names the next. */
static void slot_push(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        entries[page] = stack_entry_make(STACK_PAGE_FREE, slot);
    }
    entries[STACK_PAGES - 1] = stack_entry_make(STACK_PAGE_FREE, first_free);
    first_free = slot;
}

static must_check int slots_make(void)
{
    uint32_t first = stack_slots_made();
    if (first >= STACK_SLOT_COUNT) {
        return ERROR_NO_MEMORY;
    }
    uintptr_t base = STACK_OBJECT_BASE + first * STACK_SLOT_BYTES;
    int error = paging_tables_create(base, SLOTS_A_TABLE * STACK_SLOT_BYTES);
    if (error != OK) {
        return error;
    }
    for (uint32_t slot = first + SLOTS_A_TABLE; slot-- > first;) {
        volatile uint64_t *guard = paging_leaf(STACK_OBJECT_BASE + slot * STACK_SLOT_BYTES);
        for (unsigned page = 0; page < STACK_SLOT_PAGES - STACK_PAGES; page++) {
            guard[page] = stack_entry_make(STACK_PAGE_GUARD, slot);
        }
        slot_push(slot);
    }
    __atomic_store_n(&stack_object_ready_bytes,
                     base - STACK_OBJECT_BASE + SLOTS_A_TABLE * STACK_SLOT_BYTES, __ATOMIC_RELEASE);
    return OK;
}

int stack_slot_allocate(uint32_t *slot)
{
    uint64_t flags = spin_lock_irq_save(&slot_lock);
    int error = first_free == STACK_SLOT_NONE ? slots_make() : OK;
    if (error == OK) {
        *slot = first_free;
        volatile uint64_t *entries = stack_entries(first_free);
        first_free = stack_entry_slot(entries[STACK_PAGES - 1]);
        for (unsigned page = 0; page < STACK_PAGES; page++) {
            entries[page] = stack_entry_make(STACK_PAGE_HOLE, *slot);
        }
        used_count++;
    }
    spin_unlock_irq_restore(&slot_lock, flags);
    return error;
}

void stack_slot_free(uint32_t slot)
{
    uint64_t flags = spin_lock_irq_save(&slot_lock);
    volatile uint64_t *entries = stack_entries(slot);
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        if (!stack_entry_is(entries[page], STACK_PAGE_HOLE)) {
            panic("stack slot %u freed while page %u of it is still in use (entry 0x%llx)", slot,
                  page, (unsigned long long)entries[page]);
        }
    }
    slot_push(slot);
    used_count--;
    spin_unlock_irq_restore(&slot_lock, flags);
}
