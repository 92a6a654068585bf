/* See message_buffer.h. The first thread is recognised by its stack, whose address is fixed. */
#include "user/lib/message_buffer.h"

#include "lib/error.h"
#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

static struct message_place first; /* `self` is set once the kernel knows the buffer */

/* Tells the kernel where the calling thread's buffer is. */
static void buffer_name(struct message_place *place)
{
    int64_t error = sys_message_buffer_set((uintptr_t)&place->buffer);

    if (error != OK) {
        fatal("the message buffer: %s", error_name((int)error));
    }
    place->self = place;
}

struct message_buffer *message_buffer(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    struct message_place *place = &first;

    if (here < PROGRAM_STACK_TOP - PROGRAM_STACK_BYTES || here > PROGRAM_STACK_TOP) {
        /* This must not be read before the comparison: the first thread has no FS base. */
        __asm__ volatile("movq %%fs:0, %0" : "=r"(place));
    } else if (first.self == NULL) {
        buffer_name(&first);
    }
    return &place->buffer;
}

void message_place_set(struct message_place *place)
{
    int64_t error = sys_thread_pointer_set((uintptr_t)place);

    if (error != OK) {
        fatal("the FS base: %s", error_name((int)error));
    }
    buffer_name(place);
}
