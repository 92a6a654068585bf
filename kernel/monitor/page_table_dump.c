/* Walks the four levels and joins neighbouring pages. Source: SDM volume 3A, 4.5. */
#include "kernel/monitor/page_table_dump.h"

#include "arch/x86_64/cpu/address.h"
#include "lib/format.h"

#define ENTRIES     512
#define TOP_LEVEL   4
#define INDEX_BITS  9
#define ALLOWS_MASK (PAGE_WRITABLE | PAGE_USER) /* a page has these only if every level has them */
#define SHOWN_FLAGS (PAGE_WRITABLE | PAGE_USER | PAGE_NO_EXECUTE | PAGE_GLOBAL | PAGE_UNCACHED)

struct dump {
    bool (*show)(void *context, const struct page_range *range);
    void *context;
    struct page_range range; /* the pages that were joined so far; bytes 0: none */
    bool stopped;
};

/* One place in one level of the walk. */
struct level {
    const volatile uint64_t *table;
    unsigned index;
    uint64_t rights; /* what the levels above allow */
};

static uintptr_t canonical(uintptr_t address)
{
    return (uintptr_t)((intptr_t)(address << 16) >> 16);
}

static size_t entry_span(unsigned level)
{
    return (size_t)PAGE_BYTES << (INDEX_BITS * (level - 1));
}

static void range_end(struct dump *dump)
{
    if (dump->range.bytes != 0 && !dump->stopped) {
        dump->stopped = !dump->show(dump->context, &dump->range);
    }
    dump->range.bytes = 0;
}

static void page_add(struct dump *dump, uintptr_t address, uint64_t flags, size_t bytes,
                     physical_t physical)
{
    struct page_range *range = &dump->range;
    bool joins = range->bytes != 0 && range->start + range->bytes == address &&
                 range->flags == flags && range->page_bytes == bytes;
    if (!joins) {
        range_end(dump);
        *range = (struct page_range){.start = address,
                                     .flags = flags,
                                     .page_bytes = bytes,
                                     .physical = physical,
                                     .physical_in_order = true};
    } else if (range->physical + range->bytes != physical) {
        range->physical_in_order = false;
    }
    range->bytes += bytes;
}

/*
 * Returns whether the pages below a top-level entry are left out: the stack object and the
 * recursive mapping.
 */
static bool entry_skipped(unsigned level, unsigned index)
{
    uintptr_t address = canonical((uintptr_t)index << 39);
    return level == TOP_LEVEL && (index == PAGE_RECURSIVE_INDEX || address == STACK_OBJECT_BASE);
}

static uint64_t rights_join(uint64_t above, uint64_t entry)
{
    return (above & entry & ALLOWS_MASK) | ((above | entry) & PAGE_NO_EXECUTE);
}

void page_table_dump(uintptr_t first, bool (*show)(void *, const struct page_range *),
                     void *context)
{
    struct dump dump = {.show = show, .context = context};
    struct level levels[TOP_LEVEL + 1];
    unsigned level = TOP_LEVEL;
    uintptr_t address = first & 0x0000ffffffffffff;
    levels[level] = (struct level){.table = physical_to_virtual(paging_root()),
                                   .index = (unsigned)(address >> 39) % ENTRIES,
                                   .rights = ALLOWS_MASK};
    while (!dump.stopped) {
        struct level *here = &levels[level];
        if (here->index == ENTRIES) {
            if (level == TOP_LEVEL) {
                break;
            }
            levels[++level].index++;
            continue;
        }
        uint64_t entry = here->table[here->index];
        uint64_t rights = rights_join(here->rights, entry);
        if (level == TOP_LEVEL) {
            address = 0;
        }
        address = (address & ~(entry_span(level) * ENTRIES - 1)) | here->index * entry_span(level);
        bool leaf = level == 1 || (entry & PAGE_LARGE);
        if (!(entry & PAGE_PRESENT) || entry_skipped(level, here->index)) {
            here->index++;
        } else if (leaf) {
            uint64_t flags = rights | (entry & (PAGE_GLOBAL | PAGE_UNCACHED));
            page_add(&dump, canonical(address), flags & SHOWN_FLAGS, entry_span(level),
                     entry & PAGE_ADDRESS_MASK & ~(entry_span(level) - 1));
            here->index++;
        } else {
            levels[--level] = (struct level){
                .table = physical_to_virtual(entry & PAGE_ADDRESS_MASK), .rights = rights};
        }
    }
    range_end(&dump);
}

char *page_rights_format(char text[16], uint64_t flags)
{
    uint64_t type = flags & PAGE_UNCACHED;
    format_string(text, 16, "r%c%c%s%s%s", flags & PAGE_WRITABLE ? 'w' : '-',
                  flags & PAGE_NO_EXECUTE ? '-' : 'x', flags & PAGE_USER ? " user" : "",
                  flags & PAGE_GLOBAL ? "" : " local",
                  type == PAGE_COMBINING ? " wc"
                  : type != 0            ? " uc"
                                         : "");
    return text;
}
