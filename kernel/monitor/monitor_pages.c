/* Commands about page tables: one address in detail, and everything that is mapped. */
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/percpu.h"
#include "kernel/monitor/monitor.h"
#include "kernel/monitor/page_table_dump.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "mm/stack/stack_slot.h"

static const struct region {
    uintptr_t base;
    const char *name;
} regions[] = {
    {0, "lower half"},
    {DIRECT_MAP_BASE, "direct map"},
    {STACK_OBJECT_BASE, "stack object"},
    {STACK_OBJECT_BASE + STACK_OBJECT_BYTES, "no region"},
    {PAGE_RECURSIVE_BASE, "recursive mapping"},
    {PAGE_RECURSIVE_BASE + DIRECT_MAP_BYTES, "no region"},
    {VMALLOC_BASE, "kernel regions"},
    {VMALLOC_BASE + VMALLOC_BYTES, "no region"},
    {ENTRY_STACK_BASE, "entry stacks"},
    {ENTRY_STACK_BASE + CPU_MAX * ENTRY_STACK_CPU_STRIDE, "no region"},
    {KERNEL_BASE, "kernel image"},
};

static const char *region_name(uintptr_t address)
{
    const char *name = regions[0].name;
    for (unsigned i = 0; i < array_length(regions); i++) {
        if (address >= regions[i].base) {
            name = regions[i].name;
        }
    }
    return name;
}

/* Without a default, so that the compiler names a state that is missing. */
static const char *state_name(enum stack_page_state state)
{
    switch (state) {
    case STACK_PAGE_NONE:
        return "never made";
    case STACK_PAGE_FREE:
        return "free";
    case STACK_PAGE_HOLE:
        return "hole";
    case STACK_PAGE_GUARD:
        return "guard";
    case STACK_PAGE_SWAPPED:
        return "swapped";
    case STACK_PAGE_BACKED:
        return "backed";
    case STACK_PAGE_BEYOND:
        return "beyond the floor";
    case STACK_PAGE_UNMAPPING:
        return "unmapping";
    case STACK_PAGE_STANDBY:
        return "standby";
    case STACK_PAGE_LEND_UNMAPPING:
        return "unmapping (lend)";
    }
    return "unknown state";
}

/* Reads an address: a number, or the name of a function of the kernel. */
static int address_parse(const char *text, uintptr_t *address)
{
    uint64_t value;
    int error = number_parse_u64(text, &value);
    if (error == OK) {
        *address = value;
        return OK;
    }
    *address = symbol_address(text);
    return *address != 0 ? OK : ERROR_NOT_FOUND;
}

static void entry_print(unsigned level, unsigned index, uint64_t entry)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } flags[] = {
        {PAGE_PRESENT, "present"},    {PAGE_WRITABLE, "write"}, {PAGE_USER, "user"},
        {1UL << 3, "write-through"},  {1UL << 4, "uncached"},   {PAGE_ACCESSED, "accessed"},
        {PAGE_DIRTY, "dirty"},        {PAGE_LARGE, "large"},    {PAGE_GLOBAL, "global"},
        {PAGE_NO_EXECUTE, "no-exec"},
    };
    char words[128] = "";
    size_t length = 0;
    for (unsigned i = 0; entry & PAGE_PRESENT && i < array_length(flags); i++) {
        if (entry & flags[i].bit) {
            length += format_string(words + length, sizeof(words) - length, " %s", flags[i].name);
        }
    }
    console_print("  L%u[%3u] 0x%016lx%s\n", level, index, entry,
                  entry & PAGE_PRESENT ? words
                  : entry == 0         ? " nothing"
                                       : " not present");
}

MONITOR_COMMAND(pte, "ADDRESS", "show the page-table walk of an address or a function")
{
    uintptr_t address, offset;
    struct paging_walk walk;
    if (address_parse(arguments[0], &address) != OK) {
        console_print("'%s' is neither a number (0x...) nor a function of the kernel.\n",
                      arguments[0]);
        return OK;
    }
    if ((intptr_t)(address << 16) >> 16 != (intptr_t)address) {
        console_print("0x%lx is not canonical: bits 63 to 48 must repeat bit 47.\n", address);
        return OK;
    }
    const char *function = symbol_find(address, &offset);
    console_print("0x%016lx in %s", address, region_name(address));
    if (function != NULL) {
        console_print(", %s+0x%lx", function, offset);
    }
    console_print("\n");
    paging_walk(address, &walk);
    for (unsigned i = 0; i < walk.levels; i++) {
        entry_print(4 - i, (unsigned)(address >> (39 - 9 * i)) & 511, walk.entries[i]);
    }
    uint32_t slot;
    if (stack_slot_find(address, &slot) && walk.levels == 4) {
        console_print("  stack slot %u, of %lu KiB: %s\n", slot, stack_bytes_of(slot) / 1024,
                      state_name(stack_entry_state(walk.entries[3])));
    }
    if (walk.present) {
        console_print("  physical 0x%lx, page of %zu KiB\n", walk.physical, walk.page_bytes / 1024);
    }
    return OK;
}

