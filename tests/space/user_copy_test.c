/*
 * User copy: what it refuses, how far a copy comes that ends in the middle, and its faults, which
 * move from the page-fault entry stack to the thread's stack and may sleep there.
 */
#include "arch/x86_64/entry/user_copy.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/entry/entry.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_pages.h"
#include "tests/space/space_user.h"
#include "tests/support/own_pages.h"
#include "tests/support/own_stack.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PLACE SPACE_PLACE
#define RW    (SPACE_READ | SPACE_WRITE)

static struct space_fixture fixture; /* other threads look at it */
static uint8_t buffer[2 * PAGE_BYTES];

TEST(UCP0001, "ranges that are not wholly user memory are refused before a byte is touched", ALWAYS)
{
    static const struct {
        uintptr_t address;
        size_t bytes;
    } ranges[] = {{0, 1},
                  {USER_BASE - 1, 2},
                  {USER_END - 1, 2},
                  {USER_END, 1},
                  {0x7fffffffffffUL, 1},
                  {0x800000000000UL, 1},
                  {DIRECT_MAP_BASE, 8},
                  {KERNEL_BASE, 8},
                  {PLACE, SIZE_MAX},
                  {PLACE, SIZE_MAX - PLACE},
                  {PLACE, 0x8000000000000000UL},
                  {SIZE_MAX, 1},
                  {SIZE_MAX - 7, 16}};
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    size_t copied, length;
    buffer[0] = 0x5a;
    for (unsigned i = 0; i < array_length(ranges); i++) {
        copied = 1;
        test_equal(user_copy_in_part(buffer, ranges[i].address, ranges[i].bytes, &copied),
                   ERROR_FAULT);
        test_equal(copied, 0);
        test_equal(user_copy_out(ranges[i].address, buffer, ranges[i].bytes), ERROR_FAULT);
    }
    test_equal(user_string_copy_in((char *)buffer, KERNEL_BASE, 8, &length), ERROR_FAULT);
    test_equal(user_string_copy_in((char *)buffer, 0, 8, &length), ERROR_FAULT);
    test_equal(buffer[0], 0x5a);
    test_equal(space_user_faults(), 0);
    test_check(user_range_is_valid(USER_BASE, USER_END - USER_BASE));
    test_check(user_range_is_valid(USER_END, 0));
    test_equal(user_copy_in(buffer, PLACE, 0), OK);
    space_fixture_end(&fixture);
}

TEST(UCP0002, "a copy that meets an unmapped page reports each byte before it, at each alignment",
     ALWAYS)
{
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    for (unsigned i = 0; i < 64; i++) {
        test_check(space_write(PLACE + PAGE_BYTES - 64 + i, (uint8_t)(i + 1)));
    }
    for (unsigned before = 0; before <= 20; before++) {
        for (unsigned length = before; length <= before + 17; length++) {
            uintptr_t from = PLACE + PAGE_BYTES - before;
            size_t copied;
            memset(buffer, 0xee, sizeof(buffer));
            int error = user_copy_in_part(buffer + 3, from, length, &copied);
            test_equal(error, length == before ? OK : ERROR_FAULT);
            test_equal(copied, before);
            for (unsigned i = 0; i < before; i++) {
                test_equal(buffer[3 + i], 64 - before + i + 1);
            }
            test_equal(buffer[3 + before], 0xee);
            test_equal(user_copy_out_part(from, buffer + 3, length, &copied), error);
            test_equal(copied, before);
        }
    }
    space_fixture_end(&fixture);
}

TEST(UCP0003, "a string ends at its zero byte, also at the edge of what is mapped", ALWAYS)
{
    size_t length;
    char text[16];
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    uintptr_t end = PLACE + PAGE_BYTES;
    test_equal(user_copy_out(end - 6, "hello", 6), OK);
    test_equal(user_string_copy_in(text, end - 6, sizeof(text), &length), OK);
    test_equal(length, 5);
    test_equal(strcmp(text, "hello"), 0);
    test_equal(user_string_copy_in(text, end - 6, 6, &length), OK);
    test_equal(user_string_copy_in(text, end - 6, 5, &length), ERROR_TOO_LONG);
    test_equal(user_string_copy_in(text, end - 1, sizeof(text), &length), OK);
    test_equal(length, 0);
    test_check(space_write(end - 1, '!'));
    test_equal(user_string_copy_in(text, end - 6, sizeof(text), &length), ERROR_FAULT);
    test_equal(user_string_copy_in(text, end, sizeof(text), &length), ERROR_FAULT);
    test_equal(user_string_copy_in(text, end - 6, 0, &length), ERROR_TOO_LONG);
    space_fixture_end(&fixture);
}

