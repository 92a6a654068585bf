/*
 * The system calls, one entry each. From this list come the table that the kernel dispatches by,
 * the prototypes of the functions, the stubs for user programs, docs/system-calls.md, the names in
 * traces and the model for the fuzzer (tools/build/syscalls.py). To add a call, add its entry,
 * write the function call_NAME(), and run `make syscalls-page`.
 *
 *   CALL(number, name, parameters, arguments, preconditions, results, errors, blocks, sentence)
 *   PAIR(number, name, parameters, arguments, preconditions, results, errors, blocks, sentence)
 *   MESSAGE(number, name, parameters, arguments, preconditions, results, errors, blocks, sentence)
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
 *   preconditions
 *               "ERROR: what must hold" for each that the arguments' types do not imply, separated
 *               by semicolons: the error that the call gives if it does not hold. Each error that
 *               stands in `errors` has one, but for TIMEOUT, KILLED and NO_MEMORY, which no caller can rule
 *               out, and FAULT if the types imply it
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
    MESSAGE(0, ipc_call, 2, "endpoint: handle endpoint SEND, tag: tag", \
        "INVALID: the tag has no bits but those of MESSAGE_TAG_MASK, and not both the poll and the deadline; " \
        "INVALID: the thread has a message buffer, if the tag announces bytes, handles or a deadline; " \
        "TOO_LONG: the message has at most MESSAGE_BYTES_MAX bytes and MESSAGE_HANDLES_MAX handles; " \
        "TOO_LONG: the side that gets bytes or handles, with the message or with the answer, has a message buffer; " \
        "FAULT: what the tag announces of the message buffer can be read; " \
        "FAULT: the message buffer of the side that gets bytes or handles can be written; " \
        "QUOTA: the task of the side that gets handles has room for them; " \
        "AGAIN: with the poll, a receiver waits already; " \
        "PEER_DIED: a handle with the right to receive from the endpoint is open, and the receiver answers before it ends", \
        "0", "INVALID SYS0010, TOO_LONG SYS0010, FAULT SYS0011, AGAIN SYS0005, TIMEOUT SYS0005, PEER_DIED SYS0006, KILLED SYS0007 ENDS, NO_MEMORY, QUOTA SYS0012", BLOCKS, \
        "Sends a message to an endpoint and waits for the answer.") \
    MESSAGE(1, ipc_receive, 2, "endpoint: handle endpoint RECEIVE, tag: tag", \
        "INVALID: the tag has no bits but the poll or the deadline, and not both; " \
        "INVALID: the thread has a message buffer, if there is a deadline; " \
        "FAULT: the deadline in the message buffer can be read, if there is one; " \
        "FAULT: the message buffer can be written, if the message that comes has bytes or handles; " \
        "QUOTA: the task has room for the handles of the message that comes; " \
        "AGAIN: with the poll, a caller waits already; " \
        "PEER_DIED: a handle with the right to send to the endpoint is open", \
        "0", "INVALID SYS0010, FAULT SYS0011, AGAIN SYS0005, TIMEOUT SYS0005, PEER_DIED SYS0006, KILLED SYS0093 ENDS, NO_MEMORY, QUOTA SYS0012", BLOCKS, \
        "Waits for a message. A caller that was received before and not answered gets ERROR_PEER_DIED.") \
    MESSAGE(2, ipc_reply, 2, "unused: value, tag: tag", \
        "INVALID: the tag has no bits but those of MESSAGE_TAG_MASK, and neither the poll nor the deadline; " \
        "INVALID: the thread has a message buffer, if the tag announces bytes or handles; " \
        "TOO_LONG: the message has at most MESSAGE_BYTES_MAX bytes and MESSAGE_HANDLES_MAX handles; " \
        "FAULT: what the tag announces of the message buffer can be read; " \
        "NOT_FOUND: the thread has received a message whose caller has had no answer, and holds the right to answer; " \
        "PEER_DIED: the caller still waits for the answer", \
        "0", "INVALID SYS0010, TOO_LONG SYS0092, FAULT SYS0092, NOT_FOUND SYS0008, PEER_DIED SYS0008, NO_MEMORY", PROMPT, \
        "Answers the caller whose message the thread received last.") \
    MESSAGE(3, ipc_reply_receive, 2, "endpoint: handle endpoint RECEIVE, tag: tag", \
        "INVALID: the tag has no bits but those of MESSAGE_TAG_MASK, and not both the poll and the deadline; " \
        "INVALID: the thread has a message buffer, if the tag announces bytes, handles or a deadline; " \
        "TOO_LONG: the message has at most MESSAGE_BYTES_MAX bytes and MESSAGE_HANDLES_MAX handles; " \
        "FAULT: what the tag announces of the message buffer can be read; " \
        "NOT_FOUND: the thread has received a message whose caller has had no answer, and holds the right to answer; " \
        "FAULT: the message buffer can be written, if the message that comes has bytes or handles; " \
        "QUOTA: the task has room for the handles of the message that comes; " \
        "AGAIN: with the poll, a caller waits already; " \
        "PEER_DIED: a handle with the right to send to the endpoint is open", \
        "0", "INVALID SYS0092, TOO_LONG SYS0092, FAULT SYS0092, NOT_FOUND SYS0008, AGAIN SYS0005, TIMEOUT SYS0005, PEER_DIED SYS0006, KILLED SYS0093 ENDS, NO_MEMORY, QUOTA SYS0012", BLOCKS, \
        "Answers the caller whose message the thread received last, and waits for the next message. It is no error if that caller is gone.") \
    MESSAGE(4, reply_answer, 2, "reply: handle reply SEND, tag: tag", \
        "INVALID: the tag has no bits but those of MESSAGE_TAG_MASK, and neither the poll nor the deadline; " \
        "INVALID: the thread has a message buffer, if the tag announces bytes or handles; " \
        "TOO_LONG: the message has at most MESSAGE_BYTES_MAX bytes and MESSAGE_HANDLES_MAX handles; " \
        "FAULT: what the tag announces of the message buffer can be read; " \
        "NOT_FOUND: nobody has answered by this reply object yet; " \
        "PEER_DIED: the caller still waits for the answer", \
        "0", "INVALID SYS0092, TOO_LONG SYS0092, FAULT SYS0092, NOT_FOUND SYS0008, PEER_DIED SYS0008, NO_MEMORY", PROMPT, \
        "Answers the caller whose reply handle this is, once.") \
    PAIR(5, notification_wait, 2, "notification: handle notification RECEIVE, deadline: deadline", \
        "AGAIN: if it shall not wait, a bit is set; " \
        "PEER_DIED: a bit is set, or somebody can still set one", \
        "0; the bits that were set", "AGAIN SYS0009, TIMEOUT SYS0009, PEER_DIED SYS0009, KILLED SYS0093 ENDS", BLOCKS, \
        "Waits until a bit is set, takes all bits and clears them.") \
    CALL(6, null, 0, "", "", "0", "", PROMPT, \
        "Does nothing. It measures the way into the kernel and back.") \
    CALL(7, thread_yield, 0, "", "", "0", "", PROMPT, \
        "Lets other ready threads of the caller's priority run first.") \
    CALL(8, clock_read, 0, "", "", "the time since the start, in nanoseconds", "", PROMPT, \
        "Reads the clock.") \
    CALL(9, handle_close, 1, "handle: handle any", "", "0", "", PROMPT, \
        "Closes a handle. The last handle of an object ends what waits for it.") \
    CALL(10, handle_duplicate, 2, "handle: handle any DUPLICATE, rights: rights", \
        "INVALID: the rights are bits of RIGHTS_ALL; " \
        "NO_RIGHT: the handle has each of these rights; " \
        "QUOTA: the caller's task has room for a handle", \
        "the new handle", "INVALID SYS0003, QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Opens another handle to the object, with the same badge and with these rights, none of which the handle may lack.") \
    CALL(11, message_buffer_set, 1, "buffer: address", \
        "FAULT: the whole buffer lies at user addresses, or the address is 0", \
        "0", "FAULT SYS0011", PROMPT, \
        "Names the thread's message buffer, a struct message_buffer of lib/abi.h; 0: none.") \
    CALL(12, endpoint_create, 0, "", \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Creates an endpoint.") \
    CALL(13, endpoint_badge, 3, "endpoint: handle endpoint RECEIVE, badge: bits, rights: rights", \
        "INVALID: the rights are of SEND, DUPLICATE and TRANSFER; " \
        "NO_RIGHT: the handle has each of these rights; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "the new handle", "INVALID SYS0003, QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Opens a handle for a caller, with a badge that tells the receiver who sends. Rights are SEND, DUPLICATE and TRANSFER.") \
    CALL(14, reply_take, 0, "", \
        "NOT_FOUND: the thread has received a message whose caller has had no answer, and holds the right to answer; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with the rights SEND and TRANSFER", "NOT_FOUND SYS0008, QUOTA SYS0084, NO_MEMORY", PROMPT, \
        "Turns the right to answer the caller whose message the thread received last into a handle.") \
    CALL(15, reply_fault, 1, "status: value", \
        "NOT_FOUND: the thread has received a message whose caller has had no answer, and holds the right to answer; " \
        "PEER_DIED: the caller still waits for the answer", \
        "0", "NOT_FOUND SYS0008, PEER_DIED SYS0008", PROMPT, \
        "Ends the caller whose message the thread received last, with a status, because it broke the protocol.") \
    CALL(16, notification_create, 0, "", \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Creates a notification with no bit set.") \
    CALL(17, notification_signal, 2, "notification: handle notification SEND, bits: bits", "", "0", "", PROMPT, \
        "Sets bits of a notification and wakes the thread that has waited longest.") \
    CALL(18, timer_create, 2, "notification: handle notification SEND, bits: bits", \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "QUOTA SYS0003, NO_MEMORY", PROMPT, \
        "Creates a timer that will set these bits of the notification.") \
    CALL(19, timer_set, 2, "timer: handle timer WRITE, at: value", "", "0", "", PROMPT, \
        "Sets the clock time, in nanoseconds, at which the timer signals, in place of an earlier setting.") \
    CALL(20, timer_cancel, 1, "timer: handle timer WRITE", "", "1 if a time was set that had not come, else 0", "", PROMPT, \
        "Cancels a timer's setting.") \
    CALL(21, log_write, 3, "log: handle log WRITE, text: in bytes, bytes: value", \
        "TOO_LONG: there are at most LOG_WRITE_BYTES_MAX bytes", \
        "0", "TOO_LONG SYS0030, FAULT SYS0030", PROMPT, \
        "Writes a line to the kernel's log. It has no line end; what is not printable ASCII becomes '?'.") \
    CALL(22, information_read, 3, "information: handle information READ, to: out bytes, bytes: value", "", "how many bytes were written", \
        "FAULT SYS0031", PROMPT, \
        "Reads struct information of lib/information.h, or as much of it as there is room for.") \
    CALL(23, interrupt_create, 4, "system: handle system MANAGE, line: value, notification: handle notification SEND, bits: bits", \
        "RANGE: the line is at most 15; " \
        "EXISTS: no interrupt object has the line; " \
        "NOT_FOUND: an I/O APIC serves the line; " \
        "BUSY: an interrupt vector is free; " \
        "UNSUPPORTED: the I/O APIC can name a processor of this machine; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "RANGE SYS0032, EXISTS SYS0032, NOT_FOUND SYS0101 DEVICE, BUSY, UNSUPPORTED, QUOTA SYS0032, NO_MEMORY", PROMPT, \
        "Lets the ISA line of a device, 0 to 15, set these bits of the notification. The line is masked from each signal until it is acknowledged.") \
    CALL(24, interrupt_acknowledge, 1, "interrupt: handle interrupt WRITE", "", "0", "", PROMPT, \
        "Unmasks the line. The driver of an edge-triggered device calls it before it serves the device, of a level-triggered one afterwards.") \
    CALL(25, ports_create, 4, "ports: handle ports DUPLICATE, first: value, count: value, rights: rights", \
        "INVALID: the rights are bits of RIGHTS_ALL; " \
        "NO_RIGHT: the handle has each of these rights; " \
        "RANGE: there is at least one port, and all are in the range of the handle; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with these rights", "INVALID SYS0033, RANGE SYS0033, QUOTA SYS0033, NO_MEMORY", PROMPT, \
        "Makes a range of some of the ports of another range, with rights that the handle has.") \
    CALL(26, port_read, 3, "ports: handle ports READ, port: value, width: value", \
        "INVALID: the width is 1, 2 or 4; " \
        "RANGE: each byte of the access is in the range of the handle", \
        "the value", "INVALID SYS0033, RANGE SYS0033", PROMPT, \
        "Reads an I/O port, 1, 2 or 4 bytes wide.") \
    CALL(27, port_write, 4, "ports: handle ports WRITE, port: value, width: value, value: value", \
        "INVALID: the width is 1, 2 or 4; " \
        "INVALID: the value fits into the width; " \
        "RANGE: each byte of the access is in the range of the handle", \
        "0", "INVALID SYS0033, RANGE SYS0033", PROMPT, \
        "Writes an I/O port, 1, 2 or 4 bytes wide.") \
    CALL(28, task_create, 3, "name: in bytes, bytes: value, frames: value", \
        "TOO_LONG: the name has fewer than TASK_NAME_BYTES bytes; " \
        "QUOTA: the number of frames is TASK_FRAMES_MOST, or at most what the caller's task may own; " \
        "QUOTA: the budget of the caller's task, and each one around it, has room for a task and its first frame; " \
        "QUOTA: a budget that begins here lies in fewer than 16 others; " \
        "PEER_DIED: the budget of the caller's task, and each one around it, has not been ended; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "TOO_LONG SYS0040, FAULT SYS0040, QUOTA SYS0094, PEER_DIED SYS0102 ENDED, NO_MEMORY", PROMPT, \
        "Creates a task without threads, mappings and handles, in the budget of the caller's task. It may own as many frames as the caller's task. If the number is not 0, it begins a budget of so many within the caller's, for it and the tasks that it creates; with TASK_FRAMES_MOST, of seven eighths of what the caller's task may, as of tasks and threads. Its other limits are those of the caller's task.") \
    CALL(29, task_kill, 2, "task: handle task MANAGE, status: value", "", "0", "", PROMPT, \
        "Ends a task and all of its threads. The first status counts.") \
    CALL(30, task_exit, 1, "status: value", "", "does not return", "", PROMPT, \
        "Ends the caller's task.") \
    CALL(31, task_wait, 3, "task: handle task READ, deadline: deadline, status: out 8", "", "0", \
        "TIMEOUT SYS0041, KILLED SYS0093 ENDS, FAULT SYS0041", BLOCKS, \
        "Waits until a task has ended and what it owned is free, and writes its status, 64 bits with sign, unless the address is 0.") \
    CALL(32, thread_create, 4, "task: handle task MANAGE, priority: value, affinity: bits, flags: bits", \
        "RANGE: the priority is not above the caller's own; " \
        "INVALID: no flag but THREAD_FPU is set; " \
        "PEER_DIED: the task has not ended; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "RANGE SYS0042, INVALID SYS0042, PEER_DIED SYS0042, QUOTA SYS0042, NO_MEMORY", PROMPT, \
        "Creates a thread of a task, with a priority that is not above the caller's, for the CPUs of these bits; 0: all. With the flag THREAD_FPU it may use x87, SSE and AVX.") \
    CALL(33, thread_start, 4, "thread: handle thread MANAGE, entry: address, stack: address, argument: value", \
        "RANGE: the entry is a user address; " \
        "EXISTS: the thread was not started before; " \
        "PEER_DIED: the thread and its task have not ended; " \
        "INVALID: a processor of the thread's affinity runs; " \
        "QUOTA: the thread's task and its budgets have room for a running thread; " \
        "QUOTA: the caller's task is within its limit of kernel stack pages", \
        "0", "RANGE SYS0042, EXISTS SYS0042, PEER_DIED SYS0042, INVALID SYS0042, QUOTA SYS0042, NO_MEMORY", PROMPT, \
        "Starts a thread at an address, with its stack pointer and with the argument in RDI.") \
    CALL(34, thread_exit, 1, "status: value", "", "does not return", "", PROMPT, \
        "Ends the calling thread; the last thread ends its task with this status.") \
    CALL(35, thread_kill, 1, "thread: handle thread MANAGE", "", "0", "", PROMPT, \
        "Ends a thread.") \
    CALL(36, thread_wait, 3, "thread: handle thread READ, deadline: deadline, status: out 8", \
        "INVALID: the thread is not the caller itself", \
        "0", "TIMEOUT SYS0042, INVALID TSK0007, KILLED SYS0093 ENDS, FAULT SYS0042", BLOCKS, \
        "Waits until a thread has ended, and writes its status, 64 bits with sign, unless the address is 0.") \
    CALL(37, thread_priority_set, 2, "thread: handle thread MANAGE, priority: value", \
        "RANGE: the priority is not above the caller's own", \
        "0", "RANGE SYS0042", PROMPT, \
        "Sets a thread's priority, which is not above the caller's.") \
    CALL(38, thread_pointer_set, 1, "address: address", \
        "RANGE: the address is a user address or 0", \
        "0", "RANGE SYS0042", PROMPT, \
        "Sets the calling thread's FS base, for thread-local storage.") \
    CALL(39, handle_grant, 3, "task: handle task MANAGE, handle: handle any TRANSFER, rights: rights", \
        "INVALID: the rights are bits of RIGHTS_ALL; " \
        "NO_RIGHT: the handle has each of these rights; " \
        "PEER_DIED: the task has not ended; " \
        "QUOTA: that task has room for a handle", \
        "the handle's number in that task", "INVALID SYS0043, PEER_DIED SYS0043, QUOTA SYS0043, NO_MEMORY", PROMPT, \
        "Opens a handle to the object in the table of a task, with these rights, none of which the caller's handle may lack.") \
    CALL(40, thread_suspend, 2, "thread: handle thread MANAGE, deadline: deadline", \
        "PEER_DIED: the thread has not ended", \
        "0", "TIMEOUT SYS0044, PEER_DIED SYS0044, KILLED SYS0044 ENDS", BLOCKS, \
        "Stops a thread on its way to user mode, and waits until it has stopped. A thread that waits in a call stops when its wait has ended. After a timeout it stays suspended.") \
    CALL(41, thread_resume, 1, "thread: handle thread MANAGE", "", "0", "", PROMPT, \
        "Lets a suspended thread go on.") \
    CALL(42, thread_registers_read, 2, "thread: handle thread MANAGE, registers: out 152", \
        "AGAIN: the thread has stopped; " \
        "PEER_DIED: the thread has not ended", \
        "0", "AGAIN SYS0044, PEER_DIED SYS0044, FAULT SYS0044", PROMPT, \
        "Writes struct thread_registers of lib/abi.h, of a thread that has stopped.") \
    CALL(43, thread_registers_write, 2, "thread: handle thread MANAGE, registers: in 152", \
        "AGAIN: the thread has stopped; " \
        "PEER_DIED: the thread has not ended; " \
        "RANGE: RIP and FS base are user addresses", \
        "0", "AGAIN SYS0044, PEER_DIED SYS0044, RANGE SYS0044, FAULT SYS0044", PROMPT, \
        "Sets the registers of a thread that has stopped. RIP and FS base are user addresses; of RFLAGS it takes what user mode may set, and RF.") \
    CALL(44, memory_create, 2, "task: handle task MANAGE, bytes: value", \
        "INVALID: the number of bytes is whole pages, and not 0; " \
        "RANGE: there are at most 2^30 pages; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "INVALID SYS0050, RANGE SYS0050, QUOTA SYS0050, NO_MEMORY", PROMPT, \
        "Creates memory of whole pages, which are zero and get frames as they are touched. The frames are charged to the task.") \
    CALL(45, memory_clone, 2, "task: handle task MANAGE, memory: handle memory READ", \
        "UNSUPPORTED: the memory is not of physical addresses; " \
        "BUSY: no page of the memory is being copied, and no other clone of it made; " \
        "QUOTA: the task may own as many frames more as the memory has; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "UNSUPPORTED SYS0052, BUSY, QUOTA SYS0051, NO_MEMORY", PROMPT, \
        "Creates memory with the content that another one has now, by copy-on-write. Its frames are charged to the task, those that it shares as well. ERROR_BUSY: a page is being copied, or another clone made; try again.") \
    CALL(46, memory_physical, 3, "system: handle system MANAGE, base: value, bytes: value", \
        "INVALID: the base and the number of bytes are whole pages, and the number is not 0; " \
        "RANGE: the range lies within the physical addresses of the processor, and has at most 2^30 pages; " \
        "EXISTS: the range has no RAM and no registers that the kernel uses; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "INVALID SYS0052, RANGE SYS0052, EXISTS SYS0052, QUOTA SYS0052, NO_MEMORY", PROMPT, \
        "Makes memory of a range of physical addresses, for drivers: not cached, without RAM, and without registers that the kernel uses.") \
    CALL(47, memory_map, 3, "task: handle task MANAGE, memory: handle memory READ, mapping: in 32", \
        "INVALID: address, offset and bytes of the mapping are whole pages, and the bytes are not 0; " \
        "INVALID: the rights of the mapping are none, or READ with at most one of WRITE and EXECUTE, and perhaps MEMORY_MAP_STACK; " \
        "NO_RIGHT: the memory's handle has the rights of the mapping; " \
        "RANGE: the part to map lies within the memory; " \
        "RANGE: the range, with the guard of a stack, lies at user addresses, or some are free if the kernel shall choose; " \
        "EXISTS: nothing is mapped in the range yet; " \
        "QUOTA: the task has room for a mapping, or for two if one is the guard of a stack; " \
        "QUOTA: the caller's task is within its limit of kernel stack pages; " \
        "PEER_DIED: the task has not ended", \
        "the address", "INVALID SYS0053, RANGE SYS0053, EXISTS SYS0053, QUOTA SYS0053, PEER_DIED SYS0053, FAULT SYS0053, NO_MEMORY", PROMPT, \
        "Maps memory into a task as struct memory_mapping of lib/abi.h says, with rights that the memory's handle has. Later it gets no others.") \
    CALL(48, memory_unmap, 3, "task: handle task MANAGE, address: address, bytes: value", \
        "INVALID: the address and the number of bytes are whole pages, and the number is not 0; " \
        "RANGE: the range lies at user addresses; " \
        "NOT_FOUND: something is mapped in the range; " \
        "QUOTA: the task has room for a mapping more at each end of the range that lies within one; " \
        "PEER_DIED: the task has not ended", \
        "0", "INVALID SYS0054, RANGE SYS0054, NOT_FOUND SYS0054, QUOTA SYS0054, PEER_DIED SYS0054, NO_MEMORY", PROMPT, \
        "Unmaps what is mapped in a range of a task. When it returns, no processor accesses it any more.") \
    CALL(49, memory_protect, 4, "task: handle task MANAGE, address: address, bytes: value, rights: rights", \
        "INVALID: the address and the number of bytes are whole pages, and the number is not 0; " \
        "RANGE: the range lies at user addresses; " \
        "INVALID: the rights are none, or READ with at most one of WRITE and EXECUTE; " \
        "NOT_FOUND: memory is mapped in the whole range; " \
        "NO_RIGHT: the memory's handle had these rights when it was mapped; " \
        "QUOTA: the task has room for a mapping more at each end of the range that lies within one; " \
        "PEER_DIED: the task has not ended", \
        "0", "INVALID SYS0054, RANGE SYS0054, NOT_FOUND SYS0054, QUOTA SYS0054, PEER_DIED SYS0054, NO_MEMORY", PROMPT, \
        "Gives a range of a task, all of which is mapped, other rights: those of struct memory_mapping. When it returns, a right that was taken away is gone on all processors.") \
    CALL(50, memory_commit, 3, "memory: handle memory WRITE, offset: value, bytes: value", \
        "INVALID: the offset and the number of bytes are whole pages, and the number is not 0; " \
        "RANGE: the part lies within the memory; " \
        "QUOTA: the task that the memory is charged to may own as many frames more as are missing; " \
        "QUOTA: the caller's task is within its limit of kernel stack pages", \
        "0", "INVALID SYS0055, RANGE SYS0055, QUOTA SYS0055, NO_MEMORY", PROMPT, \
        "Gives pages of memory their frames now, so that a later touch cannot fail for want of one.") \
    CALL(51, information_list, 5, "information: handle information READ, kind: value, from: value, to: out bytes, bytes: value", \
        "INVALID: the kind is one of lib/information.h", \
        "how many bytes were written, 0 behind the last record", "INVALID INF0001, FAULT INF0001, NO_MEMORY", PROMPT, \
        "Reads records of a kind of lib/information.h, as many whole ones as there is room for, from an id or a number on.") \
    CALL(52, log_read, 4, "log: handle log READ, from: value, to: out bytes, bytes: value", \
        "INVALID: there is room for LOG_READ_BYTES_MIN", \
        "how many bytes were written", "INVALID LOG0021, FAULT LOG0021, NO_MEMORY", PROMPT, \
        "Reads whole lines of the kernel's log from a position on, 0 for the oldest, behind a struct log_chunk of lib/abi.h, which says where to go on and how many lines were lost. There must be room for LOG_READ_BYTES_MIN.") \
    CALL(53, system_control, 2, "system: handle system WRITE, action: value", \
        "INVALID: the action is one of lib/abi.h", \
        "0, if it returns", "INVALID SYS0070", PROMPT, \
        "Switches the machine off, starts it anew, or gives the console to the monitor: SYSTEM_... of lib/abi.h.") \
    CALL(54, console_take, 5, "system: handle system WRITE, notification: handle notification SEND, text: bits, interrupt: bits, change: bits", \
        "NOT_FOUND: the machine has a serial port or a screen; " \
        "EXISTS: no program has the console; " \
        "QUOTA: the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle with all rights", "EXISTS SYS0071, NOT_FOUND SYS0100 DEVICE, QUOTA SYS0071, NO_MEMORY", PROMPT, \
        "Hands the first serial port, the screen and the keyboard over to the caller until the handle is closed. The notification gets one of these bits when there is text, when a device interrupts, and when the monitor takes the console or gives it back.") \
    CALL(55, console_read, 3, "port: handle console READ, to: out bytes, bytes: value", \
        "AGAIN: the monitor does not have the console", \
        "how many bytes were written", "AGAIN SYS0071, FAULT SYS0071", PROMPT, \
        "Takes text that the kernel wants to be shown, which the caller now shows.") \
    CALL(56, task_limits_set, 4, "task: handle task MANAGE, threads: value, handles: value, stack_pages: value", \
        "QUOTA: no limit is above that of the caller's task", \
        "0", "QUOTA UTH0006", PROMPT, \
        "Sets how many threads, handles and pages of kernel stacks a task may have, at most as many as the caller's task may; 0 leaves a limit as it is. Stack pages are counted after they were filled: beyond the limit, calls that allocate are refused.") \
    CALL(57, task_handler_set, 2, "task: handle task MANAGE, endpoint: handle endpoint SEND", \
        "PEER_DIED: the task has not ended", \
        "0", "PEER_DIED SYS0045", PROMPT, \
        "Has exceptions of the task's threads told to an endpoint, as lib/fault_message.h says; 0: to nobody.") \
    CALL(58, memory_map_paged, 5, "task: handle task MANAGE, memory: handle memory READ, mapping: in 32, pager: handle endpoint SEND, limit: value", \
        "INVALID: address, offset and bytes of the mapping are whole pages, and the bytes are not 0; " \
        "INVALID: the rights of the mapping are none, or READ with at most one of WRITE and EXECUTE, and perhaps MEMORY_MAP_STACK; " \
        "NO_RIGHT: the memory's handle has the rights of the mapping; " \
        "RANGE: the part to map lies within the memory; " \
        "RANGE: the range, with the guard of a stack, lies at user addresses, or some are free if the kernel shall choose; " \
        "EXISTS: nothing is mapped in the range yet; " \
        "QUOTA: the task has room for a mapping, or for two if one is the guard of a stack; " \
        "QUOTA: the caller's task is within its limit of kernel stack pages; " \
        "PEER_DIED: the task has not ended", \
        "the address", "INVALID SYS0056, RANGE SYS0056, EXISTS SYS0056, QUOTA SYS0056, PEER_DIED SYS0056, FAULT SYS0056, NO_MEMORY", PROMPT, \
        "Maps memory as memory_map() does, with a pager: an endpoint that supplies the pages as lib/fault_message.h says. A thread waits so many nanoseconds for it; 2^64-1: no limit.") \
    CALL(59, stack_descend, 4, "information: handle information READ, way: value, bytes: value, descent: out 128", \
        "RANGE: the way is one of enum stack_descent_way, with at most one flag, and with none for the sort; " \
        "RANGE: a kernel stack has room for so many bytes; " \
        "QUOTA: the caller's task is within its limit of kernel stack pages", \
        "0", "RANGE UTH0021, QUOTA UTH0021, FAULT UTH0021", PROMPT, \
        "Goes down the caller's kernel stack, so that it grows by page faults, and writes struct stack_descent of lib/abi.h. The ways are those of enum stack_descent_way, and may have one of the flags STACK_DESCENT_INTERRUPTS_OFF and STACK_DESCENT_LOCK_HELD.") \
    CALL(60, console_describe, 2, "port: handle console READ, devices: out 48", \
        "QUOTA: if there is a screen, the caller's task has room for a handle and is within its limit of kernel stack pages", \
        "a handle to the memory of the screen, or 0", "FAULT SYS0072, QUOTA SYS0072, NO_MEMORY", PROMPT, \
        "Writes struct console_devices of lib/abi.h, and opens a handle to the memory of the screen, if there is one.") \
    CALL(61, task_budget_set, 4, "task: handle task MANAGE, tasks: value, threads: value, reserve: value", \
        "INVALID: the task began a budget; " \
        "QUOTA: there are at most as many tasks and threads as in the budget of the caller's task, and the reserve is at most the frames of the budget", \
        "0", "INVALID SYS0090, QUOTA SYS0090", PROMPT, \
        "Sets how many tasks and threads there may be in the budget that a task began, at most as many as in the caller's, and how many of its frames budgets within it cannot have; 0 leaves a limit as it is.") \
    CALL(62, task_family_kill, 2, "task: handle task MANAGE, status: value", \
        "INVALID: the task began a budget", \
        "0", "INVALID SYS0090", PROMPT, \
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
