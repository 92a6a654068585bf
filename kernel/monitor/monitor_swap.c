/* The command that shows which pages the swapper has taken, and makes it take more. */
#include "kernel/monitor/monitor.h"
#include "lib/string.h"
#include "mm/stack/stack_mode.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"

static void figures_print(void)
{
    struct stack_swap_counts stacks;
    struct swapper_counts passes;
    stack_swap_counts_read(&stacks);
    swapper_counts_read(&passes);
    console_print("now: %u stacks swapped out; %u pages unmapped that still hold their bytes\n",
                  stacks.saved_now, stacks.standby_now);
    console_print(
        "so far: %lu unused pages taken, %lu stacks swapped out, %lu of them brought in\n",
        stacks.shrunk, stacks.swapped, stacks.swapped_in);
    console_print("        %lu pages mapped again with their bytes, the frames of %lu freed\n",
                  stacks.returned, stacks.reclaimed);
    if (stack_mode_get() == STACK_MODE_EAGER || stack_mode_get() == STACK_MODE_PREFAULT) {
        console_print(
            "        %lu new pages mapped before their thread ran, which takes no faults\n",
            stacks.refilled);
    }
    console_print(
        "        %lu passes, %lu shootdowns; %lu times a thread kept its pages because it "
        "had used more of them again\n",
        passes.passes, passes.batches, passes.spared);
}

MONITOR_COMMAND(swap, "[shrink|out|free]", "what was taken from sleeping stacks; or take it now")
{
    if (count == 1 && string_equal(arguments[0], "shrink")) {
        console_print("taken from %u threads\n", swapper_pass(NULL, SWAPPER_SHRINK));
    } else if (count == 1 && string_equal(arguments[0], "out")) {
        console_print("taken from %u threads\n", swapper_pass(NULL, SWAPPER_SWAP));
    } else if (count == 1 && string_equal(arguments[0], "free")) {
        console_print("%u frames freed\n", stack_standby_free(UINT32_MAX));
    } else if (count != 0) {
        return ERROR_INVALID;
    }
    figures_print();
    return OK;
}
