/* Slots, faults and creation of stacks one by one. stack_model_test.c checks them together. */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_large.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"
#include "tests/host/fake_paging.h"
#include "tests/host/host.h"
#include "tests/host/stack_machine.h"

HOST_TEST(HST0001,
          "each slot is allocated once, can be freed, and the last one is that with the last table")
{
    static uint32_t held[FAKE_STACK_SLOTS];
    static bool taken[FAKE_STACK_SLOTS];
    uint32_t count = 0, slot;

    for (unsigned step = 0; step < 20000; step++) {
        fake_tables_fail = step > 10000 || count > FAKE_STACK_SLOTS - 70;
        if (host_random_below(step % 2000 < 1200 ? 3 : 5) < 2) {
            uint32_t made = stack_slots_made(0);

            if (stack_slot_allocate(0, &slot) != OK) {
                host_check(fake_tables_fail);
                host_equal(count, made);
                continue;
            }
            host_check(slot < stack_slots_made(0) && !taken[slot]);
            taken[slot] = true;
            held[count++] = slot;
            stack_check_shape(slot);
            host_equal(stack_missing(slot), STACK_PAGES);
        } else if (count > 0) {
            uint32_t index = (uint32_t)host_random_below(count);

            slot = held[index];
            stack_slot_free(slot);
            taken[slot] = false;
            held[index] = held[--count];
            host_check(stack_entry_is(stack_entries(slot)[0], STACK_PAGE_FREE));
        }
        host_equal(stack_slots_used(), count);
    }
}

static uint32_t overflowed;

static void note_overflow(struct trap_frame *frame maybe_unused, uintptr_t address maybe_unused,
                          uint32_t slot)
{
    overflowed = slot;
}

HOST_TEST(HST0002, "a fault fills all pages down to the address, and knows guards and other stacks")
{
    struct trap_frame frame = {.rip = 0x1234};
    uint32_t slot, other;

    stack_machine_create(4 * MEBIBYTE, 1);
    stack_overflow_handler = note_overflow;
    host_equal(stack_create(&slot), OK);
    host_equal(stack_create(&other), OK);
    this_cpu(stack_use) = (struct stack_use){stack_hole_of(slot), stack_hole_of(slot)};
    host_equal(stack_pages_backed(slot), 1);
    host_check(stack_touch(stack_top(slot) - 2 * PAGE_BYTES - 1));
    host_equal(stack_pages_backed(slot), 3);
    host_equal(this_cpu(magazine).faults[2], 1);
    host_equal(magazine_available(), MAGAZINE_ROUNDS_DEFAULT - 2);
    stack_check_shape(slot);
    overflowed = STACK_SLOT_NONE;
    host_check(stack_touch(stack_bottom(slot) - 1));
    host_equal(overflowed, slot);
    host_equal(stack_pages_backed(slot), 3);
    host_check(!stack_touch(STACK_OBJECT_BASE + STACK_OBJECT_BYTES - 1));
    host_check(!stack_touch(STACK_OBJECT_BASE - 1));
    host_check(!stack_touch(0));
    host_panics(stack_touch(stack_bottom(other)), "a hole of another thread's stack");
    host_panics(stack_touch(stack_bottom(other) - 1), "the guard of another thread's stack");
    host_panics(stack_touch(stack_bottom(40)), "no thread owns");
    host_panics(stack_slot_free(slot), "still in use");
    this_cpu(stack_use).next_hole =
        stack_hole_of(other); /* during a switch this CPU uses both stacks */
    host_check(stack_touch(stack_bottom(other)));
    host_equal(stack_pages_backed(other), 4);
    /* leaves room for the functions called from there */
    uintptr_t roomy = stack_bottom(slot) + PAGE_BYTES - 8;
    host_check(stack_fill(&frame, roomy, STACK_BYTES - PAGE_BYTES));
    host_equal(stack_pages_backed(slot), 4);
    overflowed = STACK_SLOT_NONE;
    host_check(!stack_fill(&frame, stack_bottom(slot) - 8, 16));
    host_equal(overflowed, slot);
}

HOST_TEST(HST0003, "a fault without cover is reported as such, and not as an overflow")
{
    uint32_t slots[4];

    stack_machine_create(4 * MEBIBYTE, 1);
    for (unsigned i = 0; i < array_length(slots); i++) {
        host_equal(stack_create(&slots[i]), OK);
    }
    for (unsigned i = 0; i < 2; i++) {
        this_cpu(stack_use) = (struct stack_use){stack_hole_of(slots[i]), stack_hole_of(slots[i])};
        host_check(stack_touch(stack_bottom(slots[i])));
    }
    this_cpu(stack_use) = (struct stack_use){stack_hole_of(slots[2]), stack_hole_of(slots[2])};
    host_panics(stack_touch(stack_bottom(slots[2])), "critical stack fault");
}

HOST_TEST(HST0004,
          "while threads wait for memory no stack is created; an eager stack misses no page")
{
    uint32_t slot;

    stack_machine_create(4 * MEBIBYTE, 1);
    memory_queued_add(1);
    host_equal(stack_create(&slot), ERROR_NO_MEMORY);
    memory_queued_add(-1);
    stack_mode_set(STACK_MODE_EAGER);
    host_equal(stack_create(&slot), OK);
    host_equal(stack_missing(slot), 0);
}

HOST_TEST(HST0005, "a creation that finds no memory leaves no slot and no frame behind")
{
    size_t free_before;
    physical_t frame;
    uint32_t slot;

    stack_machine_create(MEBIBYTE, 1);
    host_equal(stack_create(&slot), OK);
    while (frame_free_count() > 2) {
        host_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    }
    free_before = frame_free_count();
    host_equal(stack_create_backed(&slot), ERROR_NO_MEMORY);
    host_equal(frame_free_count(), free_before);
    host_equal(stack_slots_used(), 1);
}

