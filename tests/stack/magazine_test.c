/*
 * Magazines by themselves, with interrupts off. Each test makes the situation in which one
 * protection of the refill, the reserve or the drain is needed, and checks every frame afterwards.
 *
 * The fixture: three rounds of this CPU's magazine are taken into a scratch stack. Only the test's
 * own failures are injected. The test's own stack is whole, so it needs no cover. Frames are
 * counted by owner on the whole machine, so no frame may be in transit elsewhere: no stacks of
 * ended threads, no standby pages.
 */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "kernel/options.h"
#include "lib/string.h"
#include "mm/frame/fault_inject.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "tests/support/run_down.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

#define STANDBY (STACK_PAGES - 1) /* rounds that the scratch stack has */

static uint32_t scratch;
static physical_t held[STACK_RESERVE_FRAMES_MAX]; /* frames that the test took from the reserve */
static uint32_t held_count;

/* Returns true with interrupts off; returns false if the fixture cannot be had. */
static must_check bool fixture_begin(void)
{
    if (!scratch_stack_create(&scratch)) {
        return false;
    }
    run_down_begin();
    *(volatile char *)stack_floor(thread_current()->slot) = 1;
    held_count = 0;
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        fault_inject_arm((enum fault_inject_kind)kind, 0, 0);
    }
    scratch_stack_use(scratch);
    *(volatile char *)stack_floor(scratch) = 1;
    test_equal(this_cpu(magazine).taken, STANDBY);
    test_equal(stack_reserve_count(), stack_reserve_capacity());
    return true;
}

/* Takes frames until `left` remain in the reserve. */
static void reserve_lower(uint32_t left)
{
    uint32_t count = stack_reserve_count() - left;
    if (stack_reserve_take(held, count)) {
        held_count = count;
    }
    test_equal(stack_reserve_count(), left);
}

static void fixture_end(void)
{
    while (held_count-- > 0) {
        if (!stack_reserve_give(held[held_count], FRAME_OWNER_MAGAZINE)) {
            frame_free(held[held_count], FRAME_OWNER_MAGAZINE);
        }
    }
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        fault_inject_arm((enum fault_inject_kind)kind, options.inject_every[kind], options.seed);
    }
    scratch_stack_unuse();
    run_down_end();
    scratch_stack_empty(scratch);
    scratch_stack_destroy(scratch);
}

TEST(MAG0001, "a refill that can get only a part of what is required takes nothing, and fails",
     ALWAYS)
{
    test_missing_sites_expect();
    if (!fixture_begin()) {
        return;
    }
    uint32_t before = magazine_available();
    reserve_lower(STANDBY - 1);
    fault_inject_arm(FAULT_INJECT_RESERVE_ONLY, 1, 0);
    bool all = magazine_refill(before + STANDBY);
    uint32_t after = magazine_available(), left = stack_reserve_count();
    /* that many are there already; a full magazine is not required */
    bool none = magazine_refill(before);
    uint32_t after_none = magazine_available();
    bool some = magazine_refill(before + STANDBY - 1);
    uint32_t after_some = magazine_available(), left_some = stack_reserve_count();
    fixture_end();
    test_equal(after, before);
    test_equal(left, STANDBY - 1);
    test_check(!all);
    test_check(none);
    test_equal(after_none, before);
    test_check(some);
    test_equal(after_some, before + STANDBY - 1);
    test_equal(left_some, 0);
}

TEST(MAG0002, "a refill for which the last frames of the machine are too few gives them back",
     ALWAYS)
{
    test_missing_sites_expect();
    struct run_down all;
    if (!fixture_begin()) {
        return;
    }
    run_down_take(&all);
    for (unsigned i = 0; i < STANDBY - 1; i++) {
        physical_t frame = (physical_t)all.chain << PAGE_SHIFT;
        all.chain = frame_tag(frame);
        frame_tag_set(frame, 0);
        frame_free(frame, FRAME_OWNER_TEST);
    }
    reserve_lower(0);
    size_t free = frame_free_count() + stack_reserve_count();
    size_t owned = frame_owned_count(FRAME_OWNER_MAGAZINE);
    uint32_t before = magazine_available();
    bool enough = magazine_refill(before + STANDBY);
    uint32_t after = magazine_available();
    size_t free_after = frame_free_count() + stack_reserve_count();
    size_t owned_after =
        frame_owned_count(FRAME_OWNER_MAGAZINE) + STANDBY; /* the refill has booked these */
    run_down_give_back(&all);
    fixture_end();
    test_check(!enough);
    test_equal(after, before);
    test_equal(free_after, free);
    test_equal(owned_after, owned);
}

