/* System calls made by user mode: their list, handles, the clock, notifications and timers. */
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/notification.h"
#include "kernel/syscall/syscall_table.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

static struct script script;

TEST(SYS0001, "every number has one call with a name, and the numbers behind them have none",
     ALWAYS)
{
    for (uint64_t i = 0; i < syscall_count; i++) {
        const struct syscall_description *call = syscall_describe(i);
        test_check(call != NULL && syscall_table[i] != NULL && strlen(call->name) > 0);
    }
    test_check(syscall_describe(syscall_count) == NULL);
    test_check(syscall_describe(UINT64_MAX) == NULL);
    test_check(strcmp(syscall_describe(SYSCALL_null)->name, "null") == 0);
}

TEST(SYS0003, "handles are created, duplicated with fewer rights, and badged, up to the quota",
     ALWAYS)
{
    if (!script_begin(3)) {
        return;
    }
    int64_t endpoint = script_call(SYSCALL_endpoint_create, 0, 0, 0);
    test_check(endpoint > 0);
    test_equal(script_call(SYSCALL_handle_duplicate, endpoint, 0x100, 0), ERROR_INVALID);
    test_equal(script_call(SYSCALL_handle_duplicate, endpoint, 1UL << 32, 0), ERROR_INVALID);
    int64_t fewer =
        script_call(SYSCALL_handle_duplicate, endpoint, RIGHT_SEND | RIGHT_DUPLICATE, 0);
    test_check(fewer > 0 && fewer != endpoint);
    test_equal(script_call(SYSCALL_handle_duplicate, fewer, RIGHT_SEND | RIGHT_RECEIVE, 0),
               ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_endpoint_badge, fewer, 5, RIGHT_SEND), ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_endpoint_badge, endpoint, 5, RIGHT_RECEIVE), ERROR_INVALID);
    int64_t badged = script_call(SYSCALL_endpoint_badge, endpoint, 5, RIGHT_SEND);
    test_check(badged > 0);
    struct object *object;
    uint64_t badge = 0;
    test_equal(handle_find(&script_handles, badged, OBJECT_ENDPOINT, RIGHT_SEND, &object, &badge),
               OK);
    test_equal(badge, 5);
    object_release(object);
    test_equal(
        handle_find(&script_handles, badged, OBJECT_ENDPOINT, RIGHT_DUPLICATE, &object, NULL),
        ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_endpoint_badge, endpoint, 5, RIGHT_SEND), ERROR_QUOTA);
    test_equal(script_call(SYSCALL_endpoint_create, 0, 0, 0), ERROR_QUOTA);
    test_equal(script_call(SYSCALL_notification_create, 0, 0, 0), ERROR_QUOTA);
    test_equal(script_call(SYSCALL_handle_duplicate, endpoint, 0, 0), ERROR_QUOTA);
    test_equal(script_call(SYSCALL_handle_close, badged, 0, 0), OK);
    int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
    test_check(notification > 0);
    test_equal(script_call(SYSCALL_timer_create, notification, 1, 0), ERROR_QUOTA);
    test_equal(script_handles.open, 3);
    script_end();
}

TEST(SYS0004, "the clock is read, and a yield and a call that does nothing return 0", ALWAYS)
{
    if (!script_begin(3)) {
        return;
    }
    uint64_t before_ns = clock_now_ns();
    int64_t now_ns = script_call(SYSCALL_clock_read, 0, 0, 0);
    test_check((uint64_t)now_ns >= before_ns && (uint64_t)now_ns <= clock_now_ns());
    test_equal(script_call(SYSCALL_thread_yield, 1, 2, 3), 0);
    test_equal(script_call(SYSCALL_null, 1, 2, 3), 0);
    script_end();
}

TEST(SYS0009, "notifications and timers work by system calls, with both results and each error",
     ALWAYS)
{
    if (!script_begin(10)) {
        return;
    }
    int64_t handle = script_call(SYSCALL_notification_create, 0, 0, 0);
    int64_t timer = script_call(SYSCALL_timer_create, handle, 0x8000000000000001, 0);
    test_check(handle > 0 && timer > 0);
    script_clear(&script, 0);
    script_add(&script, SYSCALL_notification_wait, handle, 0, 0, 0, 0, 0);
    script_add(&script, SYSCALL_notification_wait, handle, 1, 0, 0, 0, 0);
    script_add(&script, SYSCALL_notification_signal, handle, 0xf0, 0, 0, 0, 0);
    script_add(&script, SYSCALL_notification_wait, handle, 0, 9, 9, 9, 9);
    script_add(&script, SYSCALL_timer_set, timer, 1, 0, 0, 0, 0);
    script_add(&script, SYSCALL_notification_wait, handle, UINT64_MAX, 0, 0, 0, 0);
    script_add(&script, SYSCALL_timer_set, timer, UINT64_MAX, 0, 0, 0, 0);
    script_add(&script, SYSCALL_timer_cancel, timer, 0, 0, 0, 0, 0);
    script_add(&script, SYSCALL_timer_cancel, timer, 0, 0, 0, 0, 0);
    script_start(&script);
    script_join(&script);
    test_equal((int64_t)script.calls[0].rax, ERROR_AGAIN);
    test_equal((int64_t)script.calls[1].rax, ERROR_TIMEOUT);
    test_equal((int64_t)script.calls[2].rax, OK);
    const struct script_call *wait = &script.calls[3];
    test_equal((int64_t)wait->rax, OK);
    test_equal(wait->rdx, 0xf0);
    test_equal(wait->rdi | wait->rsi | wait->r8 | wait->r9 | wait->r10, 0);
    test_equal(wait->r12, 12);
    test_equal(wait->r13, 13);
    test_equal((int64_t)script.calls[5].rax, OK);
    test_equal(script.calls[5].rdx, 0x8000000000000001);
    test_equal((int64_t)script.calls[7].rax, 1);
    test_equal((int64_t)script.calls[8].rax, 0);
    int64_t only_waits = script_call(SYSCALL_handle_duplicate, handle, RIGHT_RECEIVE, 0);
    test_equal(script_call(SYSCALL_handle_close, timer, 0, 0), OK);
    test_equal(script_call(SYSCALL_handle_close, handle, 0, 0), OK);
    test_equal(script_call(SYSCALL_notification_wait, only_waits, UINT64_MAX, 0), ERROR_PEER_DIED);
    script_end();
}
