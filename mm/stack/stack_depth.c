/* See stack_depth.h. Each CPU has a histogram, so counting takes no lock. */
#include "mm/stack/stack_depth.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "arch/x86_64/cpu/percpu.h"
#include "mm/stack/stack_pages.h"

bool stack_depth_exact;
static PER_CPU(struct stack_depth_histogram, histogram);

void stack_depth_exact_set(bool exact)
{
    stack_depth_exact = exact;
}

void stack_depth_forget(uint32_t slot)
{
    volatile uint64_t *entries = stack_entries(slot);
    for (unsigned page = 0; stack_depth_exact && page < STACK_PAGES; page++) {
        uint64_t entry = entries[page];
        if (entry & PAGE_PRESENT) {
            page_zero(physical_to_virtual(entry & PAGE_ADDRESS_MASK));
        }
    }
}

size_t stack_depth_scan(uint32_t slot)
{
    /* LAB 4 BEGIN depth-scan: the deepest word of a thread's stack that is not zero */
    uintptr_t top = stack_top(slot);
    uintptr_t page = stack_is_large(slot) ? stack_limit(slot) : stack_floor(slot);
    for (; page < top; page += PAGE_BYTES) {
        uint64_t entry = *paging_leaf(page);
        if (!(entry & PAGE_PRESENT)) {
            continue;
        }
        const volatile uint64_t *words = physical_to_virtual(entry & PAGE_ADDRESS_MASK);
        for (size_t i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++) {
            if (words[i] != 0) {
                return top - page - i * sizeof(uint64_t);
            }
        }
    }
    return 0;
    /* LAB 4 END depth-scan */
}

unsigned stack_depth_bucket(size_t depth, unsigned units)
{
    unsigned bucket = depth < units ? (unsigned)depth : units;
    for (size_t most = units; most < depth && bucket < units + STACK_SIZES - 1; most *= 2) {
        bucket++;
    }
    return bucket;
}

size_t stack_depth_bucket_most(unsigned bucket, unsigned units)
{
    return bucket <= units ? bucket : (size_t)units << (bucket - units);
}

static never_inline unsigned large_bucket(uint32_t slot, unsigned backed)
{
    return stack_depth_bucket(backed + stack_pages_below_floor(slot), STACK_PAGES);
}

static never_inline void exact_note(uint32_t slot)
{
    size_t steps =
        (stack_depth_scan(slot) + STACK_DEPTH_BUCKET_BYTES - 1) / STACK_DEPTH_BUCKET_BYTES;
    steps += steps == 0; /* a thread that wrote nothing counts as one step */
    this_cpu_pointer(histogram)
        ->exact[stack_depth_bucket(steps, STACK_BYTES / STACK_DEPTH_BUCKET_BYTES) - 1]++;
}

void stack_depth_note_end(uint32_t slot)
{
    volatile uint64_t *top = stack_entries(slot) + STACK_PAGES - 1;
    struct stack_depth_histogram *own = this_cpu_pointer(histogram);
    unsigned backed = 1; /* the top page is backed, and the backed part is one piece */
    while (backed < STACK_PAGES && (top[-(int)backed] & PAGE_PRESENT)) {
        backed++;
    }
    if (unlikely(stack_is_large(slot))) {
        backed = large_bucket(slot, backed);
    }
    own->by_pages[backed]++;
    if (unlikely(stack_depth_exact)) {
        exact_note(slot);
    }
}

void stack_depth_histogram_read(struct stack_depth_histogram *sum)
{
    *sum = (struct stack_depth_histogram){0};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct stack_depth_histogram *one = &cpu_variable(histogram, cpu);
        for (unsigned i = 0; i <= STACK_DEPTH_PAGE_BUCKETS; i++) {
            sum->by_pages[i] += one->by_pages[i];
        }
        for (unsigned i = 0; i < STACK_DEPTH_BUCKETS; i++) {
            sum->exact[i] += one->exact[i];
        }
    }
}
