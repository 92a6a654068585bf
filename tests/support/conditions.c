/* See conditions.h. */
#include "tests/support/conditions.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/entry/fred.h"
#include "kernel/program/boot_archive.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack/stack_mode.h"
#include "mm/stack_modes/stack_lend.h"
#include "tests/event/event_device.h"

/* Defines the condition and begins the function that says whether it holds. */
#define CONDITION(name, words)                                                                     \
    static bool condition_##name(void);                                                            \
    const struct test_condition test_condition_##name = {.holds = condition_##name,                \
                                                         .reason = (words)};                       \
    static bool condition_##name(void)

const struct test_condition test_condition_ALWAYS = {0};
const struct test_condition test_condition_DEATH = {.kind = TEST_KIND_DEATH};
const struct test_condition test_condition_SOAK = {.kind = TEST_KIND_SOAK};

CONDITION(STACKS_EAGER, "stacks are not whole at creation")
{
    return stack_mode_get() == STACK_MODE_EAGER;
}

CONDITION(STACKS_GROW, "stacks are whole at creation")
{
    return stack_mode_get() != STACK_MODE_EAGER;
}

CONDITION(STACKS_FAULT, "stacks get their pages at creation or at a switch")
{
    return condition_STACKS_GROW() && stack_mode_get() != STACK_MODE_LEND;
}

CONDITION(STACKS_LENT, "stacks are not lent pages")
{
    return stack_mode_get() == STACK_MODE_LEND;
}

CONDITION(LEND_BATCHES, "no batch takes lent pages back while another CPU runs")
{
    return condition_STACKS_LENT() && stack_lend_mode() == STACK_LEND_BATCHED &&
           cpu_online_count() > 1;
}

CONDITION(STACKS_PREFAULTED, "holes are not filled in advance")
{
    return stack_mode_get() == STACK_MODE_PREFAULT;
}

CONDITION(SWITCH_LEAVES_HOLES, "with stack=lend a switch leaves no hole that it could hit")
{
    return stack_mode_get() != STACK_MODE_LEND;
}

CONDITION(HOLES_BELOW_GATE, "only with stack=fault the gate finds holes below itself")
{
    return stack_mode_get() == STACK_MODE_FAULT;
}

CONDITION(GATE, "stack=prefault has no gate, and promises nothing without memory")
{
    return stack_mode_get() != STACK_MODE_PREFAULT;
}

CONDITION(MEMORY_WAITS, "no thread waits for memory with stack=eager and stack=prefault")
{
    return condition_GATE() && condition_STACKS_GROW();
}

CONDITION(STACKS_CACHED, "stacks of threads that ended do not go to the cache at once")
{
    return stack_free_get() != STACK_FREE_BATCHED && stack_cache_size() != 0;
}

CONDITION(DEPTH_PAGE, "depth=exact zeroes reused stacks")
{
    return !stack_depth_is_exact();
}

CONDITION(TWO_CPUS, "there is no other CPU")
{
    return cpu_online_count() > 1;
}

CONDITION(ONE_NODE, "this machine has several nodes of memory")
{
    return numa_node_count == 1;
}

CONDITION(NUMA_NODES, "this machine has one node of memory")
{
    return numa_node_count > 1;
}

CONDITION(NUMA_MAGAZINES,
          "it needs several nodes of memory, and stacks that take pages from magazines")
{
    return condition_NUMA_NODES() && condition_STACKS_GROW();
}

CONDITION(HANDOFF, "the machine runs with ipc=keep, so threads keep their stacks")
{
    return handoff_wanted;
}

CONDITION(IDT, "events enter by FRED here")
{
    return !fred_is_active();
}

CONDITION(FRED, "events enter by the IDT here")
{
    return fred_is_active();
}

CONDITION(HPET_LEVEL, "no HPET with a level-triggered timer")
{
    uint32_t gsi;
    bool found = event_hpet_find(&gsi);
    if (found) {
        event_hpet_silence();
    }
    return found;
}

CONDITION(BOOT_ARCHIVE, "the boot loader passed no user programs")
{
    const void *archive;
    size_t bytes;

    return boot_archive_get(&archive, &bytes);
}

CONDITION(USER_CROWD, "the machine has no user programs, or more or less than 1 GiB of memory")
{
    size_t gib = (1UL << 30) / PAGE_BYTES;
    const void *archive;
    size_t bytes;

    return frame_total_count() > gib - gib / 16 && frame_total_count() <= gib &&
           boot_archive_get(&archive, &bytes);
}
