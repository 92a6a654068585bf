/*
 * The C side of event entry, and the handlers that upper layers register. All functions that
 * entry.asm calls run with interrupts off. They run on an entry stack, except entry_thread(),
 * entry_user_page_fault() and entry_continue(), which run on the kernel stack of the interrupted
 * thread.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/entry/vectors.h"

/*
 * Hook: the first handler of every page fault, called by entry.asm. It passes faults that it does
 * not serve to entry_page_fault(), which is the handler until the hook is set. Returns NULL to
 * return through the frame, or the frame's copy on the thread's stack. Context: ENTRY (#PF stack).
 */
extern struct trap_frame *(*page_fault_handler)(struct trap_frame *frame);

/*
 * Hook: code that entry.asm jumps to first at a page fault of ring 0. It serves the fault and
 * returns from it by IRETQ, or jumps to entry_page_fault_finish. Until the hook is set it is
 * entry_page_fault_whole(). Context: ENTRY (#PF stack), no C.
 */
extern void (*page_fault_short_path)(void);

/* The whole path of a page fault, in entry.asm, which calls page_fault_handler. Not for C code. */
void entry_page_fault_whole(void);

/*
 * Hook: the first handler of every page fault with FRED, which delivers the address in the frame.
 * Returns what page_fault_handler returns. Context: ENTRY (stack of level 1).
 */
extern struct trap_frame *(*fred_page_fault_handler)(struct trap_frame *frame);

/*
 * Handles a page fault at `address` that is not a stack fault. Returns the frame's copy on the
 * thread's stack, where entry_continue() goes on. Panics if an entry stack raised the fault.
 * Context: ENTRY.
 */
struct trap_frame *entry_page_fault(struct trap_frame *frame, uintptr_t address);

/*
 * Hook: handles a page fault that thread code may raise and that is no stack fault. Returns false
 * if the fault is fatal, as all are while no hook is set. Context: ATOMIC, interrupts off, on the
 * thread's stack.
 */
extern bool (*page_fault_thread_case)(struct trap_frame *frame);

/*
 * Hook: makes [address, address + bytes) of the current thread's stack present before a frame is
 * copied there. Returns false if part of it is guard: that is an overflow, and `frame` has been
 * changed to return to the thread's exit path. Context: ENTRY.
 */
extern bool (*entry_stack_fill)(struct trap_frame *frame, uintptr_t address, size_t bytes);

/* Hook: preempts the current thread. Context: ATOMIC, interrupts off, on the thread's stack. */
extern void (*entry_preempt)(void);

/*
 * Hook: the invariant build calls it before an entry stack is left for code that had interrupts on.
 * It panics unless the magazine covers the running thread (I3). Context: ENTRY.
 */
extern void (*entry_return_check)(void);

/*
 * A handler of one exception. Returns false if the exception is fatal. Context: ENTRY for NMI, #MC,
 * #DB and #DF; that of the interrupted code, interrupts off, for all others.
 */
typedef bool (*exception_handler)(struct trap_frame *frame);

/*
 * Registers a handler for an exception vector other than #PF; NULL removes it. Returns the handler
 * registered before. Context: ANY.
 */
exception_handler exception_handler_set(unsigned vector, exception_handler handler);

/* Returns the name of a vector, for messages; never NULL. Context: ANY. */
const char *vector_name(unsigned vector);

/*
 * Copies the frame to the stack of the thread that it interrupted and returns the copy. Returns
 * NULL if the stack has no room: then the overflow is handled and the frame is changed. Context:
 * ENTRY.
 */
struct trap_frame *entry_move_frame(struct trap_frame *frame);

/*
 * Handles an event that entered without an entry stack. Returns NULL: the event returns through the
 * frame. Context: that of the interrupted code, interrupts off. Called from assembly only.
 */
struct trap_frame *entry_thread(struct trap_frame *frame);

/*
 * Handles an interrupt. Returns NULL to return through the frame, or the frame's copy on the
 * thread's stack if the thread is to be preempted. Context: ENTRY. Called from assembly only.
 */
struct trap_frame *entry_interrupt(struct trap_frame *frame);

/* Handles an NMI. Returns NULL. Context: ENTRY, NMIs blocked. Called from assembly only. */
struct trap_frame *entry_nmi(struct trap_frame *frame);

/* Handles a machine check. Returns NULL, or panics. Context: ENTRY. Called from assembly only. */
struct trap_frame *entry_machine_check(struct trap_frame *frame);

/* Handles a debug exception. Returns NULL. Context: ENTRY. Called from assembly only. */
struct trap_frame *entry_debug(struct trap_frame *frame);

/* Reports a double fault. Never returns. Context: ENTRY. Called from assembly only. */
struct trap_frame *entry_double_fault(struct trap_frame *frame);

/*
 * Serves a page fault of ring 3. Context: ATOMIC, on the thread's stack, interrupts off. Called from
 * assembly, and by fred.c.
 */
void entry_user_page_fault(struct trap_frame *frame);

/*
 * Continues an event whose frame was moved: a preemption, or a page fault of thread code. Context:
 * ATOMIC, on the thread's stack, interrupts off. Called from assembly only.
 */
void entry_continue(struct trap_frame *frame);

/* The address range of the code in entry.asm, for tests. */
extern const char entry_path_begin[], entry_path_end[];
