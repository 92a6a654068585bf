/*
 * The system call stack_descend: it goes down the caller's kernel stack, so that programs can see
 * the stack grow. syscall_list.h describes it.
 */
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/demo/descent.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"

static_assert((int)DESCENT_LEAP == (int)STACK_DESCENT_LEAP &&
                  (int)DESCENT_RECURSE == (int)STACK_DESCENT_RECURSE,
              "the ways have the same numbers");
static_assert(STACK_PAGES == STACK_DESCENT_TOUCHES, "a touch for each page");
static_assert(sizeof(struct stack_descent) == 128, "the list of system calls says so");

/* Splits the argument of a call. Errors: ERROR_RANGE. */
static must_check int way_split(uint64_t argument, enum descent_way *way, enum descent_hold *hold)
{
    uint64_t flags = argument & (STACK_DESCENT_INTERRUPTS_OFF | STACK_DESCENT_LOCK_HELD);
    uint64_t number = argument - flags;

    if (number >= STACK_DESCENT_WAYS || (flags != 0 && number == STACK_DESCENT_SORT)) {
        return ERROR_RANGE;
    }
    *way = (enum descent_way)number;
    *hold = DESCENT_HOLD_NOTHING;
    if (flags == STACK_DESCENT_INTERRUPTS_OFF) {
        *hold = DESCENT_HOLD_INTERRUPTS;
    } else if (flags == STACK_DESCENT_LOCK_HELD) {
        *hold = DESCENT_HOLD_LOCK;
    } else if (flags != 0) {
        return ERROR_RANGE;
    }
    return OK;
}

/* Checks the handle, the limit and the quota. */
static must_check int descent_check(uint64_t handle, uint64_t bytes)
{
    struct object *object;
    int error =
        handle_find(caller_handles(), handle, OBJECT_INFORMATION, RIGHT_READ, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    if (bytes > DESCENT_BYTES_MAX) {
        return ERROR_RANGE;
    }
    return caller_stacks_check(); /* the call takes stack pages */
}

int64_t call_stack_descend(uint64_t handle, uint64_t argument, uint64_t bytes, uint64_t to)
{
    enum descent_way way;
    enum descent_hold hold;
    int error = descent_check(handle, bytes);
    if (error == OK) {
        error = way_split(argument, &way, &hold);
    }
    if (error != OK) {
        return error;
    }
    uint32_t slot = thread_current()->slot;
    struct descent descent = {.bytes = bytes};
    struct stack_descent told = {.pages_before = stack_pages_backed(slot)};
    descent_run_holding(&descent, way, hold);
    told.pages_after = stack_pages_backed(slot);
    told.calls = descent.calls;
    told.touches = descent.touches;
    told.deepest = descent.deepest;
    told.cpu = descent.cpu;
    for (unsigned i = 0; i < descent.touches; i++) { /* no address of the kernel is told */
        told.touch[i].depth = descent.top - descent.touch[i].address;
        told.touch[i].ticks = descent.touch[i].ticks;
        told.touch[i].pages = descent.touch[i].pages;
        told.touch[i].available = descent.touch[i].available;
    }
    return user_copy_out(to, &told, sizeof(told));
}
