/* The command that shows who has the memory. */
#include "arch/x86_64/types.h"
#include "kernel/monitor.h"
#include "mm/frame.h"

#define KIB_A_FRAME (PAGE_BYTES / 1024)

static void row_print(const char *name, size_t frames, size_t total)
{
    unsigned long long per_mille = total == 0 ? 0 : frames * 1000ULL / total;
    console_print("%-24s %10zu %12zu KiB %5llu.%llu %%\n", name, frames, frames * KIB_A_FRAME,
                  per_mille / 10, per_mille % 10);
}

MONITOR_COMMAND(mem, "", "show the memory by owner, and the free blocks by size")
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
    console_print("%zu of the free frames are in the CPUs' front lists; the others in blocks of\n",
                  now.cached);
    for (unsigned order = 0; order < BUDDY_ORDER_COUNT; order++) {
        if (now.blocks[order] != 0) {
            console_print("  %zu x %zu KiB", now.blocks[order], KIB_A_FRAME << order);
        }
    }
    console_print("\n");
    return OK;
}
