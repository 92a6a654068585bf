/* The system calls by number, as syscall_entry.asm reads them. */
#include "arch/x86_64/entry/user_context.h"

#include "lib/compiler.h"

static int64_t call_null(uint64_t a maybe_unused, uint64_t b maybe_unused, uint64_t c maybe_unused,
                         uint64_t d maybe_unused, uint64_t e maybe_unused, uint64_t f maybe_unused)
{
    return 0;
}

const syscall_function syscall_table[] = {call_null};
const uint64_t syscall_count = array_length(syscall_table);
const uint64_t syscall_message_count = 0;
