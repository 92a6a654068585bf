/* A faked machine with magazines and stacks. See stack_machine.h. */
#include "tests/host/stack_machine.h"
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_large.h"
#include "mm/stack/stack_reserve.h"
#include "tests/host/fake_paging.h"
#include "tests/host/host.h"

void stack_machine_create(size_t bytes, unsigned cpus)
{
    static struct memory_map map;

    host_memory_create(bytes);
    host_stack_object_create();
    host_cpus_create(cpus);
    host_equal(memory_map_add(&map, 0, bytes, MEMORY_USABLE), OK);
    host_equal(frame_init(&map), OK);
    stack_mode_set(STACK_MODE_FAULT);
    magazine_capacity_set(MAGAZINE_ROUNDS_DEFAULT);
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        host_equal(magazine_create(cpu), OK);
        cpu_variable(stack_use, cpu) = (struct stack_use){0, 0};
    }
    frame_free_hook = stack_reserve_add;
}

void stack_check_shape(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    bool backed = false;

    for (unsigned page = 0; page < STACK_PAGES; page++) {
        if (entries[page] & PAGE_PRESENT) {
            backed = true;
        } else {
            host_check(!backed);
            host_check(stack_entry_is(entries[page], STACK_PAGE_HOLE));
            host_equal(stack_entry_slot(entries[page]), slot);
        }
    }
    for (uintptr_t page = stack_guard(slot); page < stack_floor(slot); page += PAGE_BYTES) {
        uint64_t entry = *paging_leaf(page);

        if (page >= stack_limit(slot)) {
            host_check(entry & PAGE_PRESENT);
            continue;
        }
        host_check(stack_entry_is(entry, page < stack_bottom(slot) ? STACK_PAGE_GUARD
                                                                   : STACK_PAGE_BEYOND));
        host_equal(stack_entry_slot(entry), slot);
    }
    host_check(stack_holes_are_one(slot));
}

static bool not_of_the_stack;

/* The stack fault handler passes all other faults on to this. */
struct trap_frame *entry_page_fault(struct trap_frame *frame, uintptr_t address)
{
    host_equal(address, fake_cr2);
    not_of_the_stack = true;
    return frame;
}

bool stack_touch(uintptr_t address)
{
    struct trap_frame frame = {.rip = 0x1234};

    if (stack_is_backed(address)) {
        return true;
    }
    not_of_the_stack = false;
    fake_cr2 = address;
    host_check(stack_fault(&frame) == (not_of_the_stack ? &frame : NULL));
    return !not_of_the_stack;
}
