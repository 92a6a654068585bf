/* The reasons for which the fast path is left, in words and counted: message_fast.h. */
#include "kernel/syscall/message_fast.h"

const char *message_fast_reason_text(enum message_fast_reason reason)
{
    static const char *const texts[] = {
        [MESSAGE_LEFT_TAG] = "the message has bytes or handles, or the call a limit of time",
        [MESSAGE_LEFT_HANDLE] = "the handle is not one to an endpoint with the right",
        [MESSAGE_LEFT_NOBODY] = "no receiver waits, or there is no caller to answer",
        [MESSAGE_LEFT_SLOW_WAIT] = "the other side waits with a deadline, or in the kernel",
        [MESSAGE_LEFT_ENDPOINT] = "the server receives from another endpoint than before",
        [MESSAGE_LEFT_CALLERS] = "other calls wait for the server",
        [MESSAGE_LEFT_CALLER_GONE] = "the caller does not wait for this answer any more",
        [MESSAGE_LEFT_ELSEWHERE] = "the other side is on another processor, or awake",
        [MESSAGE_LEFT_PENDING] = "the other side moves to another processor, or is swapped out",
        [MESSAGE_LEFT_PRIORITY] = "a thread of higher priority is ready",
        [MESSAGE_LEFT_GATE] = "the magazine does not cover both stacks",
        [MESSAGE_LEFT_KILLED] = "the calling thread is to end",
    };
    return texts[reason];
}

uint64_t message_fast_left(enum message_fast_reason reason)
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        sum +=
            __atomic_load_n(&cpu_variable(message_fast_counts, cpu).left[reason], __ATOMIC_RELAXED);
    }
    return sum;
}

uint64_t message_fast_by_frame(void)
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        sum += __atomic_load_n(&cpu_variable(message_fast_counts, cpu).by_frame, __ATOMIC_RELAXED);
    }
    return sum;
}
