/* The handler that turns the #GP of an attempt into its answer. */
#include "arch/x86_64/entry/safe_access.h"

#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/vectors.h"

extern const char safe_access_refused[]; /* safe_access.asm: behind all attempts */

static exception_handler outer;

static bool refused_handle(struct trap_frame *frame)
{
    if (frame->rip >= (uintptr_t)safe_msr_write && frame->rip < (uintptr_t)safe_access_refused) {
        frame->rip = (uintptr_t)safe_access_refused;
        return true;
    }
    return outer != NULL && outer(frame);
}

void safe_access_begin(void)
{
    outer = exception_handler_set(VECTOR_GENERAL_PROTECTION, refused_handle);
}

void safe_access_end(void)
{
    exception_handler_set(VECTOR_GENERAL_PROTECTION, outer);
}
