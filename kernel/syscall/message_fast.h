/* The fast path of message calls, and for each CPU how often it was left for which reason. */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/user_context.h"

/*
 * The functions of the fast path return this if they have not made the call. No system call returns
 * it.
 */
#define MESSAGE_FAST_LEFT SYSCALL_FAST_LEFT

enum message_fast_reason {
    MESSAGE_LEFT_TAG,    /* the message has bytes or handles, or the call polls or has a deadline */
    MESSAGE_LEFT_HANDLE, /* it names no endpoint, or lacks the right */
    MESSAGE_LEFT_NOBODY, /* no receiver waits, or there is no caller to answer */
    MESSAGE_LEFT_SLOW_WAIT,   /* the other thread waits with a deadline, or in kernel code */
    MESSAGE_LEFT_ENDPOINT,    /* the server receives from another endpoint than before */
    MESSAGE_LEFT_CALLERS,     /* calls wait for the server */
    MESSAGE_LEFT_CALLER_GONE, /* the caller does not wait for this answer any more */
    MESSAGE_LEFT_ELSEWHERE,   /* the other thread is on another CPU, or awake */
    MESSAGE_LEFT_PENDING,     /* the other thread moves, or is swapped out */
    MESSAGE_LEFT_PRIORITY,    /* a thread of higher priority is ready, or a reschedule is due */
    MESSAGE_LEFT_GATE,        /* the magazine does not cover both stacks */
    MESSAGE_LEFT_KILLED,      /* the calling thread is to end */
    MESSAGE_LEFT_REASONS
};

struct message_fast_counts {
    uint64_t left[MESSAGE_LEFT_REASONS];
    uint64_t by_frame; /* messages that the direct path left, and that went from frame to frame */
};

DECLARE_PER_CPU(struct message_fast_counts, message_fast_counts);

/* Returns a reason in words. Context: ANY. */
const char *message_fast_reason_text(enum message_fast_reason reason);

/*
 * Returns how often the fast path was left for a reason, on all CPUs together. May be out of date
 * when it is used. Context: ANY.
 */
uint64_t message_fast_left(enum message_fast_reason reason);

/*
 * Returns how many messages took the fast path from frame to frame, on all CPUs together, because
 * the direct path had left them (message_direct.h). May be out of date when it is used. Context:
 * ANY.
 */
uint64_t message_fast_by_frame(void);

/*
 * Make the system calls ipc_call and ipc_reply_receive if the fast path can. Then they return what
 * the call returns, and the registers that the caller gets are in its trap frame. Otherwise they
 * change nothing and return MESSAGE_FAST_LEFT. Context: ATOMIC, interrupts off, on an almost empty
 * kernel stack.
 */
int64_t message_fast_call(uint64_t handle, uint64_t tag);
int64_t message_fast_reply_receive(uint64_t handle, uint64_t tag);

/*
 * In place of a fast path for message calls that have none: returns MESSAGE_FAST_LEFT. Context:
 * ATOMIC.
 */
int64_t message_fast_none(uint64_t handle, uint64_t tag);
