/* See magazine_take.h. */
#include "tests/support/magazine_take.h"

#include "arch/x86_64/cpu/cpu.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "tests/support/scratch_stack.h"

#define TAKERS MAGAZINE_ROUNDS_MAX

static uint32_t slots[TAKERS];
static unsigned takers;

bool magazine_takers_begin(void)
{
    takers = 0;
    while (takers < TAKERS && scratch_stack_create(&slots[takers])) {
        takers++;
    }
    return takers == TAKERS;
}

/* Each stack takes one round at a time, from its highest hole down. */
void magazine_leave(unsigned rounds)
{
    for (unsigned i = 0; magazine_available() > rounds; i++) {
        this_cpu(stack_use).next_hole = stack_hole_of(slots[i % TAKERS]);
        compiler_barrier(); /* before the touch */
        *(volatile char *)(scratch_stack_edge(slots[i % TAKERS]) - 1 - i / TAKERS * PAGE_BYTES) = 1;
        compiler_barrier();
    }
    this_cpu(stack_use).next_hole = this_cpu(stack_use).current_hole;
}

void magazine_takers_end(void)
{
    uint64_t flags = interrupts_save();
    magazine_charge();
    interrupts_restore(flags);
    while (takers-- > 0) {
        scratch_stack_empty(slots[takers]);
        scratch_stack_destroy(slots[takers]);
    }
}
