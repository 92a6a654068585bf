/*
 * Page tables of address spaces: the kernel half in each root, tables that come and go, and what a
 * round of a shootdown reaches.
 */
#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_pages.h"
#include "tests/space/bare_tables.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PLACE 0x40000000UL /* an address of user mode */

extern char __text_start[], __data_start[];

TEST(ASP0001, "in a new root the recursive mapping shows the leaf entries of the kernel half",
     ALWAYS)
{
    struct user_tables tables;
    unsigned local;
    uintptr_t places[] = {(uintptr_t)__text_start, (uintptr_t)__data_start, (uintptr_t)&local,
                          entry_stack_bottom(0, ENTRY_NMI)};
    if (!bare_tables_create(&tables)) {
        return;
    }
    preempt_disable();
    bare_load(&tables);
    test_equal(cr3_read(), tables.root);
    for (size_t i = 0; i < array_length(places); i++) {
        struct paging_walk walk;
        paging_walk(places[i], &walk);
        test_equal(walk.levels, 4);
        test_equal(*paging_leaf(places[i]) & ~(PAGE_ACCESSED | PAGE_DIRTY),
                   walk.entries[3] & ~(PAGE_ACCESSED | PAGE_DIRTY));
    }
    /* The top of the recursive mapping is the root itself. */
    struct paging_walk own;
    paging_walk(PAGE_RECURSIVE_BASE + PAGE_RECURSIVE_INDEX * (PAGE_BYTES << 18) +
                    PAGE_RECURSIVE_INDEX * (PAGE_BYTES << 9) + PAGE_RECURSIVE_INDEX * PAGE_BYTES,
                &own);
    test_equal(own.physical, tables.root);
    bare_load(NULL);
    preempt_enable();
    bare_tables_destroy(&tables);
}

/* Recurses with interrupts off until `pages` pages lie between here and `from`. */
static never_inline uintptr_t dive(uintptr_t from, unsigned pages)
{
    volatile char room[512];
    room[0] = (char)pages;
    if (from - (uintptr_t)room < pages * PAGE_BYTES) {
        return dive(from, pages) + (uintptr_t)room[0] - (uintptr_t)room[0];
    }
    return cr3_read();
}

static void dive_in_root(void *argument)
{
    struct user_tables *tables = argument;
    uint32_t slot = thread_current()->slot;
    uint32_t before = stack_pages_backed(slot);
    preempt_disable();
    uint64_t flags = interrupts_save();
    user_tables_load(tables);
    test_equal(dive((uintptr_t)__builtin_frame_address(0), 2), tables->root);
    uint32_t after = stack_pages_backed(slot);
    user_tables_load(NULL);
    interrupts_restore(flags);
    preempt_enable();
    test_check(before < after); /* with stack=prefault a preemption has filled the second page */
    test_check(after >= 3);
}

TEST(ASP0002, "stack faults are served while the root of an address space is loaded", STACKS_FAULT)
{
    struct user_tables tables;
    if (bare_tables_create(&tables)) {
        test_missing_sites_expect();
        test_thread_join(test_thread_start(THREAD_PRIORITY_DEFAULT, 0, dive_in_root, &tables));
        bare_tables_destroy(&tables);
    }
}

TEST(ASP0003, "a page makes the tables that it needs, and the last page of a table frees it",
     ALWAYS)
{
    struct user_tables tables;
    physical_t frame;
    struct user_table_supply none = {.count = 0};
    if (!bare_tables_create(&tables) || !bare_frame(1, &frame)) {
        return;
    }
    test_equal(bare_enter(&tables, PLACE, frame | BARE_READ, &none), ERROR_AGAIN);
    test_equal(none.wanted, 3);
    test_equal(bare_map(&tables, PLACE, frame, BARE_READ), 3);
    test_equal(bare_map(&tables, PLACE + PAGE_BYTES, frame, BARE_READ), 0);
    test_equal(bare_map(&tables, PLACE + (PAGE_BYTES << 9), frame, BARE_READ), 1);
    test_equal(bare_map(&tables, USER_BASE, frame, BARE_READ), 2);
    test_equal(bare_map(&tables, USER_END - PAGE_BYTES, frame, BARE_READ), 3);
    test_equal(tables.tables, 9);
    test_equal(user_tables_entry(&tables, PLACE), frame | BARE_READ);
    test_equal(user_tables_entry(&tables, PLACE + 2 * PAGE_BYTES), 0);
    test_equal(bare_enter(&tables, PLACE, (frame ^ PAGE_BYTES) | BARE_READ, &none), ERROR_EXISTS);

    test_equal(bare_unmap(&tables, PLACE, PAGE_BYTES), 0);
    test_equal(bare_unmap(&tables, PLACE, PAGE_BYTES), 0); /* again: nothing is there */
    test_equal(bare_unmap(&tables, PLACE + PAGE_BYTES, PAGE_BYTES), 1);
    test_equal(bare_unmap(&tables, USER_BASE, USER_END - USER_BASE), 8);
    frame_free(frame, FRAME_OWNER_TEST);
    bare_tables_destroy(&tables);
}

