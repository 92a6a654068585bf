/* The monitor's `depth`: how deep the stacks of threads that have ended were used. */
#include "kernel/monitor.h"
#include "mm/stack_depth.h"

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
    for (unsigned pages = 1; pages <= STACK_PAGES; pages++) {
        all += histogram.by_pages[pages];
    }
    console_print_styled(CONSOLE_HEADING, "pages backed at the end, of %lu threads\n", all);
    for (unsigned pages = 1; pages <= STACK_PAGES; pages++) {
        console_print("%u page%s", pages, pages == 1 ? " " : "s");
        bar_print(histogram.by_pages[pages], all);
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
            console_print("%5lu-%-5lu", (unsigned long)bucket * STACK_DEPTH_BUCKET_BYTES,
                          (bucket + 1UL) * STACK_DEPTH_BUCKET_BYTES - 1);
            bar_print(histogram.exact[bucket], all);
        }
    }
    return OK;
}
