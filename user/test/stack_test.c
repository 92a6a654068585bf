/* The kernel stacks of the program's threads. */
#include "lib/error.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"
#include "user/test/test.h"

#define STACK_TOTAL 16384
#define PAGE        4096
#define CALL_MOST   2000 /* bytes that one more call would need: a recursion ends before it */

static int64_t descend(uint64_t way, uint64_t bytes, struct stack_descent *descent)
{
    return sys_stack_descend(program_start.handles[PROGRAM_HANDLE_INFORMATION], way, bytes,
                             (uintptr_t)descent);
}

/* The faults brought no more than the stack has more; a way with interrupts on may be preempted. */
static void touches_check(const struct stack_descent *descent)
{
    uint32_t pages = 0;

    for (unsigned i = 0; i < descent->touches; i++) {
        test_check(descent->touch[i].depth <= descent->deepest);
        test_check(descent->touch[i].pages > 0);
        pages += descent->touch[i].pages;
    }
    test_check(pages <= descent->pages_after - descent->pages_before);
}

USER_TEST(
    UTH0021,
    "a system call goes down its kernel stack as deep as it is asked, and is refused beyond limits")
{
    static struct stack_descent descent;
    uint64_t task = program_start.handles[PROGRAM_HANDLE_TASK];

    for (uint64_t way = 0; way < STACK_DESCENT_WAYS; way++) {
        for (uint64_t bytes = 0; bytes < 200; bytes += 50) { /* the stack holds more already */
            test_equal(descend(way, bytes, &descent), OK);
            test_check(descent.deepest >= bytes && descent.touches == 0);
        }
        for (uint64_t bytes = 3000; bytes < 13000; bytes += 3000) {
            test_equal(descend(way, bytes, &descent), OK);
            test_check(descent.deepest >= bytes - (way == STACK_DESCENT_LEAP ? 0 : CALL_MOST));
            test_check(descent.deepest < STACK_TOTAL && descent.calls > 0);
            test_check(descent.pages_after >= descent.pages_before);
            test_check(descent.pages_after >= (descent.deepest + PAGE - 1) / PAGE);
            test_check(descent.touches <= descent.pages_after - descent.pages_before);
            touches_check(&descent);
        }
    }
    test_equal(descend(STACK_DESCENT_WAYS, 2000, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_SORT | STACK_DESCENT_LOCK_HELD, 2000, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_LOCK_HELD | STACK_DESCENT_INTERRUPTS_OFF, 2000, &descent),
               ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_LOCK_HELD << 1, 2000, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_WALK, STACK_TOTAL, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_WALK, UINT64_MAX, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_WALK, 2000, NULL), ERROR_FAULT);
    test_equal(sys_stack_descend(task, STACK_DESCENT_WALK, 2000, (uintptr_t)&descent),
               ERROR_WRONG_TYPE);
    /* The stack has more than one page now. */
    test_equal(sys_task_limits_set(task, 0, 0, 1), OK);
    test_equal(descend(STACK_DESCENT_WALK, 2000, &descent), ERROR_QUOTA);
}

static struct stack_descent held;

/* Goes down with something held, as the first thing that its thread does. */
static int hold_run(void *argument)
{
    return (int)descend((uintptr_t)argument, 11000, &held);
}

USER_TEST(UTH0022,
          "a system call goes down its kernel stack with interrupts off, and with a spinlock held")
{
    static const uint64_t ways[] = {STACK_DESCENT_PARSE | STACK_DESCENT_INTERRUPTS_OFF,
                                    STACK_DESCENT_LEAP | STACK_DESCENT_INTERRUPTS_OFF,
                                    STACK_DESCENT_PARSE | STACK_DESCENT_LOCK_HELD,
                                    STACK_DESCENT_LEAP | STACK_DESCENT_LOCK_HELD};

    for (unsigned i = 0; i < array_length(ways); i++) {
        struct thread thread;

        test_equal(thread_create(&thread, hold_run, (void *)(uintptr_t)ways[i], NULL), OK);
        test_equal(thread_join(&thread), OK);
        test_check(held.deepest >= 11000 - CALL_MOST);
        test_check(held.pages_after >= 3);
        touches_check(&held);
    }
}
