/*
 * The cost of user memory: a copy of one word, its page fault, and unmapping.
 *
 *   user_copy_word    copies a word to a page that is there
 *   user_copy_fault   the page fault of such a copy alone: from the page-fault entry stack to the
 *                     thread's stack, a zeroed frame into the page tables, and back to the copy
 *   user_zeroing      the part of it that zeroes the frame
 *   user_unmap_page   unmaps one page, its region and its frame, with the shootdown on one CPU
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/space/address_space.h"
#include "mm/space/memory_object.h"
#include "sched/core/thread.h"
#include "tests/bench/benchmarks.h"

#define SAMPLES BENCHMARK_SAMPLES
#define WARM_UP BENCHMARK_WARM_UP
#define PLACE   0x40000000UL
#define RW      (SPACE_READ | SPACE_WRITE)

static struct address_space space;
static struct frame_quota *quota;
static uint64_t words[SAMPLES], faults[SAMPLES], unmaps[SAMPLES];
static bool failed;

/* The shortest handler: it knows the address space, and that the fault is resolved at once. */
static bool fault_resolve(struct trap_frame *frame)
{
    const char *reason;
    interrupts_enable();
    return user_copy_faulted(frame) &&
           address_space_fault(&space, frame->address, frame->error, &reason) == OK;
}

static void root_load(struct user_tables *tables)
{
    uint64_t flags = interrupts_save();
    user_tables_load(tables);
    interrupts_restore(flags);
}

static uint64_t copy_ticks(uint64_t word)
{
    uint64_t start = tsc_read_ordered();
    failed |= user_copy_out(PLACE, &word, sizeof(word)) != OK;
    return tsc_read_ordered() - start - benchmark_overhead();
}

/* A tick that comes in the middle is in a sample; the median is none of those. */
static void sample_take(unsigned i)
{
    struct memory_object *object;
    failed |= memory_object_create(2 * PAGE_BYTES, quota, &object) != OK ||
              address_space_map(&space, PLACE, 2 * PAGE_BYTES, RW, object, 0) != OK;
    if (failed) {
        return;
    }
    /* The second page makes the page tables and the object's list. */
    uint64_t word = i;
    failed |= user_copy_out(PLACE + PAGE_BYTES, &word, sizeof(word)) != OK;
    uint64_t cold = copy_ticks(word), warm = copy_ticks(word);
    failed |= address_space_unmap(&space, PLACE + PAGE_BYTES, PAGE_BYTES) != OK;
    memory_object_release(object);
    uint64_t start = tsc_read_ordered();
    failed |= address_space_unmap(&space, PLACE, PAGE_BYTES) != OK;
    uint64_t unmap = tsc_read_ordered() - start - benchmark_overhead();
    if (i >= WARM_UP) {
        words[i - WARM_UP] = warm;
        faults[i - WARM_UP] = cold - warm;
        unmaps[i - WARM_UP] = unmap;
    }
}

static void samples_take(void *argument maybe_unused)
{
    bool (*old)(struct trap_frame *) = page_fault_thread_case;
    page_fault_thread_case = fault_resolve;
    root_load(&space.tables);
    for (unsigned i = 0; i < SAMPLES + WARM_UP && !failed; i++) {
        sample_take(i);
    }
    root_load(NULL);
    page_fault_thread_case = old;
}

BENCHMARK(user_copy_fault)
{
    failed = frame_quota_create(FRAME_QUOTA_NONE, &quota) != OK ||
             address_space_init(&space, quota) != OK;
    if (!failed) {
        benchmark_in_thread(samples_take, NULL);
        address_space_destroy(&space);
        frame_quota_release(quota);
    }
    if (failed) {
        console_print("# user_copy_fault: an allocation or a copy failed\n");
        return;
    }
    benchmark_samples_report("user_copy_word", words, SAMPLES);
    benchmark_samples_report("user_copy_fault", faults, SAMPLES);
    benchmark_report("user_zeroing", benchmark_zeroing_ticks(), "instructions");
    benchmark_samples_report("user_unmap_page", unmaps, SAMPLES);
}
