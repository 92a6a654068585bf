/* The system calls by number, as syscall_entry.asm reads them, and their names for traces. */
#include "kernel/syscall/syscall_table.h"

#include "arch/x86_64/entry/user_context.h"
#include "kernel/syscall/message_direct.h"
#include "kernel/syscall/message_fast.h"
#include "kernel/syscall/notification_fast.h"
#include "kernel/syscall_list.h"

/*
 * A function with fewer than six parameters ignores the other argument registers, so one type
 * serves for all.
 */
#define ROW(number, name, ...) [number] = (syscall_function)(void (*)(void))call_##name,
#define COUNT(...)             +1
#define NOTHING(...)

const syscall_function syscall_table[] = {SYSCALL_LIST(ROW, ROW, ROW)};
const uint64_t syscall_count = array_length(syscall_table);
enum { SET_REGISTERS = 0 SYSCALL_LIST(COUNT, COUNT, NOTHING) };
const uint64_t syscall_message_count = SET_REGISTERS;

#define FAST(number, name, ...)                                                                    \
    [number] = (number) == SYSCALL_ipc_call            ? message_fast_call                         \
               : (number) == SYSCALL_ipc_reply_receive ? message_fast_reply_receive                \
               : (number) == SYSCALL_notification_wait ? notification_fast_wait                    \
                                                       : message_fast_none,
const syscall_fast_function syscall_fast_table[] = {SYSCALL_LIST(FAST, FAST, NOTHING)};

#define DIRECT(number, name, ...)                                                                  \
    [number] = (number) == SYSCALL_ipc_call            ? message_direct_call                       \
               : (number) == SYSCALL_ipc_reply_receive ? message_direct_reply_receive              \
               : (number) == SYSCALL_notification_wait ? notification_direct_wait                  \
                                                       : syscall_message_frame,
const syscall_direct_path syscall_direct_table[] = {SYSCALL_LIST(DIRECT, DIRECT, NOTHING)};

/* Each number from 0 on has one call, and those that set registers come first. */
static_assert(array_length(syscall_table) == 0 SYSCALL_LIST(COUNT, COUNT, COUNT),
              "the numbers of the calls have a gap, or two calls have one number");
#define IS_FIRST(number, ...)                                                                      \
    static_assert((number) < SET_REGISTERS, "calls that set registers come first");
SYSCALL_LIST(IS_FIRST, IS_FIRST, NOTHING)

#define DESCRIBE(number, name, parameters, arguments, ...)                                         \
    [number] = {#name, arguments, parameters},
static const struct syscall_description descriptions[] = {
    SYSCALL_LIST(DESCRIBE, DESCRIBE, DESCRIBE)};

const struct syscall_description *syscall_describe(uint64_t number)
{
    return number < array_length(descriptions) ? &descriptions[number] : NULL;
}
