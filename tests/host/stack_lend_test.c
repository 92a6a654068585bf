/* Lent pages: random switches, touches and batches, with all frames accounted for after each. */
#include "mm/stack_modes/stack_lend.h"

#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "tests/host/fake_paging.h"
#include "tests/host/host.h"
#include "tests/host/stack_machine.h"

#define STACKS 12
#define STEPS  20000

extern bool fake_caches_only_accessed;

static uint32_t slots[STACKS];
static unsigned lowest[STACKS]; /* the lowest page that was touched; 3 is the top one */
static unsigned current;

/* I7: each frame of the stack engine is in one place. */
static void frames_check(void)
{
    size_t found = magazine_available();
    for (unsigned i = 0; i < STACKS; i++) {
        for (unsigned page = 0; page < STACK_PAGES; page++) {
            uint64_t entry = stack_entries(slots[i])[page];
            found += (entry & PAGE_PRESENT) || stack_entry_is(entry, STACK_PAGE_LEND_UNMAPPING);
        }
        host_check(stack_holes_are_one(slots[i]));
    }
    host_equal(found,
               frame_owned_count(FRAME_OWNER_STACK) + frame_owned_count(FRAME_OWNER_MAGAZINE));
}

static void switch_to(unsigned next)
{
    unsigned from = current;
    host_check(magazine_refill(stack_missing(slots[from]) + stack_missing(slots[next])));
    this_cpu(stack_use).next_hole = stack_hole_of(slots[next]);
    if (fake_caches_only_accessed) {
        host_equal(stack_missing(slots[from]), 0);
        stack_lend_switch();
        host_equal(stack_missing(slots[next]), 0);
        host_equal(stack_pages_backed(slots[from]), STACK_PAGES - lowest[from]);
    } else {
        stack_lend_fill();
        magazine_charge();
    }
    this_cpu(stack_use).current_hole = stack_hole_of(slots[next]);
    current = next;
    host_equal(stack_missing(slots[next]), 0);
}

/* Sets the accessed bit of one page, as the CPU would. */
static void touch(unsigned page)
{
    stack_entries(slots[current])[page] |= PAGE_ACCESSED;
    lowest[current] = page < lowest[current] ? page : lowest[current];
}

static void stacks_create(bool at_once)
{
    stack_machine_create(4 * MEBIBYTE, 1);
    fake_caches_only_accessed = at_once;
    stack_mode_set(STACK_MODE_LEND);
    for (unsigned i = 0; i < STACKS; i++) {
        host_equal(stack_create(&slots[i]), OK);
        lowest[i] = STACK_PAGES - 1;
    }
    uint64_t hole = stack_hole_of(slots[0]);
    this_cpu(stack_use) = (struct stack_use){hole, hole};
    current = 0;
    lowest[0] = 0; /* the first is whole */
    for (unsigned page = 0; page < STACK_PAGES - 1; page++) {
        physical_t frame;
        host_equal(frame_allocate(FRAME_OWNER_STACK, &frame), OK);
        stack_entries(slots[0])[page] = frame | PAGE_KERNEL_DATA;
    }
}

HOST_TEST(HLE0001, "untouched lent pages come back at each switch, touched ones stay, none is lost")
{
    stacks_create(true);
    for (unsigned step = 0; step < STEPS; step++) {
        switch_to((current + 1 + (unsigned)host_random_below(STACKS - 1)) % STACKS);
        frames_check();
        if (host_random_below(50) == 0) {
            touch((unsigned)host_random_below(STACK_PAGES));
        }
        if (host_random_below(100) == 0) {
            stack_lend_keep();
            lowest[current] = 0;
            frames_check();
        }
    }
}

HOST_TEST(HLE0002, "a stack that is dispatched while its pages are taken back gets the same frames")
{
    stacks_create(false);
    uint64_t before[STACK_PAGES];
    unsigned same = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned cooled = (current + 1 + (unsigned)host_random_below(STACKS - 1)) % STACKS;
        for (unsigned page = 0; page < STACK_PAGES; page++) {
            before[page] = stack_entries(slots[cooled])[page];
        }
        unsigned count = stack_lend_unmap_begin(slots[cooled]);
        host_check(stack_missing(slots[cooled]) >= count);
        frames_check();
        bool dispatched = host_random_below(2) == 0;
        if (dispatched) {
            switch_to(cooled);
            for (unsigned page = 0; page < STACK_PAGES && count != 0; page++) {
                host_equal(stack_entries(slots[cooled])[page], before[page]);
                same++;
            }
        }
        physical_t frames[STACK_PAGES];
        stack_shootdown(0, SIZE_MAX);
        unsigned taken = stack_lend_unmap_end(slots[cooled], frames);
        host_equal(taken, dispatched ? 0 : count);
        for (unsigned i = 0; i < taken; i++) {
            frame_free(frames[i], FRAME_OWNER_STACK);
        }
        if (!dispatched && count != 0) {
            host_equal(stack_pages_backed(slots[cooled]), STACK_PAGES - lowest[cooled]);
        }
        frames_check();
        switch_to((current + 1 + (unsigned)host_random_below(STACKS - 1)) % STACKS);
        if (host_random_below(200) == 0) {
            touch((unsigned)host_random_below(STACK_PAGES));
        }
    }
    host_check(same > 0);
}
