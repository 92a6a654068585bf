/* Prints the demonstration, within 80 columns and always in the same order. */
#include "arch/x86_64/cpu/cpu_model.h"
#include "kernel/console/console.h"
#include "kernel/demo/demonstration.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"

#define PAGE_KIB (PAGE_BYTES / 1024)

static const char introduction[] =
    "Each stack has 16 KiB of addresses and 4 KiB of memory. Touching a page that is\n"
    "not there faults; the handler maps frames from its CPU's magazine into the\n"
    "stack, and the thread goes on.\n";
static const char introduction_eager[] =
    "Each stack has its 16 KiB of memory from creation, as the command line asks\n"
    "it (stack=eager). Without that, stacks grow page by page.\n";

static void heading(const char *text)
{
    console_print_styled(CONSOLE_HEADING, "\n%s\n", text);
}

static void fault_print(const struct diver *diver, const struct fault_record *fault)
{
    const char *function = symbol_find(fault->rip, NULL);
    uint64_t ticks = demonstration_ticks(diver, fault);
    console_print("%3u %4u %-9s  0x%lx  %-16.16s %5lu    +%u", fault->cpu, diver->id, diver->name,
                  fault->address, function != NULL ? function : "?",
                  stack_top(diver->slot) - fault->address, fault->pages);
    if (ticks != 0) {
        console_print(" %8lu %3u\n", ticks, fault->available);
    } else {
        console_print(" %8s %3u\n", "-", fault->available);
    }
}

static void faults_print(const struct demonstration *shown)
{
    uint32_t faults = 0, pages = 0;
    heading(
        shown->instructions
            ? "CPU   id thread     touched             by function      depth pages    instr left"
            : "CPU   id thread     touched             by function      depth pages    ticks left");
    for (uint32_t i = 0; i < shown->divers; i++) {
        const struct diver *diver = &shown->diver[i];
        for (uint32_t n = 0; n < diver->faults && n < DEMONSTRATION_FAULTS; n++) {
            fault_print(diver, &diver->fault[n]);
            faults++;
            pages += diver->fault[n].pages;
        }
        if (diver->faults == 0) {
            console_print_styled(CONSOLE_DIM, "%3u %4u %-9s  no fault: %lu bytes deep, %s\n",
                                 diver->cpu, diver->id, diver->name, diver->descent.deepest,
                                 diver->pages_before == STACK_PAGES ? "all pages there at creation"
                                                                    : "within the first page");
        }
    }
    if (stack_mode_get() == STACK_MODE_EAGER || stack_mode_get() == STACK_MODE_LEND) {
        console_print("No faults: with stack=%s\n",
                      stack_mode_get() == STACK_MODE_EAGER
                          ? "eager all four pages of a stack are there at creation."
                          : "lend all four pages of a stack are there while its thread runs.");
        return;
    }
    console_print("%u faults brought %u pages. \"left\": frames in the CPU's magazine.\n", faults,
                  pages);
    if (shown->instructions) {
        console_print(
            "\"instr\": guest instructions of a fault and its record, for the TSC counts them.\n");
    } else {
        console_print(
            "\"ticks\": of the TSC, for a fault and its record; the least of %u rounds%s.\n",
            shown->rounds,
            cpu_is_emulated() ? ",\nin time of the host, because this CPU is emulated" : "");
    }
}

/* How a page of each state looks. The pages of a diver may be in any state: the swapper runs, too. */
static const struct {
    const char *text;
    enum console_style style;
} looks[STACK_PAGE_STATES] = {
    [STACK_PAGE_NONE] = {"????", CONSOLE_ERROR},
    [STACK_PAGE_FREE] = {"????", CONSOLE_ERROR},
    [STACK_PAGE_HOLE] = {"....", CONSOLE_DIM},
    [STACK_PAGE_GUARD] = {"xxxx", CONSOLE_WARNING},
    [STACK_PAGE_SWAPPED] = {"ssss", CONSOLE_DIM},
    [STACK_PAGE_BACKED] = {"####", CONSOLE_GOOD},
    [STACK_PAGE_BEYOND] = {"bbbb", CONSOLE_WARNING},
    [STACK_PAGE_UNMAPPING] = {"uuuu", CONSOLE_DIM},
    [STACK_PAGE_STANDBY] = {"tttt", CONSOLE_DIM},
    [STACK_PAGE_LEND_UNMAPPING] = {"cccc", CONSOLE_DIM},
};

