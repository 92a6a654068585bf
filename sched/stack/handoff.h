/*
 * Stack handoff (ipc=handoff): a thread that waits in a message call keeps no stack. What it needs
 * to go on is a few registers of user mode and the address of a continuation, which its struct
 * stack_handoff keeps. Such a thread is handed: THREAD_PENDING_HANDED.
 *
 * A handed thread owns a slot without pages, so it misses 4 pages, as a thread that was swapped out
 * entirely, and THREAD_PENDING_SWAPPED is set, too. There are three ways to and from that state:
 *
 *   handoff_exchange()   a direct switch from a thread that is about to wait to a handed one: the
 *                        two threads exchange their slots. The CPU stays on the same stack.
 *   handoff_prepare(), schedule_give()
 *                        a thread waits, and the next thread has a stack: the waiting thread gets
 *                        an empty slot, and its stack goes to the cache of whole stacks once the
 *                        CPU has left it.
 *   handoff_take()       a handed thread was woken in any other way: by a message of the slow path,
 *                        a deadline, a kill, the end of the other side. It passed the gate, with
 *                        four pages. It gets a stack of the cache, or a page for the slot it has.
 *
 * No page-table entry changes, but for that page: the holes of a stack name its slot, not a thread.
 * All of it happens under the lock of the run queue that the thread belongs to.
 */
#pragma once

#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "mm/stack/stack_use.h"
#include "sched/core/direct_switch.h"

struct stack_handoff {
    /* The user's registers that a message call keeps, while the thread is handed. */
    uint64_t rbx, rbp, r14, r15;
    uint64_t rip, cs, rflags, rsp, ss;
    /* Where the thread goes on: with RSP at its frame, and as thread_switch returns. */
    void (*continuation)(void);
    uintptr_t *stack_top;  /* where the top of the thread's stack is noted */
    struct thread *thread; /* the thread that gives its stack, from schedule_give() on */
    uint32_t slot;         /* the empty slot that it gets */
};

/* Bytes of a sleeping thread's stack from its saved RSP up: a switch_frame and the user's frame. */
#define HANDOFF_LIVE_BYTES (sizeof(struct switch_frame) + USER_FRAME_ROOM)

/* Each CPU's, written with interrupts off. */
struct handoff_counts {
    uint64_t exchanged; /* direct switches that handed the stack over */
    uint64_t given;     /* stacks that went to the cache */
    uint64_t cached;    /* woken threads that got a stack of the cache */
    uint64_t filled;    /* woken threads that got a page for their slot */
};

DECLARE_PER_CPU(struct handoff_counts, handoff_counts);

/* Adds up the counts of all CPUs. Context: ANY. Not exact while they change. */
void handoff_counts_read(struct handoff_counts *counts);

/* Returns how many threads are handed now. Context: ANY. Not exact while it changes. */
int64_t handoff_threads(void);

/*
 * Prepares the calling thread to give its stack away: sets an empty slot aside for it. Returns
 * false if there is none, or if the stack must stay as it is. Context: ATOMIC.
 */
must_check bool handoff_prepare(struct stack_handoff *own);

/* Undoes handoff_prepare(), for a thread that was woken before it slept. Context: ATOMIC. */
void handoff_cancel(struct stack_handoff *own);

/* Keeps the registers that the user's frame holds. Context: ATOMIC, interrupts off. */
static always_inline void handoff_keep(struct stack_handoff *own, const struct trap_frame *frame)
{
    own->rbx = frame->rbx;
    own->rbp = frame->rbp;
    own->r14 = frame->r14;
    own->r15 = frame->r15;
    own->rip = frame->rip;
    own->cs = frame->cs;
    own->rflags = frame->rflags;
    own->rsp = frame->rsp;
    own->ss = frame->ss;
}

/* Puts them back. */
static always_inline void handoff_restore(const struct stack_handoff *own, struct trap_frame *frame)
{
    frame->rbx = own->rbx;
    frame->rbp = own->rbp;
    frame->r14 = own->r14;
    frame->r15 = own->r15;
    frame->rip = own->rip;
    frame->cs = own->cs;
    frame->rflags = own->rflags;
    frame->rsp = own->rsp;
    frame->ss = own->ss;
}

/* The pending bits of a thread that is handed and has no other work. */
#define HANDED_BITS (THREAD_PENDING_SWAPPED | THREAD_PENDING_HANDED)

