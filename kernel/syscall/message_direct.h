/*
 * The direct path of message calls, which is assembly (message_direct.asm): a message whose words
 * stay in registers. It is the first try of a call; message_fast.h has the second one.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "sched/core/switch.h"

/* In syscall_direct_table. Context: ATOMIC, interrupts off, as user_context.h says. */
void message_direct_call(void);
void message_direct_reply_receive(void);

/* What stands for them with ipc=handoff: message_given.asm. A patch site leads there. */
void message_given_call(void);
void message_given_reply_receive(void);

/* Where a thread goes on that sleeps in a call, or a receive, of the direct path. */
typedef void (*message_direct_continuation)(void);
void message_direct_call_woken(void);
void message_direct_receive_woken(void);

/*
 * Complete the call or the receive of a thread that slept in the direct path and that a CPU has
 * switched to in the ordinary way. Return the result of the system call; interrupts are off then,
 * too. Context: ATOMIC, interrupts off, the end of a switch.
 */
int64_t message_call_woken(struct switch_handover handover);
int64_t message_receive_woken(struct switch_handover handover);

/*
 * Complete the call or the receive of a thread that had given its stack away, or what lay on it,
 * and that a CPU has switched to (message_handoff.c). Return the result of the system call; interrupts are off then,
 * too. Context: ATOMIC, interrupts off, the end of a switch.
 */
int64_t message_given_call_end(struct switch_handover handover);
int64_t message_given_receive_end(struct switch_handover handover);

/*
 * Goes to user mode as the thread that just got the caller's stack, with the registers in its frame
 * and this result. Not with FRED. Context: ATOMIC, interrupts off.
 */
noreturn_function void message_given_return(struct trap_frame *frame, int64_t result);
