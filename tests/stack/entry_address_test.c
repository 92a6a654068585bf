/*
 * The L1 terminal fault: a processor that has it takes bits 51 to 12 of an entry that is not
 * present for a physical address, and may load what its cache has of it. So no such entry of the
 * stack object names an address of memory (mm/stack/stack_entry.h).
 */
#include "arch/x86_64/cpu/cpu_model.h"
#include "lib/error.h"
#include "mm/frame/frame_internal.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_pages.h"
#include "tests/test.h"

/* The end of the highest frame, by the allocator's records: no memory lies above. */
static physical_t memory_end(void)
{
    return (physical_t)frame_buddy.count << PAGE_SHIFT;
}

struct count {
    uint64_t absent;    /* entries that are not present and not 0 */
    uint64_t in_memory; /* of these, such as a processor may take for an address of memory */
};

static void entry_look(struct count *count, uint64_t entry)
{
    uint64_t physical = (1UL << cpu_physical_bits()) - 1; /* the bits that this processor has */
    if (entry & PAGE_PRESENT || entry == 0) {
        return;
    }
    count->absent++;
    count->in_memory += (entry & PAGE_ADDRESS_MASK & physical) < memory_end();
}

static void slot_look(struct count *count, uint32_t slot)
{
    for (uintptr_t page = stack_guard(slot); page < stack_top(slot); page += PAGE_BYTES) {
        entry_look(count, *paging_leaf(page));
    }
}

TEST(LTF0001, "no entry of a stack page that is not present names an address of memory", ALWAYS)
{
    struct count count = {0};
    for (unsigned size = 0; size < STACK_SIZES; size++) {
        for (uint32_t index = 0; index < stack_slots_made(size); index++) {
            slot_look(&count, stack_slot_at(size, index));
        }
    }
    test_check(count.absent >= STACK_PAGES);
    test_equal(count.in_memory, 0);
    test_note("%lu entries that are not present", count.absent);
}

TEST(LTF0002, "a page that is being unmapped does not name its frame as an address either", ALWAYS)
{
    struct count count = {0};
    uint32_t slot;
    test_equal(stack_create(&slot), OK);
    physical_t frame = stack_entry_frame(stack_entries(slot)[STACK_PAGES - 1]);
    test_check(frame < memory_end());
    stack_unmap_begin(slot, STACK_PAGES);
    uint64_t entry = stack_entries(slot)[STACK_PAGES - 1];
    test_equal(stack_entry_state(entry), STACK_PAGE_UNMAPPING);
    test_equal(stack_entry_frame(entry), frame);
    slot_look(&count, slot);
    test_equal(count.in_memory, 0);
    test_check(stack_entry_return(&stack_entries(slot)[STACK_PAGES - 1]));
    for (uint32_t page = 0; page < STACK_PAGES - 1; page++) {
        ignore_result(
            stack_entry_return(&stack_entries(slot)[page])); /* a cached stack may have more */
    }
    stack_destroy(slot);
}
