/* The command that shows the owners of memory. */
#include "arch/x86_64/cpu/types.h"
#include "kernel/monitor/monitor.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_chain.h"
#include "mm/frame/frame_survey.h"
#include "mm/frame/numa_node.h"
#include "mm/heap/slab.h"
#include "mm/heap/vmalloc.h"
#include "sched/core/thread_object.h"

#define KIB_A_FRAME   (PAGE_BYTES / 1024)
#define BLOCKS_A_LINE 5

static void row_print(const char *name, size_t frames, size_t total)
{
    uint64_t per_mille = total == 0 ? 0 : frames * 1000 / total;
    console_print("%-24s %10zu %12zu KiB %5lu.%lu %%\n", name, frames, frames * KIB_A_FRAME,
                  per_mille / 10, per_mille % 10);
}

static void caches_print(void)
{
    struct slab_statistics cache;

    console_print_styled(CONSOLE_HEADING, "%-24s %10s %10s %10s %8s\n", "objects", "bytes each",
                         "in use", "at most", "frames");
    for (unsigned i = 0; slab_statistics_read(i, &cache); i++) {
        if (cache.in_use_most != 0) {
            console_print("%-24s %10u %10u %10u %8u\n", cache.name, cache.object_bytes,
                          cache.in_use, cache.in_use_most, cache.frames);
        }
    }
    console_print("Thread objects in use that CPUs keep for the next threads: %u\n",
                  thread_objects_spare());
}

static void vmalloc_print(void)
{
    struct vmalloc_information region;

    for (unsigned i = 0; vmalloc_read(i, &region); i++) {
        console_print("region 0x%lx, %zu KiB: %s\n", region.address, region.bytes / 1024,
                      region.name);
    }
}

/*
 * Prints how scattered the frames of stacks are, and how many large blocks would be free without
 * them.
 */
static void fragmentation_print(void)
{
    static const unsigned orders[] = {1, 2, 4, 6, 9, 10};
    static struct frame_survey survey;
    struct frame_chain_counts counts;

    frame_survey(&survey);
    frame_chain_counts_read(&counts);
    console_print("Frames of stacks, magazines and reserve: %zu, in %zu pieces\n",
                  survey.stack_frames, survey.stack_runs);
    console_print("Frames of whole stacks: %lu were allocated with neighbours, %lu alone\n",
                  counts.in_blocks, counts.single);
    console_print_styled(CONSOLE_HEADING, "%-12s %10s %24s %20s\n", "aligned", "free",
                         "free but for stacks", "in part of stacks");
    for (unsigned i = 0; i < array_length(orders); i++) {
        const struct frame_survey_order *order = &survey.orders[orders[i]];
        console_print("%8zu KiB %10zu %24zu %20zu\n", KIB_A_FRAME << orders[i], order->whole,
                      order->kept_by_stacks, order->with_stacks);
    }
}

MONITOR_COMMAND(mem, "", "show memory by owner, what stacks fragment, objects")
{
    struct frame_statistics now;
    frame_statistics_read(&now);
    console_print_styled(CONSOLE_HEADING, "%-24s %10s %16s %7s\n", "owner", "frames", "memory",
                         "share");
    for (unsigned owner = FRAME_OWNER_FREE + 1; owner < FRAME_OWNER_COUNT; owner++) {
        if (now.owned[owner] != 0) {
            row_print(frame_owner_name((enum frame_owner)owner), now.owned[owner], now.total);
        }
    }
    row_print("free", now.free, now.total);
    row_print("all", now.total, now.total);
    console_print(
        "%zu of the free frames are in the CPUs' per-CPU free lists; the others in blocks of\n",
        now.cached);
    for (unsigned order = 0, shown = 0; order < BUDDY_ORDER_COUNT; order++) {
        if (now.blocks[order] != 0) {
            bool wrap = shown > 0 && shown % BLOCKS_A_LINE == 0;
            console_print("%s  %zu x %zu KiB", wrap ? "\n" : "", now.blocks[order],
                          KIB_A_FRAME << order);
            shown++;
        }
    }
    console_print("\n");
    for (unsigned node = 0; numa_node_count > 1 && node < numa_node_count; node++) {
        console_print("Node %u (%u in the SRAT): %zu frames free in blocks\n", node,
                      numa_node_name(node), frame_node_free_count(node));
    }
    fragmentation_print();
    caches_print();
    vmalloc_print();
    return OK;
}
