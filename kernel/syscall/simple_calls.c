/* System calls that need no handle: syscall_list.h describes them. */
#include "arch/x86_64/time/clock.h"
#include "kernel/syscall_list.h"
#include "sched/core/thread.h"

int64_t call_null(void)
{
    return 0;
}

int64_t call_thread_yield(void)
{
    thread_yield();
    return 0;
}

int64_t call_clock_read(void)
{
    return (int64_t)clock_now_ns();
}
