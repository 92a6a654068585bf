/*
 * Reading of the watermarks. Under the IDT each area of a stack has a mark of its own, because a
 * nested entry starts in the next area; with FRED the stack is one range.
 */
#include "arch/x86_64/entry/watermark.h"

#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/fred.h"

#define PATTERN 0x6b6e756475736564UL /* no address, no small number */

void watermark_fill(void *page)
{
    uint64_t *words = page;
    for (size_t i = 0; i < PAGE_BYTES / sizeof(*words); i++) {
        words[i] = PATTERN;
    }
}

/* Returns the bytes from the lowest one written to the top of [bottom, bottom + bytes). */
static size_t range_mark(uintptr_t bottom, size_t bytes)
{
    /* LAB 4 BEGIN range-mark: how deep the pattern was overwritten */
    const volatile uint64_t *words = (const volatile uint64_t *)bottom;
    for (size_t at = 0; at < bytes; at += sizeof(*words)) {
        if (words[at / sizeof(*words)] != PATTERN) {
            return bytes - at;
        }
    }
    return 0;
    /* LAB 4 END range-mark */
}

/* Returns the deepest mark of all ranges of `range_bytes` in a kind of stack, on any CPU. */
static size_t kind_mark(unsigned kind, size_t range_bytes)
{
    /* LAB 4 BEGIN kind-mark: the deepest mark of all areas on all CPUs */
    size_t deepest = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        for (size_t at = 0; at < ENTRY_STACK_BYTES; at += range_bytes) {
            size_t mark = range_mark(entry_stack_bottom(cpu, kind) + at, range_bytes);
            deepest = mark > deepest ? mark : deepest;
        }
    }
    return deepest;
    /* LAB 4 END kind-mark */
}

bool watermark_read(unsigned number, struct watermark *mark)
{
    static const char *const level_names[FRED_LEVELS] = {"", "fred-level-1", "fred-level-2",
                                                         "fred-level-3"};
    bool fred = fred_is_active();
    if (number == 0 || number >= (fred ? FRED_LEVELS : ENTRY_KINDS)) {
        return false;
    }
    mark->name = fred ? level_names[number] : entry_stack_name(number);
    mark->limit = fred ? ENTRY_STACK_BYTES : ENTRY_AREA_BYTES;
    mark->bytes = kind_mark(fred ? fred_level_stack_kind(number) : number, mark->limit);
    return true;
}