/* Goes on behind a faulting instruction of a test, which keeps that address in RBX. */
static unsigned stray_faults;
static bool (*case_below)(struct trap_frame *);

static bool stray_case(struct trap_frame *frame)
{
    if (user_copy_faulted(frame)) {
        return case_below(frame);
    }
    stray_faults++;
    frame->rip = frame->rbx;
    return true;
}

static void stray_read(uintptr_t address)
{
    __asm__ volatile("leaq 1f(%%rip), %%rbx\n\t"
                     "movb (%0), %%al\n"
                     "1:" ::"r"(address)
                     : "rbx", "rax", "memory");
}

static bool smap_is_on(void)
{
    return (cr4_read() & CR4_SMAP) != 0;
}

TEST(UCP0004, "outside of user copy the kernel faults on user memory that is mapped, where SMAP is",
     ALWAYS)
{
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    test_check(space_write(PLACE, 1));
    stray_faults = 0;
    case_below = page_fault_thread_case;
    page_fault_thread_case = stray_case;
    preempt_disable(); /* nothing loads another root meanwhile */
    uint64_t flags = interrupts_save();
    user_tables_load(&fixture.space.tables);
    stray_read(PLACE);
    unsigned at_mapped = stray_faults;
    stray_read(PLACE + PAGE_BYTES);
    interrupts_restore(flags);
    preempt_enable();
    page_fault_thread_case = case_below;
    test_equal(at_mapped, smap_is_on());
    test_equal(stray_faults, at_mapped + 1);
    test_equal(space_read(PLACE), 1);
    test_check(!(flags_read() & FLAGS_ALIGNMENT_CHECK));

    unsigned opened = 0;
    for (const struct patch_site *site = __patch_sites_start; site < __patch_sites_end; site++) {
        if (site->kind == SITE_KIND_SMAP_OPEN || site->kind == SITE_KIND_SMAP_CLOSE) {
            test_check(site_is(site, smap_is_on() ? SITE_SMAP : SITE_PLAIN));
            opened += site->kind == SITE_KIND_SMAP_OPEN;
        }
    }
    test_equal(opened, 3);
    space_fixture_end(&fixture);
}

TEST(UCP0005, "a wild pointer on the kernel's side of a copy is not taken for a fault of user mode",
     ALWAYS)
{
    struct trap_frame seen = {0};
    struct trap_frame copy;
    extern const char user_copy_from_user[];
    /* The first instruction of the copy that may fault: found by the sites' own check. */
    for (uintptr_t rip = (uintptr_t)user_copy_from_user; seen.rip == 0; rip++) {
        copy = (struct trap_frame){
            .rip = rip, .cs = 8, .rsi = PLACE, .rdi = PLACE + PAGE_BYTES, .address = PLACE};
        if (user_copy_faulted(&copy)) {
            seen = copy;
        }
    }
    copy = seen;
    copy.address = PLACE + 7; /* a step may straddle two pages */
    test_check(user_copy_faulted(&copy));
    copy.address = PLACE + PAGE_BYTES; /* the kernel's side, though a user address */
    test_check(!user_copy_faulted(&copy));
    copy = seen;
    copy.error = PAGE_FAULT_WRITE;
    test_check(!user_copy_faulted(&copy));
    copy = seen;
    copy.address = copy.rsi = DIRECT_MAP_BASE;
    test_check(!user_copy_faulted(&copy));
    copy = seen;
    copy.error = PAGE_FAULT_RESERVED;
    test_check(!user_copy_faulted(&copy));
    copy = seen;
    copy.rip++;
    test_check(!user_copy_faulted(&copy));
    copy = seen;
    copy.cs = 0x23;
    test_check(!user_copy_faulted(&copy));
}

/* A thread whose copy begins `depth` bytes above the end of its backed stack. */
static struct {
    unsigned offset;
    uint32_t before, after;
    int error;
    unsigned faults;
} deep;

static void deep_copy(void)
{
    uint32_t slot = thread_current()->slot;
    unsigned faults = space_user_faults();
    deep.before = stack_pages_backed(slot);
    uint64_t value = deep.offset;
    deep.error = user_copy_out(PLACE + deep.offset * PAGE_BYTES / 16, &value, sizeof(value));
    deep.after = stack_pages_backed(slot);
    deep.faults = space_user_faults() - faults;
}

