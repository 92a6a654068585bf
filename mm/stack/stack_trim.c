/* See stack_trim.h. */
#include "mm/stack/stack_trim.h"

#include "arch/x86_64/cpu/cpu.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_use.h"

/* Room below the frame of stack_trim_begin() for the calls it makes when pages are taken. */
#define TRIM_FRAME_BYTES_MAX 256

void (*stack_trim_prepare)(void);

/*
 * The first half of a trim, with interrupts off. If the stack is the one that runs here, the
 * magazine must first cover all pages that the stack will miss, and the pages in use stay: those
 * down to the frame of this function.
 */
static never_inline uint32_t stack_trim_begin(uint32_t slot, uintptr_t address)
{
    if (this_cpu(stack_use).current_hole == stack_hole_of(slot)) {
        uintptr_t in_use =
            align_down((uintptr_t)__builtin_frame_address(0) - TRIM_FRAME_BYTES_MAX, PAGE_BYTES);
        if (stack_trim_prepare != NULL) {
            stack_trim_prepare();
        }
        bool covered = magazine_refill(STACK_PAGES - 1);
        magazine_charge(); /* calls of the refill may have filled pages themselves */
        if (!covered || magazine_available() < STACK_PAGES - 1) {
            return 0;
        }
        address = address < in_use ? address : in_use;
    }
    if (address < stack_floor(slot) + PAGE_BYTES ||
        (stack_is_large(slot) && stack_pages_below_floor(slot) != 0)) {
        return 0;
    }
    uint32_t pages = (uint32_t)((address - stack_floor(slot)) / PAGE_BYTES);
    uint32_t count = stack_unmap_begin(slot, pages);
    /* Forget the translations before the next push there: it must fault, to map the page again. */
    for (uint32_t page = 0; page < pages; page++) {
        tlb_forget_page(stack_floor(slot) + page * PAGE_BYTES);
    }
    return count;
}

void stack_trim(uint32_t slot, uintptr_t address)
{
    uint64_t flags = interrupts_save_by(BOTH_ON);
    uint32_t count = stack_trim_begin(slot, address);
    interrupts_restore(flags);
    if (count == 0) {
        return;
    }
    stack_shootdown(stack_floor(slot), STACK_BYTES);
    stack_unmap_end(slot);
}
