/* A processor for which memory does not suffice, at whatever part it ends. */
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/paging/paging.h"
#include "kernel/processors.h"
#include "lib/error.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static size_t area_frames(void)
{
    size_t frames = 1;
    while (frames * PAGE_BYTES < percpu_area_bytes()) {
        frames *= 2;
    }
    return frames;
}

/* The first number that no processor was prepared for, whether it came online or not. */
static unsigned number_of_none(void)
{
    unsigned cpu = 0;
    while (percpu_area_exists(cpu)) {
        cpu++;
    }
    return cpu;
}

static void try_with(size_t frames)
{
    unsigned cpu = number_of_none();
    struct memory_exhausted taken;
    uintptr_t top;

    memory_exhaust(&taken);
    memory_give(&taken, frames);
    size_t before = memory_left();
    test_equal(processor_prepare(cpu, 0, &top), ERROR_NO_MEMORY);
    /* Others may have given some back meanwhile, and a frame on its way to a magazine is in neither. */
    test_eventually(memory_left() >= before, "%lu frames are left of %lu", memory_left(), before);
    test_check(!percpu_area_exists(cpu)); /* sums over all CPUs leave it out */
    memory_give(&taken, SIZE_MAX);
}

/* Memory ends at the first and last frame of each part: area, entry stacks, magazine, idle stack. */
static void try_each(void *argument maybe_unused)
{
    size_t area = area_frames();
    size_t stacks = area + (ENTRY_KINDS - 1) * (ENTRY_STACK_BYTES / PAGE_BYTES);
    size_t magazines = stacks + this_cpu(magazine).capacity;

    try_with(area - 1);
    try_with(area);
    try_with(stacks - 1);
    try_with(stacks);
    try_with(magazines - 1);
    try_with(magazines);
    try_with(magazines + STACK_PAGES - 1);
}

TEST(SMP0007, "a processor that cannot be prepared leaves nothing behind, wherever memory ends",
     ALWAYS)
{
    static const struct thread_options options = {
        .name = "preparer", .priority = THREAD_PRIORITY_DEFAULT, .backed = true};
    struct paging_walk walk;

    /* Page tables stay, so only a number whose tables exist leaves nothing at all. */
    paging_walk(entry_stack_bottom(number_of_none(), 1), &walk);
    if (walk.levels == 4) {
        test_thread_join(test_thread_create(&options, try_each, NULL));
    } else {
        test_note("CPU %u would need a page table of its own", number_of_none());
    }
}