/* Fills with a pattern the frames that the next refill gets first. */
static void free_list_dirty(void)
{
    physical_t frames[STANDBY];
    for (unsigned i = 0; i < STANDBY; i++) {
        test_equal(frame_allocate(FRAME_OWNER_TEST, &frames[i]), 0);
    }
    for (unsigned i = 0; i < STANDBY; i++) {
        memset(physical_to_virtual(frames[i]), 0xa5, PAGE_BYTES);
        frame_free(frames[i], FRAME_OWNER_TEST);
    }
}

TEST(MAG0003, "a refilled magazine has each frame once, owned by it alone, and zeroed", ALWAYS)
{
    test_missing_sites_expect();
    if (!fixture_begin()) {
        return;
    }
    const struct magazine *own = this_cpu_pointer(magazine);
    unsigned dirty = 0, strange = 0, twice = 0;
    free_list_dirty();
    bool full = magazine_refill(own->capacity);
    uint32_t taken = own->taken;
    for (uint32_t i = taken; i < own->capacity; i++) {
        physical_t frame = own->rounds[i] & PAGE_ADDRESS_MASK;
        const uint64_t *words = physical_to_virtual(frame);
        for (unsigned word = 0; word < PAGE_BYTES / sizeof(*words); word++) {
            dirty += words[word] != 0;
        }
        strange += frame_owner_of(frame) != FRAME_OWNER_MAGAZINE ||
                   own->rounds[i] != (frame | PAGE_KERNEL_DATA);
        for (uint32_t other = taken; other < i; other++) {
            twice += own->rounds[i] == own->rounds[other];
        }
    }
    fixture_end();
    test_check(full);
    test_equal(taken, 0);
    test_equal(dirty, 0);
    test_equal(strange, 0);
    test_equal(twice, 0);
}

static unsigned scratch_frames_of(enum frame_owner owner)
{
    const volatile uint64_t *entries = stack_entries(scratch);
    unsigned count = 0;
    for (unsigned page = 0; page < STANDBY; page++) {
        count += frame_owner_of(stack_entry_frame(entries[page])) == owner;
    }
    return count;
}

TEST(MAG0004,
     "frames that a fault put into a stack are booked as the stack's when they are charged", ALWAYS)
{
    test_missing_sites_expect();
    if (!fixture_begin()) {
        return;
    }
    size_t magazines = frame_owned_count(FRAME_OWNER_MAGAZINE);
    size_t stacks = frame_owned_count(FRAME_OWNER_STACK);
    unsigned before = scratch_frames_of(FRAME_OWNER_MAGAZINE);
    magazine_charge();
    unsigned after = scratch_frames_of(FRAME_OWNER_STACK);
    magazines -= frame_owned_count(FRAME_OWNER_MAGAZINE);
    stacks = frame_owned_count(FRAME_OWNER_STACK) - stacks;
    uint32_t charged = this_cpu(magazine).charged;
    if (after != STANDBY) { /* otherwise the scratch stack could not be taken apart */
        for (unsigned page = 0; page < STANDBY; page++) {
            frame_owner_change(stack_entry_frame(stack_entries(scratch)[page]),
                               FRAME_OWNER_MAGAZINE, FRAME_OWNER_STACK);
        }
    }
    fixture_end();
    test_equal(before, STANDBY);
    test_equal(after, STANDBY);
    test_equal(charged, STANDBY);
    test_equal(magazines, STANDBY);
    test_equal(stacks, STANDBY);
}

TEST(MAG0005, "a drained magazine gives the reserve all frames but those it keeps, each once",
     ALWAYS)
{
    test_missing_sites_expect();
    if (!fixture_begin()) {
        return;
    }
    const struct magazine *own = this_cpu_pointer(magazine);
    uint32_t keep = own->capacity - STANDBY - 2, strange = 0;
    reserve_lower(stack_reserve_capacity() - 4);
    uint32_t reserve = stack_reserve_count();
    magazine_drain(keep);
    uint32_t kept = magazine_available();
    uint32_t given = stack_reserve_count() - reserve;
    for (uint32_t i = own->taken; i < own->capacity; i++) {
        strange += frame_owner_of(own->rounds[i] & PAGE_ADDRESS_MASK) != FRAME_OWNER_MAGAZINE;
    }
    bool covered = magazine_refill(own->capacity);
    fixture_end();
    test_equal(kept, keep);
    test_equal(given, 2);
    test_equal(strange, 0);
    test_check(covered);
}