static void bytes_format(char text[16], uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    unsigned unit = 0;
    bytes /= 1024;
    while (unit + 1 < array_length(units) && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    format_string(text, 16, "%lu %s", bytes, units[unit]);
}

static bool range_print(void *context, const struct page_range *range)
{
    const char **region = context;
    const char *name = region_name(range->start);
    char rights[16], size[16], page[16], physical[24] = "frames scattered";
    if (name != *region) {
        console_print_styled(CONSOLE_HEADING, "%s\n", name);
        *region = name;
    }
    bytes_format(size, range->bytes);
    bytes_format(page, range->page_bytes);
    if (range->physical_in_order) {
        format_string(physical, sizeof(physical), "frames at 0x%lx", range->physical);
    }
    console_print("  0x%016lx %11s  %-12s pages of %-6s %s\n", range->start, size,
                  page_rights_format(rights, range->flags), page, physical);
    return !monitor_stop_wanted();
}

#define RUNS_MAX 8

/* The states of the pages of a slot, lowest first, as runs of pages in the same state. */
struct slot_runs {
    unsigned count;
    struct {
        unsigned state, pages;
    } runs[RUNS_MAX];
};

static void slot_runs_read(uint32_t slot, struct slot_runs *out)
{
    const volatile uint64_t *entries = paging_leaf(stack_guard(slot));
    memset(out, 0, sizeof(*out));
    for (size_t page = 0; page < stack_slot_bytes(stack_size_of(slot)) / PAGE_BYTES; page++) {
        unsigned state = stack_entry_state(entries[page]);
        if (out->count == 0 || out->runs[out->count - 1].state != state) {
            if (out->count == RUNS_MAX) {
                return; /* the slot has changed meanwhile */
            }
            out->runs[out->count++].state = state;
        }
        out->runs[out->count - 1].pages++;
    }
}

static void slots_print(uint32_t first, uint32_t last, const struct slot_runs *runs)
{
    if (first == last) {
        console_print("  0x%016lx slot  %7u          ", stack_guard(first), first);
    } else {
        console_print("  0x%016lx slots %7u to %-7u", stack_guard(first), first, last);
    }
    for (unsigned i = 0; i < runs->count; i++) {
        unsigned state = runs->runs[i].state;
        console_print(" %u %s", runs->runs[i].pages, state_name((enum stack_page_state)state));
    }
    console_print("\n");
}

/* Prints one line for neighbouring slots with the same states. */
static void slots_of_size_print(unsigned size)
{
    uint32_t made = stack_slots_made(size), first = 0;
    struct slot_runs runs, next;
    if (made == 0) {
        return;
    }
    console_print("  %lu KiB stacks:\n", (STACK_BYTES << size) / 1024);
    slot_runs_read(stack_slot_at(size, 0), &runs);
    for (uint32_t index = 1; index < made && !monitor_stop_wanted(); index++) {
        slot_runs_read(stack_slot_at(size, index), &next);
        if (memcmp(&next, &runs, sizeof(runs)) != 0) {
            slots_print(stack_slot_at(size, first), stack_slot_at(size, index - 1), &runs);
            first = index;
            runs = next;
        }
    }
    slots_print(stack_slot_at(size, first), stack_slot_at(size, made - 1), &runs);
}

static void stack_object_print(void)
{
    console_print_styled(CONSOLE_HEADING,
                         "stack object: lowest page first, %u leaf tables made, %u slots in use\n",
                         stack_tables_made(), stack_slots_used());
    for (unsigned size = 0; size < STACK_SIZES; size++) {
        slots_of_size_print(size);
    }
}

MONITOR_COMMAND(ptdump, "", "list all mappings with rights and stack states")
{
    const char *region = NULL;
    page_table_dump(0, range_print, &region);
    stack_object_print();
    return OK;
}
