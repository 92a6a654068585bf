/* The scheduler's core: which thread a CPU runs. The doors to it are in thread.h and wait_queue.h.
 */
#pragma once

#include "sched/core/switch.h"

#define SCHEDULE_TICK_HZ     250
#define SCHEDULE_SLICE_TICKS 3

/*
 * Gives the CPU to the thread that deserves it most; returns when the caller has it again. The
 * caller's state says whether it wants to go on (THREAD_RUNNING) or not. Thread context, interrupts
 * off, no spinlock held, preemption on.
 */
void schedule(void);

/*
 * Makes a thread that is in state `from` (blocked, starved) ready; does nothing if it is not. If it
 * has not left its CPU yet, it just stays. Any context with interrupts off but NMI, #MC, #DF.
 */
void schedule_ready(struct thread *thread, enum thread_state from);

/*
 * Changes what decides when and where a thread runs; a null pointer leaves one as it is. Any
 * context but NMI, #MC, #DF.
 */
void schedule_change(struct thread *thread, const uint8_t *priority, const uint64_t *affinity);

/*
 * Takes the lock of the run queue that a thread belongs to: while it is held nobody dispatches the
 * thread, and one that is not `current` there is off its stack. Interrupts off; the thread must not
 * end meanwhile. Released with spin_unlock_quietly().
 */
struct run_queue *schedule_queue_lock(struct thread *thread);

/* First words of a thread on its own stack: what the switch to it left to do. */
void schedule_finish_switch(struct switch_handover handover);

/* The timer tick: slices, deadlines, balance, the starved. IRQ context. */
void schedule_tick(void);

/* Prepares a CPU's run queue with its idle thread. Thread context. ERROR_NO_MEMORY. */
must_check int schedule_cpu_create(unsigned cpu);

/* Begins to run threads on the calling CPU, as its idle thread. Interrupts off. */
noreturn_function void schedule_cpu_run(void);

/* Registers with arch: preemption, the reschedule interrupt. Once, on CPU 0. */
void schedule_init(void);

/* CPUs that have nothing to do, by bit. Any context. */
uint64_t schedule_idle_cpus(void);
