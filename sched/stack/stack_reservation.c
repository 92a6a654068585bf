/*
 * See stack_reservation.h. This file counts the requests of a thread; mm/stack/stack_large.c backs
 * and frees the pages. Only the thread itself changes its count.
 */
#include "sched/stack/stack_reservation.h"

#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_large.h"

/*
 * Bytes below the stack pointer that stack_release() leaves backed when it is called below the
 * fault floor: for its own calls and for a preemption. The bounds in docs/stack-bounds.md are far
 * smaller.
 */
#define RELEASE_ROOM (2 * PAGE_BYTES)

int stack_ensure(size_t bytes)
{
    depth_section_if_preemptible(1800);
    struct thread *self = thread_current();
    uintptr_t bottom = stack_bottom(self->slot);
    /* From the caller's stack pointer, which is above the saved RBP and the return address here. */
    size_t room = (uintptr_t)__builtin_frame_address(0) + 2 * sizeof(uint64_t) - bottom;
    if (bytes > room || room - bytes < STACK_ENSURE_ROOM || self->stack_reservations == UINT8_MAX) {
        return ERROR_RANGE;
    }
    int error = stack_back_down(self->slot, bottom + room - bytes - STACK_ENSURE_ROOM);
    if (error == OK) {
        self->stack_reservations++;
    }
    return error;
}

void stack_release(void)
{
    struct thread *self = thread_current();
    if (self->stack_reservations == 0) {
        panic("thread %u (%s) releases its stack more often than it asked for it", self->id,
              self->name);
    }
    self->stack_reservations--;
    if (self->stack_reservations == 0 && stack_is_large(self->slot) && !self->backed &&
        stack_mode_get() != STACK_MODE_EAGER) {
        stack_give_back(self->slot, (uintptr_t)__builtin_frame_address(0) - RELEASE_ROOM);
    }
}
