/* Marks are read area by area, because an entry that finds one in use goes to the one below it. */
#include "arch/x86_64/entry_mark.h"

#include "arch/x86_64/descriptors.h"

#define PATTERN 0x6b6e756475736564UL /* no address, no small number */

void entry_mark_fill(void *page)
{
    uint64_t *words = page;
    for (size_t i = 0; i < PAGE_BYTES / sizeof(*words); i++) {
        words[i] = PATTERN;
    }
}

static size_t area_mark(uintptr_t bottom)
{
    const volatile uint64_t *words = (const volatile uint64_t *)bottom;
    for (size_t at = 0; at < ENTRY_AREA_BYTES; at += sizeof(*words)) {
        if (words[at / sizeof(*words)] != PATTERN) {
            return ENTRY_AREA_BYTES - at;
        }
    }
    return 0;
}

size_t entry_mark_bytes(unsigned kind)
{
    size_t deepest = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        for (unsigned area = 0; area < ENTRY_STACK_AREAS; area++) {
            size_t mark = area_mark(entry_stack_bottom(cpu, kind) + area * ENTRY_AREA_BYTES);
            deepest = mark > deepest ? mark : deepest;
        }
    }
    return deepest;
}
