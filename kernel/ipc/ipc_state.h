/*
 * The state that IPC keeps for each thread. Everything that other threads touch during a call lies
 * here and not on the thread's stack, so the stack of a thread that waits in IPC may be swapped
 * out.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "kernel/object/handle_table.h"
#include "sched/core/wait_queue.h"
#include "sched/stack/handoff.h"

/* The part of a message that does not fit into registers. Allocated by ipc_load_create(). */
struct message_load {
    struct handle_value handles[MESSAGE_HANDLES_MAX];
    unsigned handle_count; /* each counts in its object's handles */
    unsigned byte_count;
    uint8_t bytes[]; /* `byte_count` of them */
};

struct message {
    uint64_t words[MESSAGE_WORDS];
    uint64_t tag;
    uint64_t badge;            /* of the handle by which it was sent; 0 in answers */
    struct message_load *load; /* owned by the thread that has the message; NULL: none */
};

/*
 * The right to answer one call of one thread. It can be used once. It holds a reference to the
 * object around the caller's ipc_state, so the caller may end meanwhile.
 */
struct reply_right {
    struct ipc_state *caller; /* NULL: no right */
    uint64_t call;            /* caller->call at that time */
};

enum ipc_phase {
    IPC_IDLE,         /* the thread is in no call */
    IPC_SENDING,      /* it calls, and is in the endpoint's list of callers */
    IPC_AWAITS_REPLY, /* its message was received, and is to be answered */
    IPC_ANSWERED,     /* `message` and `result` are the answer */
    IPC_RECEIVING,    /* it waits for a call, in its own message call */
};

/*
 * The result of a wait if the message is in the trap frame of the thread: see in_frame in struct
 * ipc_state.
 */
#define IPC_IN_FRAME 1

/* What a thread needs that gives its stack away while it waits in a message call. */
struct ipc_handoff {
    struct stack_handoff stack; /* first: sched knows this part only */
    bool timed;                 /* its wait has a deadline */
    uint64_t deadline_ns;       /* of a receive */
};

struct ipc_state {
    /*
     * The message that the thread sends, then the one that it gets. While the thread waits in IPC,
     * the message belongs to the code that ends the wait; otherwise to the thread.
     */
    struct message message;

    /* Guarded by `lock`: the thread's own calls. Lock order: endpoint, this lock, timeouts. */
    struct spinlock lock;
    struct wait_queue queue;  /* the thread itself: its calls wait under `lock`, its receives under
                                the endpoint's lock */
    uint8_t phase;            /* enum ipc_phase */
    bool faulted;             /* the last call ended by ipc_reply_fault() */
    bool in_frame, in_kernel; /* not guarded: see below */
    int16_t result;           /* of the wait: OK or an error, set by the thread that ends it */
    uint8_t queued_at;        /* the priority that it was added to a queue of the endpoint with */
    /*
     * Written by the thread itself: it sleeps in ipc_call(), has given up what lay on its stack, and
     * has the reference to `calling` that the caller of ipc_call() took.
     */
    bool holds;
    int fault_status;        /* valid if `faulted` */
    uint32_t receive_handle; /* see `endpoint` */
    uint64_t call;           /* number of the thread's last call */

    struct list_node node;   /* in a queue of the endpoint, under the endpoint's lock */
    uint64_t receive_closes; /* see `endpoint` */
    struct thread *thread;   /* whose state it is; set when it first waits */

    /* For donations of priority, under `lock`: donation.c. */
    struct endpoint *calling; /* of its last ipc_call(): in whose queue it is in IPC_SENDING */
    struct ipc_state
        *answerer; /* the thread that has the right to answer: IPC_AWAITS_REPLY; or NULL */

    /*
     * Written by the thread itself. in_frame is true while the thread waits in a message call of its
     * own (kernel/syscall). Then a direct switch to the thread may write the message into the
     * registers that the user gets, and set `phase` to IPC_IDLE, under the lock of the thread's run
     * queue. in_kernel is true while it waits in a call that the kernel makes for it, in no wait
     * queue: a direct switch that ends the wait leaves the answer in `message`.
     */
    struct thread *sleeper; /* the thread, while it waits in no wait queue; else NULL */
    /*
     * The endpoint that the thread received from last in such a call; a reference. `receive_handle`
     * is a handle to it with RIGHT_RECEIVE. That handle was open when `closes` of the handle table
     * was `receive_closes`. As long as `closes` has not changed, no handle was closed, and the fast
     * path need not look the handle up. receive_closes 0: no such handle is known. Written by the
     * thread itself.
     */
    struct endpoint *endpoint;

    /* Written by the thread itself, or while it waits in a receive, by the caller that ends it. */
    struct reply_right right;

    /* For a thread with a user mode. */
    struct handle_table *handles; /* its task's */
    uintptr_t buffer;             /* user address of its struct message_buffer; 0: none */

    /* Constant. NULL: it keeps its stack, as every thread does with ipc=keep. */
    struct ipc_handoff *handoff;

    struct object *owner; /* the object that contains this; NULL: it outlives all rights */
};

/*
 * Wakes the thread that waits in IPC with this state. Context: IRQ, the lock that guards the wait
 * held.
 */
void ipc_state_wake(struct ipc_state *state);

/*
 * Prepares a thread's state, before its first use. `owner` is the object that contains it, or NULL.
 * Context: ANY.
 */
void ipc_state_init(struct ipc_state *state, struct object *owner);

/* ipc_state_init() for a state that is all zeroes already. Context: ANY. */
void ipc_state_init_zeroed(struct ipc_state *state, struct object *owner);

/*
 * Allocates a load for `bytes` bytes and no handles; the bytes have arbitrary content. Context:
 * THREAD. Errors: ERROR_NO_MEMORY; ERROR_TOO_LONG (more than MESSAGE_BYTES_MAX bytes).
 */
must_check int ipc_load_create(unsigned bytes, struct message_load **load);

/*
 * Takes one of the reserve (load_reserve.h) instead, for at most MESSAGE_BYTES_MAX bytes. Context:
 * ANY. Errors: ERROR_NO_MEMORY.
 */
must_check int ipc_load_take(unsigned bytes, bool may_take_all, struct message_load **load);

/* ipc_load_free() for a message that has a load. Context: THREAD. */
void ipc_load_free_present(struct message *message);

/*
 * Frees the message's load, if it has one, and closes the handles in it. In line, because most
 * messages have none. Context: THREAD.
 */
static inline_if_optimized void ipc_load_free(struct message *message)
{
    if (unlikely(message->load != NULL)) {
        ipc_load_free_present(message);
    }
}
