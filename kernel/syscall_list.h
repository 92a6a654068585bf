/*
 * The system calls, one entry each. From this list come the table that the kernel dispatches by, the
 * prototypes of the functions, the stubs for user programs, docs/system-calls.md, the names in
 * traces and the model for the fuzzer (tools/build/syscalls.py). To add a call, add its entry, write
 * the function call_NAME(), and run `make syscalls-page`.
 *
 *   CALL(number, name, parameters, arguments, results, errors, blocks, sentence)
 *   MESSAGE(number, name, parameters, arguments, results, errors, blocks, sentence)
 *
 * MESSAGE is for calls that pass a message in registers; their numbers come first.
 *
 *   parameters  how many arguments there are
 *   arguments   "name: type" for each, separated by commas:
 *                 handle TYPE RIGHT...  a handle to an object of that type (any: of any type) that
 *                                       has these rights; the errors of handles are implied
 *                 tag                   the tag of a message (lib/abi.h)
 *                 rights                rights, by bit
 *                 bits, value           any number
 *                 deadline              a clock time in nanoseconds; 0: do not wait; 2^64-1: no limit
 *                 address               an address in the caller's memory
 *                 in BYTES              an address from which so many bytes are read
 *                 out BYTES             an address to which so many bytes are written; BYTES is the
 *                                       name of another argument, or a number
 *   results     what a call returns that is no error; behind a semicolon its second result, in RDX
 *   errors      "ERROR test" for each that the arguments' types do not imply, separated by commas:
 *               the name of the error without ERROR_, and the test that shows it
 *   blocks      BLOCKS if the call may wait for something, else PROMPT
 *
 * A call's function runs on the caller's own kernel stack, with interrupts on. Context: THREAD.
 */
#pragma once

#include "lib/compiler.h"

/* clang-format off */
#define SYSCALL_LIST(MESSAGE, CALL) \
    CALL(0, null, 0, "", "0", "", PROMPT, \
        "Does nothing. It measures the way into the kernel and back.") \
    CALL(1, thread_yield, 0, "", "0", "", PROMPT, \
        "Lets other ready threads of the caller's priority run first.") \
    CALL(2, clock_read, 0, "", "the time since the start, in nanoseconds", "", PROMPT, \
        "Reads the clock.")
/* clang-format on */

#define SYSCALL_PARAMETERS_0 void
#define SYSCALL_PARAMETERS_1 uint64_t
#define SYSCALL_PARAMETERS_2 uint64_t, uint64_t
#define SYSCALL_PARAMETERS_3 uint64_t, uint64_t, uint64_t
#define SYSCALL_PARAMETERS_4 uint64_t, uint64_t, uint64_t, uint64_t
#define SYSCALL_PARAMETERS_5 uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define SYSCALL_PARAMETERS_6 uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t

/* int64_t call_NAME(...): the function of each call, described by its entry. */
#define SYSCALL_DECLARE(number, name, parameters, ...)                                             \
    int64_t call_##name(SYSCALL_PARAMETERS_##parameters);
SYSCALL_LIST(SYSCALL_DECLARE, SYSCALL_DECLARE)
