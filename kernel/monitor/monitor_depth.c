/* The monitor's `depth`: how deep the stacks of threads that have ended were used. */
#include "kernel/monitor/monitor.h"
#include "mm/stack/stack_depth.h"

static void bar_print(uint64_t value, uint64_t all)
{
    char bar[41];
    unsigned length = all != 0 ? (unsigned)(value * 40 / all) : 0;
    for (unsigned i = 0; i < length; i++) {
        bar[i] = '#';
    }
    bar[length] = '\0';
    console_print(" %9lu %3lu %% %s\n", value, all != 0 ? value * 100 / all : 0, bar);
}

MONITOR_COMMAND(depth, "", "how deep the stacks of ended threads went")
{
    struct stack_depth_histogram histogram;
    uint64_t all = 0;
    stack_depth_histogram_read(&histogram);
    for (unsigned bucket = 1; bucket <= STACK_DEPTH_PAGE_BUCKETS; bucket++) {
        all += histogram.by_pages[bucket];
    }
    console_print_styled(CONSOLE_HEADING, "pages backed at the end, of %lu threads\n", all);
    for (unsigned bucket = 1; bucket <= STACK_DEPTH_PAGE_BUCKETS; bucket++) {
        size_t most = stack_depth_bucket_most(bucket, STACK_PAGES);
        if (bucket <= STACK_PAGES) {
            console_print("%7zu page%s", most, most == 1 ? " " : "s");
        } else if (histogram.by_pages[bucket] != 0) {
            console_print("%3zu-%3zu pages", stack_depth_bucket_most(bucket - 1, STACK_PAGES) + 1,
                          most);
        } else {
            continue;
        }
        bar_print(histogram.by_pages[bucket], all);
    }
    if (!stack_depth_is_exact()) {
        console_print(
            "A stack that is reused keeps the pages of its last owner. For depths in bytes "
            "boot\nwith depth=exact.\n");
        return OK;
    }
    console_print_styled(CONSOLE_HEADING, "deepest byte ever written\n");
    for (unsigned bucket = 0; bucket < STACK_DEPTH_BUCKETS; bucket++) {
        if (histogram.exact[bucket] != 0) {
            const unsigned steps = STACK_BYTES / STACK_DEPTH_BUCKET_BYTES;
            console_print("%7zu-%-7zu",
                          stack_depth_bucket_most(bucket, steps) * STACK_DEPTH_BUCKET_BYTES + 1,
                          stack_depth_bucket_most(bucket + 1, steps) * STACK_DEPTH_BUCKET_BYTES);
            bar_print(histogram.exact[bucket], all);
        }
    }
    return OK;
}