const char *demonstration_page_look(enum stack_page_state state)
{
    return looks[state].text;
}

/* Returns whether a page is neither a hole, nor a guard, nor backed. */
static bool is_rare(unsigned state)
{
    return state != STACK_PAGE_HOLE && state != STACK_PAGE_GUARD && state != STACK_PAGE_BACKED;
}

/* Returns whether the picture has a page that is_rare(). */
static bool picture_print(const struct diver *diver)
{
    bool rare = false;
    console_print("%5u %-9s [", diver->slot, diver->name);
    for (unsigned page = 0; page < STACK_SLOT_PAGES; page++) {
        uint8_t state = diver->picture[page];
        rare |= is_rare(state);
        console_print_styled(looks[state].style, "%s", looks[state].text);
        console_print("%s", page + 1 == STACK_SLOT_PAGES                 ? "]"
                            : page + 1 == STACK_SLOT_PAGES - STACK_PAGES ? "|"
                                                                         : " ");
    }
    console_print("  %u page%s  %5lu bytes\n", diver->pages_after,
                  diver->pages_after == 1 ? " " : "s", diver->descent.deepest);
    return rare;
}

static void pictures_print(const struct demonstration *shown)
{
    heading(" slot thread     low     guard       |      stack    top   backed  deepest");
    bool rare = false;
    for (uint32_t i = 0; i < shown->divers; i++) {
        rare |= picture_print(&shown->diver[i]);
    }
    console_print("#### 4 KiB that are there   .... a hole: no memory yet   xxxx guard: never\n");
    if (rare) {
        console_print("ssss swapped out   tttt standby: its frame may be taken   bbbb too deep\n"
                      "uuuu, cccc being unmapped   ???? no page of a stack\n");
    }
}

static void part_print(const char *name, size_t pages)
{
    console_print("  %-44s %6zu pages %6zu KiB\n", name, pages, pages * PAGE_KIB);
}

static void savings_print(const struct demonstration *shown)
{
    const struct stack_savings *s = &shown->savings;
    heading("Memory for stacks");
    console_print("While %u more threads wait for each other there are %u stacks:\n", shown->crowd,
                  s->stacks);
    part_print("backed pages of these", s->backed);
    part_print("in the magazines of all CPUs", s->magazines);
    part_print("in the reserve behind them", s->reserve);
    part_print("stacks kept for the next threads", s->unowned);
    part_print("page tables of the stacks' addresses", s->tables);
    part_print("all", s->all);
    part_print("the same stacks, with 16 KiB each at once", s->eager);
    if (s->saved_percent > 0) {
        console_print_styled(CONSOLE_GOOD, "Saved: %zu KiB, %d %%\n",
                             (s->eager - s->all) * PAGE_KIB, s->saved_percent);
    } else {
        console_print("Nothing is saved: %s\n",
                      stack_mode_get() == STACK_MODE_EAGER
                          ? "stack=eager backs every stack at creation."
                          : "there are too few threads for what the magazines hold.");
    }
}

void demonstration_run(void)
{
    const struct demonstration *shown = demonstration_perform();
    heading("Threads go down their stacks");
    console_print("%s", stack_mode_get() == STACK_MODE_EAGER ? introduction_eager : introduction);
    faults_print(shown);
    pictures_print(shown);
    savings_print(shown);
    console_print(
        "\nTry at the monitor (control-] goes there from the shell): fault 12000 irq-off,\n"
        "overflow, stacks, threads, mag, test STK*, demo.\n");
}
