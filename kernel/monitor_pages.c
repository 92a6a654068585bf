/* Commands about page tables: one address in detail, and everything that is mapped. */
#include "arch/x86_64/layout.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/symbols.h"
#include "kernel/monitor.h"
#include "kernel/page_dump.h"
#include "lib/format.h"
#include "lib/number.h"
#include "mm/stack_slot.h"

static const struct region {
    uintptr_t base;
    const char *name;
} regions[] = {
    {0, "lower half"},
    {DIRECT_MAP_BASE, "direct map"},
    {STACK_OBJECT_BASE, "stack object"},
    {STACK_OBJECT_BASE + STACK_OBJECT_BYTES, "no region"},
    {PAGE_WINDOW_BASE, "page window"},
    {PAGE_WINDOW_BASE + DIRECT_MAP_BYTES, "no region"},
    {REGION_BASE, "kernel regions"},
    {REGION_BASE + REGION_BYTES, "no region"},
    {ENTRY_STACK_BASE, "entry stacks"},
    {ENTRY_STACK_BASE + CPU_MAX * ENTRY_STACK_CPU_STRIDE, "no region"},
    {KERNEL_BASE, "kernel image"},
};

static const char *const stack_states[] = {
    [STACK_PAGE_NONE] = "never made", [STACK_PAGE_FREE] = "free",
    [STACK_PAGE_HOLE] = "hole",       [STACK_PAGE_GUARD] = "guard",
    [STACK_PAGE_SWAPPED] = "swapped", [STACK_PAGE_BACKED] = "backed",
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

static const char *state_name(uint64_t entry)
{
    unsigned state = stack_entry_state(entry);
    return state < array_length(stack_states) ? stack_states[state] : "unknown state";
}

/* A number, or the name of a function of the kernel. */
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
        console_print("  stack slot %u: %s\n", slot, state_name(walk.entries[3]));
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

/* The states of a slot's eight pages, four bits each. */
static uint32_t slot_pattern(uint32_t slot)
{
    const volatile uint64_t *entries = stack_entries(slot) - (STACK_SLOT_PAGES - STACK_PAGES);
    uint32_t pattern = 0;
    for (unsigned page = 0; page < STACK_SLOT_PAGES; page++) {
        pattern |= (uint32_t)stack_entry_state(entries[page]) << (4 * page);
    }
    return pattern;
}

static void slots_print(uint32_t first, uint32_t count, uint32_t pattern)
{
    if (count == 1) {
        console_print("  0x%016lx slot  %7u          ",
                      STACK_OBJECT_BASE + first * STACK_SLOT_BYTES, first);
    } else {
        console_print("  0x%016lx slots %7u to %-7u", STACK_OBJECT_BASE + first * STACK_SLOT_BYTES,
                      first, first + count - 1);
    }
    for (unsigned page = 0, run = 1; page < STACK_SLOT_PAGES; page++, run++) {
        unsigned state = pattern >> (4 * page) & 15;
        if (page + 1 == STACK_SLOT_PAGES || state != (pattern >> (4 * (page + 1)) & 15)) {
            console_print(" %u %s", run,
                          state < array_length(stack_states) ? stack_states[state] : "unknown");
            run = 0;
        }
    }
    console_print("\n");
}

/* Slots in a row with the same states are one line. */
static void stack_object_print(void)
{
    uint32_t made = (uint32_t)(stack_object_ready_bytes / STACK_SLOT_BYTES), first = 0;
    uint32_t pattern = made == 0 ? 0 : slot_pattern(0);
    console_print_styled(CONSOLE_HEADING,
                         "stack object: lowest page first, %u slots made, %u in use\n",
                         stack_slots_made(), stack_slots_used());
    for (uint32_t slot = 1; slot <= made && !monitor_stop_wanted(); slot++) {
        uint32_t next = slot == made ? ~pattern : slot_pattern(slot);
        if (next != pattern) {
            slots_print(first, slot - first, pattern);
            first = slot;
            pattern = next;
        }
    }
}

MONITOR_COMMAND(ptdump, "", "list all mappings with rights and stack states")
{
    const char *region = NULL;
    page_dump(0, range_print, &region);
    stack_object_print();
    return OK;
}
