/* The handler that turns the #GP of an attempt into its answer. */
#include "arch/x86_64/attempt.h"

#include "arch/x86_64/entry.h"
#include "arch/x86_64/vectors.h"

extern const char attempt_refused[]; /* attempt.asm: behind all attempts */

static exception_handler outer;

static bool refused_handle(struct trap_frame *frame)
{
    if (frame->rip >= (uintptr_t)attempt_msr_write && frame->rip < (uintptr_t)attempt_refused) {
        frame->rip = (uintptr_t)attempt_refused;
        return true;
    }
    return outer != NULL && outer(frame);
}

void attempt_begin(void)
{
    outer = exception_handler_set(VECTOR_GENERAL_PROTECTION, refused_handle);
}

void attempt_end(void)
{
    exception_handler_set(VECTOR_GENERAL_PROTECTION, outer);
}
