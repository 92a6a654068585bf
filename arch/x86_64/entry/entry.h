/*
 * What lies between the CPU's entry and the handlers that upper layers register. The functions
 * called from entry.asm run on an entry stack (entry_thread: on the interrupted stack; and
 * entry_continue: on the thread's stack) with interrupts off.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"

/*
 * The first handler of every page fault, called by entry.asm on the page-fault entry stack: it may
 * neither fault nor wait. mm registers the stack fault here, which passes on what is not its case
 * to entry_page_fault(); until then that is the handler. Answers as all handlers of entry.asm do:
 * NULL to return through the frame, or the frame's copy on the thread's stack.
 */
extern struct trap_frame *(*page_fault_handler)(struct trap_frame *frame);

/* The same with FRED, which brings the address along in the frame. */
extern struct trap_frame *(*fred_page_fault_handler)(struct trap_frame *frame);

/* A page fault that is not a stack fault: legal only in thread code, handled on its stack. */
struct trap_frame *entry_page_fault(struct trap_frame *frame, uintptr_t address);

/*
 * All other cases, on the thread's stack, interrupts off; returns false if the fault is fatal.
 * Registered by the kernel layer.
 */
extern bool (*page_fault_thread_case)(struct trap_frame *frame);

/*
 * Makes [address, address + bytes) of the current thread's stack present before a frame is copied
 * there; false if part of it is guard: an overflow, which the handler has then already turned into
 * a frame to return through. Entry stack. Registered by mm.
 */
extern bool (*entry_stack_fill)(struct trap_frame *frame, uintptr_t address, size_t bytes);

/* Preempts the current thread, in its context, interrupts off. Registered by sched. */
extern void (*entry_preempt)(void);

/*
 * The invariant build calls this before an entry stack is left for code that had interrupts on:
 * what must hold for a running thread must hold there. Registered by mm.
 */
extern void (*entry_return_check)(void);

/* An exception by a handler of its own; false if it is fatal. Any exception but #PF. */
typedef bool (*exception_handler)(struct trap_frame *frame);

/* Registers a handler for an exception vector (not #PF); NULL takes it out. Returns the old one. */
exception_handler exception_handler_set(unsigned vector, exception_handler handler);

/* Name of a vector, for messages. */
const char *vector_name(unsigned vector);

/* Copies the frame to the stack of the thread that it interrupted; NULL if there is no room. */
struct trap_frame *entry_move_frame(struct trap_frame *frame);

/* Called from entry.asm only. */
struct trap_frame *entry_thread(struct trap_frame *frame);
struct trap_frame *entry_interrupt(struct trap_frame *frame);
struct trap_frame *entry_nmi(struct trap_frame *frame);
struct trap_frame *entry_machine_check(struct trap_frame *frame);
struct trap_frame *entry_debug(struct trap_frame *frame);
struct trap_frame *entry_double_fault(struct trap_frame *frame);
void entry_continue(struct trap_frame *frame);

/* The address range of the code in entry.asm, for tests. */
extern const char entry_path_begin[], entry_path_end[];
