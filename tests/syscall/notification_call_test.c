/* Waits for a notification by system calls, which sleep. */
#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

static struct script script;
static uint32_t all, waits, signals;

/* How often a thread polls before it waits: a handle is noted when it is used twice. */
#define POLLS_NOTED 2

/*
 * Opens handles to a notification, and starts a thread that polls it so often by `waits`, and then
 * waits.
 */
static bool sleeper_start(unsigned polls)
{
    if (!script_begin(10)) {
        return false;
    }
    all = (uint32_t)script_call(SYSCALL_notification_create, 0, 0, 0);
    waits = (uint32_t)script_call(SYSCALL_handle_duplicate, all, RIGHT_RECEIVE, 0);
    signals = (uint32_t)script_call(SYSCALL_handle_duplicate, all, RIGHT_SEND, 0);
    script_clear(&script, 1);
    for (unsigned i = 0; i < polls; i++) {
        script_add(&script, SYSCALL_notification_wait, waits, 0, 9, 9, 9, 9);
    }
    script_add(&script, SYSCALL_notification_wait, waits, UINT64_MAX, 9, 9, 9, 9);
    script_start(&script);
    test_check(test_wait_blocked(script.running));
    return true;
}

/* Waits for the end of the thread, and checks what its call returned. */
static void sleeper_join(int64_t result, uint64_t bits)
{
    const struct script_call *wait = &script.calls[script.count - 1];
    script_join(&script);
    for (const struct script_call *poll = &script.calls[0]; poll < wait; poll++) {
        test_equal((int64_t)poll->rax, ERROR_AGAIN);
    }
    test_equal((int64_t)wait->rax, result);
    test_equal(wait->rdx, bits);
    test_equal(wait->rdi | wait->rsi | wait->r8 | wait->r9 | wait->r10, 0);
    test_equal(wait->r12, 12);
    test_equal(wait->r13, 13);
}

static void sleeper_end(int64_t result, uint64_t bits)
{
    sleeper_join(result, bits);
    script_end();
}

static void wait_ends(unsigned polls)
{
    if (!sleeper_start(polls)) {
        return;
    }
    test_equal(script_call(SYSCALL_notification_signal, signals, 0, 0), OK); /* no bit */
    test_check(test_wait_blocked(script.running));
    test_equal(script_call(SYSCALL_notification_signal, signals, 6, 0), OK);
    sleeper_end(OK, 6);

    if (!sleeper_start(polls)) {
        return;
    }
    thread_kill(script.running);
    sleeper_end(ERROR_KILLED, 0);

    if (!sleeper_start(polls)) {
        return;
    }
    test_equal(script_call(SYSCALL_handle_close, all, 0, 0), OK);
    test_check(test_wait_blocked(script.running));
    test_equal(script_call(SYSCALL_handle_close, signals, 0, 0), OK);
    sleeper_end(ERROR_PEER_DIED, 0);
}

TEST(SYS0087, "a wait without a deadline ends by a signal, by a kill, and when nothing can signal",
     ALWAYS)
{
    wait_ends(0);
    wait_ends(POLLS_NOTED);
}

static void wait_ends_with_handle(unsigned polls)
{
    if (!sleeper_start(polls)) {
        return;
    }
    test_equal(script_call(SYSCALL_handle_close, all, 0, 0), OK);
    test_equal(script_call(SYSCALL_notification_signal, waits, 1, 0), ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_handle_close, waits, 0, 0), OK);
    test_equal(script_call(SYSCALL_handle_close, signals, 0, 0), OK);
    sleeper_end(ERROR_PEER_DIED, 0);
}

TEST(SYS0088, "a wait ends with the last handle that waits, and the notification with the wait",
     ALWAYS)
{
    wait_ends_with_handle(0);
    wait_ends_with_handle(POLLS_NOTED);
}

static void one_of_two_ends(unsigned polls)
{
    static struct script other;
    if (!sleeper_start(polls)) {
        return;
    }
    script_clear(&other, 2);
    script_add(&other, SYSCALL_notification_wait, all, UINT64_MAX, 0, 0, 0, 0);
    script_start(&other);
    test_check(test_wait_blocked(other.running));
    test_equal(script_call(SYSCALL_notification_signal, signals, 1, 0), OK);
    sleeper_join(OK, 1); /* it has slept longer; before its end the other one would get its bit */
    test_check(test_wait_blocked(other.running));
    test_equal(script_call(SYSCALL_notification_signal, signals, 2, 0), OK);
    script_join(&other);
    test_equal((int64_t)other.calls[0].rax, OK);
    test_equal(other.calls[0].rdx, 2);
    script_end();
}

TEST(SYS0089, "of two waits that one signal could end, one ends, and the other goes on", ALWAYS)
{
    one_of_two_ends(0);
    one_of_two_ends(POLLS_NOTED);
}