TEST(ASP0004, "user copy reads and writes what is mapped with that right, and nothing else", ALWAYS)
{
    struct user_tables tables;
    physical_t frame;
    if (!bare_tables_create(&tables) || !bare_frame(0x5a, &frame)) {
        return;
    }
    bare_map(&tables, PLACE, frame, BARE_READ);
    bare_map(&tables, PLACE + PAGE_BYTES, frame, BARE_WRITE);
    preempt_disable();
    bare_faults_take();
    bare_load(&tables);
    test_equal(bare_read(PLACE), 0x5a);
    test_check(!bare_write(PLACE, 1));
    test_check(bare_write(PLACE + PAGE_BYTES, 0x33));
    test_equal(bare_read(PLACE), 0x33);
    test_equal(bare_read(PLACE + 2 * PAGE_BYTES), -1);
    test_check(!bare_write(PLACE - 1, 1));
    test_equal(bare_faults(), 3); /* each access of one byte faults once */
    bare_load(NULL);
    test_equal(bare_read(PLACE), -1);
    bare_faults_give();
    preempt_enable();
    bare_unmap(&tables, PLACE, 2 * PAGE_BYTES);
    frame_free(frame, FRAME_OWNER_TEST);
    bare_tables_destroy(&tables);
}

/* A thread on another CPU that has the root loaded and reads one byte again and again. */
static struct {
    struct user_tables *tables;
    uint32_t reads;
    int last;
    bool stop;
} reader;

static void read_on(void *argument maybe_unused)
{
    preempt_disable();
    bare_load(reader.tables);
    while (!__atomic_load_n(&reader.stop, __ATOMIC_SEQ_CST)) {
        int byte = bare_read(PLACE);
        __atomic_store_n(&reader.last, byte, __ATOMIC_SEQ_CST);
        test_count(&reader.reads);
    }
    preempt_enable(); /* the root stays loaded: bare_tables_destroy() evicts it */
}

static void reader_goes_on(void)
{
    uint32_t before = test_counted(&reader.reads);
    /* Two: the first may have begun before the call. */
    test_eventually_spinning(test_counted(&reader.reads) - before >= 2, "the reader stands still");
}

TEST(ASP0005,
     "after a shootdown the CPU that has the root reads no old page, and it alone is "
     "interrupted",
     TWO_CPUS)
{
    struct user_tables tables;
    physical_t frames[2];
    if (!bare_tables_create(&tables) || !bare_frame(1, &frames[0]) || !bare_frame(2, &frames[1])) {
        return;
    }
    bare_map(&tables, PLACE, frames[0], BARE_READ);
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    bare_faults_take();
    reader = (typeof(reader)){.tables = &tables};
    struct thread *thread = test_thread_start(20, test_cpu_bit(1), read_on, NULL);
    uint64_t others = 0, own = interrupt_count(VECTOR_USER_SHOOTDOWN, 1);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        others += cpu == 1 ? 0 : interrupt_count(VECTOR_USER_SHOOTDOWN, cpu);
    }
    reader_goes_on();
    for (unsigned round = 0; round < 20 && thread != NULL; round++) {
        bare_unmap(&tables, PLACE, PAGE_BYTES);
        reader_goes_on();
        test_equal(__atomic_load_n(&reader.last, __ATOMIC_SEQ_CST), -1);
        bare_map(&tables, PLACE, frames[round & 1], BARE_READ);
        reader_goes_on();
        test_equal(__atomic_load_n(&reader.last, __ATOMIC_SEQ_CST), 1 + (round & 1));
    }
    test_check(interrupt_count(VECTOR_USER_SHOOTDOWN, 1) - own >= 20);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        others -= cpu == 1 ? 0 : interrupt_count(VECTOR_USER_SHOOTDOWN, cpu);
    }
    test_equal(others, 0);
    __atomic_store_n(&reader.stop, true, __ATOMIC_SEQ_CST);
    test_thread_join(thread);
    bare_faults_give();
    bare_unmap(&tables, PLACE, PAGE_BYTES);
    bare_tables_destroy(&tables);
    test_thread_unbind();
    frame_free(frames[0], FRAME_OWNER_TEST);
    frame_free(frames[1], FRAME_OWNER_TEST);
}

TEST(ASP0006, "an eviction makes each CPU that has the root load the kernel's", ALWAYS)
{
    struct user_tables tables;
    if (!bare_tables_create(&tables)) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    reader = (typeof(reader)){.tables = &tables, .stop = true};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        test_thread_join(test_thread_start(20, 1UL << cpu, read_on, NULL));
    }
    test_check(tables.cpus != 0);
    user_tables_evict(&tables);
    test_equal(tables.cpus, 0);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        test_check(cpu_variable(user_tables_loaded, cpu) != &tables);
    }
    bare_tables_destroy(&tables);
    test_thread_unbind();
}

TEST(ASP0007, "the kernel half gets no top-level entry that the roots of tasks would lack", ALWAYS)
{
    test_equal(paging_tables_create(0xffffa00000000000UL, PAGE_BYTES), ERROR_RANGE);
    test_equal(paging_tables_create(PLACE, PAGE_BYTES), ERROR_RANGE);
}
