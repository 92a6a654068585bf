/*
 * The system calls, one entry each. From this list come the table that the kernel dispatches by,
 * the prototypes of the functions, the stubs for user programs, docs/system-calls.md, the names in
 * traces and the model for the fuzzer (tools/build/syscalls.py). To add a call, add its entry,
 * write the function call_NAME(), and run `make syscalls-page`.
 *
 *   CALL(number, name, parameters, arguments, results, errors, blocks, sentence)
 *   PAIR(number, name, parameters, arguments, results, errors, blocks, sentence)
 *   MESSAGE(number, name, parameters, arguments, results, errors, blocks, sentence)
 *
 * MESSAGE is for calls that pass a message in registers, PAIR for those with two results. Both set
 * the registers that the caller gets back; their numbers come first.
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
 *               the name of the error without ERROR_, and the test that shows it; NO_MEMORY, BUSY and
 *               UNSUPPORTED, which depend on the machine, need none. If no program can get it, a
 *               third word says why (REASONS in syscalls.py): then the fuzzer fails if it gets it
 *   blocks      BLOCKS if the call may wait for something, else PROMPT
 *
 * A call's function runs on the caller's own kernel stack, with interrupts on. Context: THREAD.
 */
#pragma once

#include "lib/compiler.h"

/* clang-format off */
#define SYSCALL_LIST(MESSAGE, PAIR, CALL) \
    MESSAGE(0, ipc_call, 2, "endpoint: handle endpoint SEND, tag: tag", "0", \
        "INVALID SYS0010, TOO_LONG SYS0010, FAULT SYS0011, AGAIN SYS0005, TIMEOUT SYS0005, PEER_DIED SYS0006, KILLED SYS0007 ENDS, NO_MEMORY, QUOTA SYS0012", BLOCKS, \
        "Sends a message to an endpoint and waits for the answer.") \
    MESSAGE(1, ipc_receive, 2, "endpoint: handle endpoint RECEIVE, tag: tag", "0", \
        "INVALID SYS0010, FAULT SYS0011, AGAIN SYS0005, TIMEOUT SYS0005, PEER_DIED SYS0006, KILLED SYS0093 ENDS, NO_MEMORY, QUOTA SYS0012", BLOCKS, \
        "Waits for a message. A caller that was received before and not answered gets ERROR_PEER_DIED.") \
    MESSAGE(2, ipc_reply, 2, "unused: value, tag: tag", "0", \
        "INVALID SYS0010, TOO_LONG SYS0092, FAULT SYS0092, NOT_FOUND SYS0008, PEER_DIED SYS0008, NO_MEMORY", PROMPT, \
        "Answers the caller whose message the thread received last.") \
    MESSAGE(3, ipc_reply_receive, 2, "endpoint: handle endpoint RECEIVE, tag: tag", "0", \
        "INVALID SYS0092, TOO_LONG SYS0092, FAULT SYS0092, NOT_FOUND SYS0008, AGAIN SYS0005, TIMEOUT SYS0005, PEER_DIED SYS0006, KILLED SYS0093 ENDS, NO_MEMORY, QUOTA SYS0012", BLOCKS, \
        "Answers the caller whose message the thread received last, and waits for the next message. It is no error if that caller is gone.") \
    MESSAGE(4, reply_answer, 2, "reply: handle reply SEND, tag: tag", "0", \
        "INVALID SYS0092, TOO_LONG SYS0092, FAULT SYS0092, NOT_FOUND SYS0008, PEER_DIED SYS0008, NO_MEMORY", PROMPT, \
        "Answers the caller whose reply handle this is, once.") \
    PAIR(5, notification_wait, 2, "notification: handle notification RECEIVE, deadline: deadline", "0; the bits that were set", \
        "AGAIN SYS0009, TIMEOUT SYS0009, PEER_DIED SYS0009, KILLED SYS0093 ENDS", BLOCKS, \
        "Waits until a bit is set, takes all bits and clears them.") \
    CALL(6, null, 0, "", "0", "", PROMPT, \
        "Does nothing. It measures the way into the kernel and back.") \
    CALL(7, thread_yield, 0, "", "0", "", PROMPT, \
        "Lets other ready threads of the caller's priority run first.") \
    CALL(8, clock_read, 0, "", "the time since the start, in nanoseconds", "", PROMPT, \
        "Reads the clock.") \
    CALL(9, handle_close, 1, "handle: handle any", "0", "", PROMPT, \
        "Closes a handle. The last handle of an object ends what waits for it.") \
    CALL(10, handle_duplicate, 2, "handle: handle any DUPLICATE, rights: rights", "the new handle", \
        "INVALID SYS0003, QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Opens another handle to the object, with the same badge and with these rights, none of which the handle may lack.") \
    CALL(11, message_buffer_set, 1, "buffer: address", "0", "FAULT SYS0011", PROMPT, \
        "Names the thread's message buffer, a struct message_buffer of lib/abi.h; 0: none.") \
    CALL(12, endpoint_create, 0, "", "a handle with all rights", "QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Creates an endpoint.") \
    CALL(13, endpoint_badge, 3, "endpoint: handle endpoint RECEIVE, badge: bits, rights: rights", "the new handle", \
        "INVALID SYS0003, QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Opens a handle for a caller, with a badge that tells the receiver who sends. Rights are SEND, DUPLICATE and TRANSFER.") \
    CALL(14, reply_take, 0, "", "a handle with the rights SEND and TRANSFER", "NOT_FOUND SYS0008, QUOTA SYS0084, NO_MEMORY", PROMPT, \
        "Turns the right to answer the caller whose message the thread received last into a handle.") \
    CALL(15, reply_fault, 1, "status: value", "0", "NOT_FOUND SYS0008, PEER_DIED SYS0008", PROMPT, \
        "Ends the caller whose message the thread received last, with a status, because it broke the protocol.") \
    CALL(16, notification_create, 0, "", "a handle with all rights", "QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Creates a notification with no bit set.") \
    CALL(17, notification_signal, 2, "notification: handle notification SEND, bits: bits", "0", "", PROMPT, \
        "Sets bits of a notification and wakes the thread that has waited longest.") \
    CALL(18, timer_create, 2, "notification: handle notification SEND, bits: bits", "a handle with all rights", \
        "QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Creates a timer that will set these bits of the notification.") \
    CALL(19, timer_set, 2, "timer: handle timer WRITE, at: value", "0", "", PROMPT, \
        "Sets the clock time, in nanoseconds, at which the timer signals, in place of an earlier setting.") \
    CALL(20, timer_cancel, 1, "timer: handle timer WRITE", "1 if a time was set that had not come, else 0", "", PROMPT, \
        "Cancels a timer's setting.") \
    CALL(21, log_write, 3, "log: handle log WRITE, text: in bytes, bytes: value", "0", \
        "TOO_LONG SYS0030, FAULT SYS0030", PROMPT, \
        "Writes a line to the kernel's log. It has no line end; what is not printable ASCII becomes '?'.") \
    CALL(22, information_read, 3, "information: handle information READ, to: out bytes, bytes: value", "how many bytes were written", \
        "FAULT SYS0031", PROMPT, \
        "Reads struct information of lib/information.h, or as much of it as there is room for.") \
    CALL(23, interrupt_create, 4, "system: handle system MANAGE, line: value, notification: handle notification SEND, bits: bits", "a handle with all rights", \
        "RANGE SYS0032, EXISTS SYS0032, NOT_FOUND IRQ0001 DEVICE, BUSY, UNSUPPORTED, QUOTA SYS0032, NO_MEMORY", PROMPT, \
        "Lets the ISA line of a device, 0 to 15, set these bits of the notification. The line is masked from each signal until it is acknowledged.") \
    CALL(24, interrupt_acknowledge, 1, "interrupt: handle interrupt WRITE", "0", "", PROMPT, \
        "Unmasks the line. The driver of an edge-triggered device calls it before it serves the device, of a level-triggered one afterwards.") \
    CALL(25, ports_create, 4, "ports: handle ports DUPLICATE, first: value, count: value, rights: rights", "a handle with these rights", \
        "INVALID SYS0033, RANGE SYS0033, QUOTA SYS0033, NO_MEMORY", PROMPT, \
        "Makes a range of some of the ports of another range, with rights that the handle has.") \
    CALL(26, port_read, 3, "ports: handle ports READ, port: value, width: value", "the value", \
        "INVALID SYS0033, RANGE SYS0033", PROMPT, \
        "Reads an I/O port, 1, 2 or 4 bytes wide.") \
    CALL(27, port_write, 4, "ports: handle ports WRITE, port: value, width: value, value: value", "0", \
        "INVALID SYS0033, RANGE SYS0033", PROMPT, \
        "Writes an I/O port, 1, 2 or 4 bytes wide.") \
    CALL(28, task_create, 3, "name: in bytes, bytes: value, frames: value", "a handle with all rights", \
        "TOO_LONG SYS0040, FAULT SYS0040, QUOTA SYS0094, NO_MEMORY", PROMPT, \
        "Creates a task without threads, mappings and handles, in the budget of the caller's task. It may own as many frames as the caller's task. If the number is not 0, it begins a budget of so many within the caller's, for it and the tasks that it creates; with TASK_FRAMES_MOST, of seven eighths of what the caller's task may, as of tasks and threads. Its other limits are those of the caller's task.") \
    CALL(29, task_kill, 2, "task: handle task MANAGE, status: value", "0", "", PROMPT, \
        "Ends a task and all of its threads. The first status counts.") \
    CALL(30, task_exit, 1, "status: value", "does not return", "", PROMPT, \
        "Ends the caller's task.") \
    CALL(31, task_wait, 3, "task: handle task READ, deadline: deadline, status: out 8", "0", \
        "TIMEOUT SYS0041, KILLED SYS0093 ENDS, FAULT SYS0041", BLOCKS, \
        "Waits until a task has ended and what it owned is free, and writes its status, 64 bits with sign, unless the address is 0.") \
    CALL(32, thread_create, 4, "task: handle task MANAGE, priority: value, affinity: bits, flags: bits", "a handle with all rights", \
        "RANGE SYS0042, INVALID SYS0042, PEER_DIED SYS0042, QUOTA SYS0042, NO_MEMORY", PROMPT, \
        "Creates a thread of a task, with a priority that is not above the caller's, for the CPUs of these bits; 0: all. With the flag THREAD_FPU it may use x87, SSE and AVX.") \
    CALL(33, thread_start, 4, "thread: handle thread MANAGE, entry: address, stack: address, argument: value", "0", \
        "RANGE SYS0042, EXISTS SYS0042, PEER_DIED SYS0042, INVALID SYS0042, QUOTA SYS0042, NO_MEMORY", PROMPT, \
        "Starts a thread at an address, with its stack pointer and with the argument in RDI.") \
    CALL(34, thread_exit, 1, "status: value", "does not return", "", PROMPT, \
        "Ends the calling thread; the last thread ends its task with this status.") \
    CALL(35, thread_kill, 1, "thread: handle thread MANAGE", "0", "", PROMPT, \
        "Ends a thread.") \
    CALL(36, thread_wait, 3, "thread: handle thread READ, deadline: deadline, status: out 8", "0", \
        "TIMEOUT SYS0042, INVALID TSK0007, KILLED SYS0093 ENDS, FAULT SYS0042", BLOCKS, \
        "Waits until a thread has ended, and writes its status, 64 bits with sign, unless the address is 0.") \
    CALL(37, thread_priority_set, 2, "thread: handle thread MANAGE, priority: value", "0", \
        "RANGE SYS0042", PROMPT, \
        "Sets a thread's priority, which is not above the caller's.") \
    CALL(38, thread_pointer_set, 1, "address: address", "0", \
        "RANGE SYS0042", PROMPT, \
        "Sets the calling thread's FS base, for thread-local storage.") \
    CALL(39, handle_grant, 3, "task: handle task MANAGE, handle: handle any TRANSFER, rights: rights", "the handle's number in that task", \
        "INVALID SYS0043, PEER_DIED SYS0043, QUOTA SYS0043, NO_MEMORY", PROMPT, \
        "Opens a handle to the object in the table of a task, with these rights, none of which the caller's handle may lack.") \
    CALL(40, thread_suspend, 2, "thread: handle thread MANAGE, deadline: deadline", "0", \
        "TIMEOUT SYS0044, PEER_DIED SYS0044, KILLED SYS0044 ENDS", BLOCKS, \
        "Stops a thread on its way to user mode, and waits until it has stopped. A thread that waits in a call stops when its wait has ended. After a timeout it stays suspended.") \
    CALL(41, thread_resume, 1, "thread: handle thread MANAGE", "0", "", PROMPT, \
        "Lets a suspended thread go on.") \
    CALL(42, thread_registers_read, 2, "thread: handle thread MANAGE, registers: out 152", "0", \
        "AGAIN SYS0044, PEER_DIED SYS0044, FAULT SYS0044", PROMPT, \
        "Writes struct thread_registers of lib/abi.h, of a thread that has stopped.") \
    CALL(43, thread_registers_write, 2, "thread: handle thread MANAGE, registers: in 152", "0", \
        "AGAIN SYS0044, PEER_DIED SYS0044, RANGE SYS0044, FAULT SYS0044", PROMPT, \
        "Sets the registers of a thread that has stopped. RIP and FS base are user addresses; of RFLAGS it takes what user mode may set, and RF.") \
    CALL(44, memory_create, 2, "task: handle task MANAGE, bytes: value", "a handle with all rights", \
        "INVALID SYS0050, RANGE SYS0050, QUOTA SYS0050, NO_MEMORY", PROMPT, \
        "Creates memory of whole pages, which are zero and get frames as they are touched. The frames are charged to the task.") \
    CALL(45, memory_clone, 2, "task: handle task MANAGE, memory: handle memory READ", "a handle with all rights", \
        "UNSUPPORTED, BUSY, QUOTA SYS0051, NO_MEMORY", PROMPT, \
        "Creates memory with the content that another one has now, by copy-on-write. Its frames are charged to the task, those that it shares as well. ERROR_BUSY: a page is being copied, or another clone made; try again.") \
    CALL(46, memory_physical, 3, "system: handle system MANAGE, base: value, bytes: value", "a handle with all rights", \
        "INVALID SYS0052, RANGE SYS0052, EXISTS SYS0052, QUOTA SYS0052, NO_MEMORY", PROMPT, \
        "Makes memory of a range of physical addresses, for drivers: not cached, without RAM, and without registers that the kernel uses.") \
    CALL(47, memory_map, 3, "task: handle task MANAGE, memory: handle memory READ, mapping: in 32", "the address", \
        "INVALID SYS0053, RANGE SYS0053, EXISTS SYS0053, QUOTA SYS0053, PEER_DIED SYS0053, FAULT SYS0053, NO_MEMORY", PROMPT, \
        "Maps memory into a task as struct memory_mapping of lib/abi.h says, with rights that the memory's handle has. Later it gets no others.") \
    CALL(48, memory_unmap, 3, "task: handle task MANAGE, address: address, bytes: value", "0", \
        "INVALID SYS0054, RANGE SYS0054, NOT_FOUND SYS0054, QUOTA SYS0054, PEER_DIED SYS0054, NO_MEMORY", PROMPT, \
        "Unmaps what is mapped in a range of a task. When it returns, no processor accesses it any more.") \
    CALL(49, memory_protect, 4, "task: handle task MANAGE, address: address, bytes: value, rights: rights", "0", \
        "INVALID SYS0054, RANGE SYS0054, NOT_FOUND SYS0054, QUOTA SYS0054, PEER_DIED SYS0054, NO_MEMORY", PROMPT, \
        "Gives a range of a task, all of which is mapped, other rights: those of struct memory_mapping. When it returns, a right that was taken away is gone on all processors.") \
    CALL(50, memory_commit, 3, "memory: handle memory WRITE, offset: value, bytes: value", "0", \
        "INVALID SYS0055, RANGE SYS0055, QUOTA SYS0055, NO_MEMORY", PROMPT, \
        "Gives pages of memory their frames now, so that a later touch cannot fail for want of one.") \
    CALL(51, information_list, 5, "information: handle information READ, kind: value, from: value, to: out bytes, bytes: value", "how many bytes were written, 0 behind the last record", \
        "INVALID INF0001, FAULT INF0001, NO_MEMORY", PROMPT, \
        "Reads records of a kind of lib/information.h, as many whole ones as there is room for, from an id or a number on.") \
    CALL(52, log_read, 4, "log: handle log READ, from: value, to: out bytes, bytes: value", "how many bytes were written", \
        "INVALID LOG0021, FAULT LOG0021, NO_MEMORY", PROMPT, \
        "Reads whole lines of the kernel's log from a position on, 0 for the oldest, behind a struct log_chunk of lib/abi.h, which says where to go on and how many lines were lost. There must be room for LOG_READ_BYTES_MIN.") \
    CALL(53, system_control, 2, "system: handle system WRITE, action: value", "0, if it returns", \
        "INVALID SYS0070", PROMPT, \
        "Switches the machine off, starts it anew, or gives the console to the monitor: SYSTEM_... of lib/abi.h.") \
    CALL(54, console_take, 5, "system: handle system WRITE, notification: handle notification SEND, text: bits, interrupt: bits, change: bits", "a handle with all rights", \
        "EXISTS SYS0071, NOT_FOUND SYS0071 DEVICE, QUOTA SYS0071, NO_MEMORY", PROMPT, \
        "Hands the first serial port, the screen and the keyboard over to the caller until the handle is closed. The notification gets one of these bits when there is text, when a device interrupts, and when the monitor takes the console or gives it back.") \
    CALL(55, console_read, 3, "port: handle console READ, to: out bytes, bytes: value", "how many bytes were written", \
        "AGAIN SYS0071, FAULT SYS0071", PROMPT, \
        "Takes text that the kernel wants to be shown, which the caller now shows.") \
    CALL(56, task_limits_set, 4, "task: handle task MANAGE, threads: value, handles: value, stack_pages: value", "0", \
        "QUOTA UTH0006", PROMPT, \
        "Sets how many threads, handles and pages of kernel stacks a task may have, at most as many as the caller's task may; 0 leaves a limit as it is. Stack pages are counted after they were filled: beyond the limit, calls that allocate are refused.") \
    CALL(57, task_handler_set, 2, "task: handle task MANAGE, endpoint: handle endpoint SEND", "0", \
        "PEER_DIED SYS0045", PROMPT, \
        "Has exceptions of the task's threads told to an endpoint, as lib/fault_message.h says; 0: to nobody.") \
    CALL(58, memory_map_paged, 5, "task: handle task MANAGE, memory: handle memory READ, mapping: in 32, pager: handle endpoint SEND, limit: value", "the address", \
        "INVALID SYS0056, RANGE SYS0056, EXISTS SYS0056, QUOTA SYS0056, PEER_DIED SYS0056, FAULT SYS0056, NO_MEMORY", PROMPT, \
        "Maps memory as memory_map() does, with a pager: an endpoint that supplies the pages as lib/fault_message.h says. A thread waits so many nanoseconds for it; 2^64-1: no limit.") \
    CALL(59, stack_descend, 4, "information: handle information READ, way: value, bytes: value, descent: out 128", "0", \
        "RANGE UTH0021, QUOTA UTH0021, FAULT UTH0021", PROMPT, \
        "Goes down the caller's kernel stack, so that it grows by page faults, and writes struct stack_descent of lib/abi.h. The ways are those of enum stack_descent_way, and may have one of the flags STACK_DESCENT_INTERRUPTS_OFF and STACK_DESCENT_LOCK_HELD.") \
    CALL(60, console_describe, 2, "port: handle console READ, devices: out 48", "a handle to the memory of the screen, or 0", \
        "FAULT SYS0072, QUOTA SYS0072, NO_MEMORY", PROMPT, \
        "Writes struct console_devices of lib/abi.h, and opens a handle to the memory of the screen, if there is one.") \
    CALL(61, task_budget_set, 4, "task: handle task MANAGE, tasks: value, threads: value, reserve: value", "0", \
        "INVALID SYS0090, QUOTA SYS0090", PROMPT, \
        "Sets how many tasks and threads there may be in the budget that a task began, at most as many as in the caller's, and how many of its frames budgets within it cannot have; 0 leaves a limit as it is.") \
    CALL(62, task_family_kill, 2, "task: handle task MANAGE, status: value", "0", \
        "INVALID SYS0090", PROMPT, \
        "Ends all tasks of the budget that a task began. No task can be created in it any more.")
/* clang-format on */

#define SYSCALL_PARAMETERS_0 void
#define SYSCALL_PARAMETERS_1 uint64_t
#define SYSCALL_PARAMETERS_2 uint64_t, uint64_t
#define SYSCALL_PARAMETERS_3 uint64_t, uint64_t, uint64_t
#define SYSCALL_PARAMETERS_4 uint64_t, uint64_t, uint64_t, uint64_t
#define SYSCALL_PARAMETERS_5 uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define SYSCALL_PARAMETERS_6 uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t

/* SYSCALL_NAME: the number of each call, with its name in small letters. */
#define SYSCALL_NUMBER(number, name, ...) SYSCALL_##name = (number),
enum syscall_number { SYSCALL_LIST(SYSCALL_NUMBER, SYSCALL_NUMBER, SYSCALL_NUMBER) };

/* int64_t call_NAME(...): the function of each call, described by its entry. */
#define SYSCALL_DECLARE(number, name, parameters, ...)                                             \
    int64_t call_##name(SYSCALL_PARAMETERS_##parameters);
SYSCALL_LIST(SYSCALL_DECLARE, SYSCALL_DECLARE, SYSCALL_DECLARE)