HOST_TEST(HST0006, "a slot's number gives its addresses, and any address in it gives its number")
{
    for (unsigned size = 0; size < STACK_SIZES; size++) {
        uint32_t last = (uint32_t)(STACK_REGION_BYTES / stack_slot_bytes(size)) - 1;
        uintptr_t region = STACK_OBJECT_BASE + size * STACK_REGION_BYTES;

        for (unsigned step = 0; step < 1000; step++) {
            uint32_t index = step == 0 ? 0 : step == 1 ? last : (uint32_t)host_random_below(last);
            uint32_t slot = stack_slot_at(size, index), found;
            uintptr_t guard = region + index * stack_slot_bytes(size);

            host_equal(stack_size_of(slot), size);
            host_equal(stack_slot_index(slot), index);
            host_equal(stack_guard(slot), guard);
            host_equal(stack_bottom(slot), guard + (STACK_BYTES << size));
            host_equal(stack_top(slot), guard + stack_slot_bytes(size));
            host_equal(stack_bytes_of(slot), STACK_BYTES << size);
            host_check(stack_slot_find(guard + host_random_below(stack_slot_bytes(size)), &found));
            host_equal(found, slot);
        }
    }
}

HOST_TEST(HST0007,
          "in stacks of every size faults fill down to the floor, and only stack_ensure() below it")
{
    size_t free_before;

    stack_machine_create(8 * MEBIBYTE, 1);
    stack_overflow_handler = note_overflow;
    free_before = frame_free_count();
    for (unsigned size = 1; size < STACK_SIZES; size++) {
        size_t bytes = STACK_BYTES << size;
        uint32_t slot;

        host_equal(stack_create_sized(bytes, false, &slot), OK);
        stack_check_shape(slot);
        host_equal(stack_missing(slot), 3);
        this_cpu(stack_use) = (struct stack_use){stack_hole_of(slot), stack_hole_of(slot)};
        overflowed = STACK_SLOT_NONE;
        host_check(stack_touch(stack_floor(slot) - 1));
        host_equal(overflowed, slot);
        host_equal(stack_pages_backed(slot), 1);
        host_check(stack_touch(stack_floor(slot) + PAGE_BYTES));
        host_equal(stack_pages_backed(slot), 3);
        host_equal(stack_back_down(slot, stack_bottom(slot) - 1), ERROR_RANGE);
        host_equal(stack_back_down(slot, stack_bottom(slot) + PAGE_BYTES), OK);
        stack_check_shape(slot);
        host_equal(stack_pages_backed(slot), bytes / PAGE_BYTES - 1);
        host_equal(magazine_available(), MAGAZINE_ROUNDS_DEFAULT - 2);
        host_check(stack_touch(stack_bottom(slot) + PAGE_BYTES));
        overflowed = STACK_SLOT_NONE;
        host_check(stack_touch(stack_bottom(slot)));
        host_equal(overflowed, slot);
        host_equal(stack_limit(slot), stack_bottom(slot) + PAGE_BYTES);
        host_equal(stack_unmap_begin_below_floor(slot, stack_top(slot)),
                   bytes / PAGE_BYTES - STACK_PAGES - 1);
        host_equal(stack_limit(slot), stack_floor(slot));
        host_equal(stack_pages_unmapping(slot), bytes / PAGE_BYTES - STACK_PAGES - 1);
        overflowed = STACK_SLOT_NONE;
        host_check(stack_touch(stack_floor(slot) - 1)); /* being unmapped, but below the floor */
        host_equal(overflowed, slot);
        stack_shootdown(stack_bottom(slot), bytes);
        host_equal(stack_unmap_end_below_floor(slot), bytes / PAGE_BYTES - STACK_PAGES - 1);
        stack_check_shape(slot);
        host_equal(stack_pages_backed(slot), STACK_PAGES);
        host_check(magazine_refill(MAGAZINE_ROUNDS_DEFAULT));
        host_equal(stack_back_down(slot, stack_bottom(slot)), OK);
        stack_destroy(slot);
        host_check(stack_reclaim_wanted());
        host_equal(stack_reclaim(), 1);
        host_equal(stack_slots_used(), 0);
        host_equal(frame_free_count(), free_before);
    }
}

HOST_TEST(HST0008, "a stack whose depth cannot be ensured stays as it was")
{
    static physical_t held[2 * MEBIBYTE / PAGE_BYTES];
    uint32_t slot, count = 0;

    stack_machine_create(2 * MEBIBYTE, 1);
    host_equal(stack_create_sized(STACK_BYTES_MAX, false, &slot), OK);
    this_cpu(stack_use) = (struct stack_use){stack_hole_of(slot), stack_hole_of(slot)};
    while (frame_free_count() > 0) {
        host_equal(frame_allocate(FRAME_OWNER_TEST, &held[count++]), OK);
    }
    for (uint32_t missing = 255; missing > 0; missing--) {
        host_equal(stack_back_down(slot, stack_bottom(slot)), ERROR_NO_MEMORY);
        host_equal(frame_free_count(), 255 - missing);
        host_equal(stack_pages_backed(slot), 1);
        host_equal(magazine_available(), MAGAZINE_ROUNDS_DEFAULT);
        frame_free(held[--count], FRAME_OWNER_TEST);
    }
    memory_queued_add(1);
    host_equal(stack_back_down(slot, stack_bottom(slot)), ERROR_NO_MEMORY);
    memory_queued_add(-1);
    host_equal(stack_back_down(slot, stack_bottom(slot)), OK);
    host_equal(stack_pages_backed(slot), STACK_PAGES_MAX);
    host_equal(frame_free_count(), 0);
}