static void deep_thread(void *argument maybe_unused)
{
    uintptr_t edge = stack_top(thread_current()->slot) - PAGE_BYTES;
    space_user_set(&fixture.space);
    own_stack_trim();
    own_stack_call(edge + deep.offset, deep_copy);
    space_user_set(NULL);
}

TEST(UCP0006,
     "the frame of a copy's fault moves across the edge of the backed stack, at each depth", ALWAYS)
{
    unsigned grown = 0;
    if (!space_fixture_begin(&fixture, 128 * PAGE_BYTES)) {
        return;
    }
    for (deep.offset = 64; deep.offset < 1600; deep.offset += 16) {
        deep.error = 1;
        test_thread_join(test_thread_start(THREAD_PRIORITY_DEFAULT, 0, deep_thread, NULL));
        test_equal(deep.error, OK);
        test_check(deep.faults >= 1);
        grown += deep.after > deep.before;
        uint64_t value = 0;
        test_equal(user_copy_in(&value, PLACE + deep.offset * PAGE_BYTES / 16, sizeof(value)), OK);
        test_equal(value, deep.offset);
    }
    test_note("the fault of %u of %u copies made the stack grow", grown, (1600 - 64) / 16);
    /* In the other modes the pages are there before. */
    test_check(grown > 10 || stack_mode_get() != STACK_MODE_FAULT);
    space_fixture_end(&fixture);
}

static uint32_t sleeps;

static void sleep_elsewhere(void)
{
    unsigned other = cpu_number() + 1;
    test_equal(thread_affinity_set(thread_current(), test_cpu_bit(other)), OK);
    test_equal(thread_sleep_ns(2000000), OK);
    test_count(&sleeps);
}

TEST(UCP0007, "a copy's fault sleeps and wakes on another CPU, and the copy goes on there", ALWAYS)
{
    if (!space_fixture_begin(&fixture, 4 * PAGE_BYTES)) {
        return;
    }
    sleeps = 0;
    for (unsigned i = 0; i < sizeof(buffer); i++) {
        buffer[i] = (uint8_t)(i * 7 + i / 256);
    }
    static uint8_t back[sizeof(buffer)];
    space_user_fault_hook = sleep_elsewhere;
    test_equal(user_copy_out(PLACE + 100, buffer, sizeof(buffer)), OK);
    test_equal(user_copy_in(back, PLACE + 100, sizeof(back)), OK);
    space_user_fault_hook = NULL;
    test_equal(memcmp(buffer, back, sizeof(back)), 0);
    test_check(sleeps >= 3);
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
    space_fixture_end(&fixture);
}

static void copy_once(void *argument)
{
    space_user_set(&fixture.space);
    *(int *)argument = user_copy_out(PLACE, "x", 1);
    space_user_set(NULL);
}

static void fault_sleep_long(void)
{
    test_count(&sleeps);
    ignore_result(thread_sleep_ns(60000000000UL)); /* the kill ends it */
}

TEST(UCP0008, "a thread that is killed in a copy's fault wakes up there and ends its copy", ALWAYS)
{
    static int error;
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    sleeps = 0;
    error = 1;
    space_user_fault_hook = fault_sleep_long;
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, copy_once, &error);
    if (thread != NULL && test_wait_until(&sleeps, 1, "asleep in the fault")) {
        test_check(test_wait_blocked(thread));
        space_user_fault_hook = NULL;
        thread_kill(thread);
    }
    space_user_fault_hook = NULL;
    test_thread_join(thread);
    test_equal(error, OK); /* the fault itself could be resolved */
    space_fixture_end(&fixture);
}

TEST(UCP0009, "without a free frame a copy's fault is refused with that reason, and later resolved",
     ALWAYS)
{
    struct run_down all;
    if (!space_fixture_begin(&fixture, 4 * PAGE_BYTES)) {
        return;
    }
    test_check(space_write(PLACE, 1)); /* its page tables are there */
    int error = 1;
    run_down_begin();
    run_down_take(&all);
    const char *reason = "";
    preempt_disable();
    error = address_space_fault(&fixture.space, PLACE + PAGE_BYTES, PAGE_FAULT_WRITE, &reason);
    preempt_enable();
    run_down_give_back(&all);
    run_down_end();
    test_equal(error, ERROR_NO_MEMORY);
    test_check(strstr(reason, "no memory") != NULL);
    test_check(space_write(PLACE + PAGE_BYTES, 2));
    space_fixture_end(&fixture);
}
