/* The system call that reads figures of the whole system: syscall_list.h describes it. */
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/user_context.h"
#include "arch/x86_64/entry/user_copy.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"
#include "lib/information.h"
#include "mm/frame/frame.h"

int64_t call_information_read(uint64_t handle, uint64_t to, uint64_t bytes)
{
    struct object *object;
    int error =
        handle_find(caller_handles(), handle, OBJECT_INFORMATION, RIGHT_READ, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    const struct information information = {
        .version = INFORMATION_VERSION,
        .bytes = sizeof(information),
        .clock_ns = clock_now_ns(),
        .cpus = cpu_online_count(),
        .threads = thread_count(),
        .frames_total = frame_total_count(),
        .frames_free = frame_free_count(),
        .page_bytes = PAGE_BYTES,
        .system_calls = (uint32_t)syscall_count,
    };
    if (bytes > sizeof(information)) {
        bytes = sizeof(information);
    }
    error = user_copy_out(to, &information, bytes);
    return error == OK ? (int64_t)bytes : error;
}
