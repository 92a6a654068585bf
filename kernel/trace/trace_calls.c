/* See trace_calls.h. */
#include "kernel/trace/trace_calls.h"

#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/user_context.h"
#include "kernel/syscall/message_fast.h"
#include "kernel/syscall_list.h"

#define ON_FAST_PATH 256

static void call_begin(unsigned number)
{
    trace_record(TRACE_IPC, (uint16_t)number, 0, 0, 0);
}

static void call_end(unsigned number, bool left)
{
    trace_record(TRACE_IPC_END, (uint16_t)number, 0, left, 0);
}

static int64_t fast_call(uint64_t handle, uint64_t tag)
{
    call_begin(SYSCALL_ipc_call | ON_FAST_PATH);
    int64_t result = message_fast_call(handle, tag);
    call_end(SYSCALL_ipc_call | ON_FAST_PATH, result == MESSAGE_FAST_LEFT);
    return result;
}

static int64_t fast_reply_receive(uint64_t handle, uint64_t tag)
{
    call_begin(SYSCALL_ipc_reply_receive | ON_FAST_PATH);
    int64_t result = message_fast_reply_receive(handle, tag);
    call_end(SYSCALL_ipc_reply_receive | ON_FAST_PATH, result == MESSAGE_FAST_LEFT);
    return result;
}

/* clang-format off */
#define SLOW_CALLS(CALL) \
    CALL(ipc_call) CALL(ipc_receive) CALL(ipc_reply) CALL(ipc_reply_receive) CALL(reply_answer)
/* clang-format on */

#define DEFINE_SLOW(name)                                                                          \
    static int64_t call_##name##_traced(uint64_t handle, uint64_t tag)                             \
    {                                                                                              \
        call_begin(SYSCALL_##name);                                                                \
        int64_t result = call_##name(handle, tag);                                                 \
        call_end(SYSCALL_##name, false);                                                           \
        return result;                                                                             \
    }
SLOW_CALLS(DEFINE_SLOW)

void trace_calls_patch(void)
{
    if (!trace_wanted) {
        return;
    }
    /* Only the assembly code of the entry reads the tables while the kernel runs. */
    syscall_fast_function volatile *fast =
        (syscall_fast_function volatile *)(uintptr_t)syscall_fast_table;
    syscall_function volatile *slow = (syscall_function volatile *)(uintptr_t)syscall_table;
    fast[SYSCALL_ipc_call] = fast_call;
    fast[SYSCALL_ipc_reply_receive] = fast_reply_receive;
#define PUT_SLOW(name)                                                                             \
    slow[SYSCALL_##name] = (syscall_function)(void (*)(void))call_##name##_traced;
    SLOW_CALLS(PUT_SLOW)
}
