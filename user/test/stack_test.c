/* The kernel stacks of the program's threads. */
#include "lib/error.h"
#include "user/lib/program.h"
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

USER_TEST(
    UTH0021,
    "a system call goes down its kernel stack as deep as it is asked, and is refused beyond limits")
{
    static struct stack_descent descent;
    uint64_t task = program_start.handles[PROGRAM_HANDLE_TASK];

    for (uint64_t way = 0; way < STACK_DESCENT_WAYS; way++) {
        for (uint64_t bytes = 3000; bytes < 13000; bytes += 3000) {
            test_equal(descend(way, bytes, &descent), OK);
            test_check(descent.deepest >= bytes - (way == STACK_DESCENT_LEAP ? 0 : CALL_MOST));
            test_check(descent.deepest < STACK_TOTAL && descent.calls > 0);
            test_check(descent.pages_after >= descent.pages_before);
            test_check(descent.pages_after >= (descent.deepest + PAGE - 1) / PAGE);
            test_check(descent.touches <= descent.pages_after - descent.pages_before);
            for (unsigned i = 0; i < descent.touches; i++) {
                test_check(descent.touch[i].depth <= descent.deepest);
            }
        }
    }
    test_equal(descend(STACK_DESCENT_WAYS, 2000, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_WALK, STACK_TOTAL, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_WALK, UINT64_MAX, &descent), ERROR_RANGE);
    test_equal(descend(STACK_DESCENT_WALK, 2000, NULL), ERROR_FAULT);
    test_equal(sys_stack_descend(task, STACK_DESCENT_WALK, 2000, (uintptr_t)&descent),
               ERROR_WRONG_TYPE);
    /* The stack has more than one page now. */
    test_equal(sys_task_limits_set(task, 0, 0, 1), OK);
    test_equal(descend(STACK_DESCENT_WALK, 2000, &descent), ERROR_QUOTA);
}