/* Returns whether a thread is handed. Context: ATOMIC, the lock of its run queue held. */
static always_inline bool is_handed(const struct thread *thread)
{
    return (thread->pending & THREAD_PENDING_HANDED) != 0;
}

/* As direct_switch_check(), for a thread that is handed. The stack in use stays covered. */
static always_inline enum direct_refusal handoff_check(struct run_queue *queue, struct thread *from,
                                                       struct thread *to, unsigned priority)
{
    if (unlikely(from->kill_wanted)) {
        return DIRECT_KILLED;
    }
    if (unlikely(to->state != THREAD_BLOCKED || to->cpu != cpu_number())) {
        return DIRECT_ELSEWHERE;
    }
    if (unlikely((to->pending & ~(HANDED_BITS | THREAD_PENDING_PAGES)) != 0 ||
                 (from->stack_pins | from->stack_reservations) != 0)) {
        return DIRECT_PENDING;
    }
    if (unlikely(this_cpu(reschedule_wanted)) || unlikely(queue->ready_bits >> priority > 1)) {
        return DIRECT_PRIORITY;
    }
    if (unlikely(this_cpu(magazine).taken != 0)) {
        /* Notes how deep the stack is, and refills. The answer is about two stacks. */
        ignore_result(direct_switch_gate_pass(from, to));
    }
    return DIRECT_POSSIBLE;
}

/*
 * direct_switch_begin() if threads may be handed. Context: as there.
 */
static always_inline must_check enum direct_refusal handoff_switch_begin(struct run_queue *queue,
                                                                         struct thread *from,
                                                                         struct thread *to,
                                                                         unsigned priority)
{
    spinlock_take(&queue->lock); /* not counted: interrupts stay off until it is released */
    enum direct_refusal refusal = is_handed(to) ? handoff_check(queue, from, to, priority)
                                                : direct_switch_check(queue, from, to, priority);
    if (unlikely(refusal != DIRECT_POSSIBLE)) {
        spinlock_pass(&queue->lock);
    }
    return refusal;
}

/*
 * Makes the calling thread `from` handed, and gives its stack to the handed thread `to`. `own` is
 * the caller's, `frame` its user frame, which becomes that of `to`: it has the words of the message
 * already. After that the caller loads what `to` needs in user mode, and calls
 * handoff_exchange_end(). Context: ATOMIC, interrupts off, after handoff_switch_begin().
 */
static always_inline void handoff_exchange(struct thread *from, struct thread *to,
                                           struct stack_handoff *own, struct trap_frame *frame,
                                           void (*continuation)(void))
{
    struct stack_handoff *theirs = to->stack_saved;
    direct_switch_states(from, to);
    handoff_keep(own, frame);
    handoff_restore(theirs, frame);
    own->continuation = continuation;

    uint32_t slot = from->slot;
    from->slot = to->slot;
    to->slot = slot;
    to->stack_hole = from->stack_hole;
    from->stack_saved = own;
    from->saved_rsp = to->saved_rsp;
    uintptr_t top = *own->stack_top;
    *own->stack_top = *theirs->stack_top;
    *theirs->stack_top = top;
    from->pending |= to->pending;
    to->pending = 0;
    this_cpu_pointer(handoff_counts)->exchanged++;
}

/*
 * Ends such a switch. The caller goes on as the thread `to`, on the same stack. Context: ATOMIC,
 * interrupts off, run-queue lock held, which it releases.
 */
static always_inline void handoff_exchange_end(struct run_queue *queue,
                                               struct thread *from maybe_unused, struct thread *to)
{
    queue->current = to;
    queue->switches++;
    this_cpu(thread_running) = to;
    depth_sections_switch(from, to);
    finish_switch((struct switch_handover){to->stack_hole, queue});
}

/*
 * Gives a stack to a handed thread that was woken and passed the gate. The caller then does the
 * rest of its pending work. Context: ATOMIC, interrupts off, this CPU's run-queue lock held.
 */
void handoff_take(struct thread *thread);

/*
 * Notes that the calling thread gives its stack in the switch that follows. Context: ATOMIC,
 * interrupts off, run-queue lock held.
 */
void handoff_give(struct stack_handoff *own);

/*
 * Makes the thread handed that gave its stack in the switch that ends, if there is one. Returns the
 * slot that nobody owns any more, for stack_destroy(); STACK_SLOT_NONE: none. Context: ATOMIC,
 * interrupts off, run-queue lock held.
 */
uint32_t handoff_given(void);
